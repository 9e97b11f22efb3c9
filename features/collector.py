"""Python's garbage collector, for work that makes many objects and few cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 50_000  # between two looks; Python's own 700 cost a tenth of the work


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Let the collector look for cycles more rarely.

    For a process that has one piece of work: in a service it would make single answers
    slow. What nobody refers to any more goes at once, as ever.
    """
    before = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
