"""Where a state folder keeps its stores.

Commands that need no store ask here first: without one they need none of its
libraries either, which the plain installation lacks.
"""

from pathlib import Path

DECISIONS_FILE, EVENTS_FILE = "decisions.sqlite", "events.sqlite"


def is_recorded(home: Path, url: str | None = None) -> bool:
    """Whether there may be decisions, keys or a published policy; nothing is made."""
    return url is not None or (home / DECISIONS_FILE).is_file()
