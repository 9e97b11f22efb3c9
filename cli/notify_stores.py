"""What letters are made of and kept in, opened for a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from store.acts import Acts
    from store.decisions import DecisionReader
    from store.letters import Letters
    from store.replies import Replies


class Stores(NamedTuple):
    """What letters are made of and kept in."""

    letters: "Letters"
    replies: "Replies"
    decisions: "DecisionReader"
    acts: "Acts"


@contextmanager
def opened_stores() -> Iterator[Stores]:
    """Letters, replies, decisions and acts of this state folder or database."""
    from serving.settings import serving_settings
    from store.opening import (
        open_acts,
        open_decision_reader,
        open_letters,
        open_replies,
    )

    place = serving_settings().store
    stores = Stores(
        open_letters(*place),
        open_replies(*place),
        open_decision_reader(*place),
        open_acts(*place),
    )
    try:
        yield stores
    finally:
        for store in stores:
            store.close()
