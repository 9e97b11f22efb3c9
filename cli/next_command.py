"""The command that comes next, with the options that this one was given."""

import shlex
from collections.abc import Mapping


def next_command(words: str, options: Mapping[str, object | None]) -> str:
    """As it is typed in a shell; options that are None are left out.

    >>> next_command("notify run", {"--out": "my letters", "--addresses": None})
    "forbear notify run --out 'my letters' --really"
    """
    stated = [
        part
        for name, value in options.items()
        if value is not None
        for part in (name, str(value))
    ]
    return shlex.join(["forbear", *words.split(), *stated, "--really"])
