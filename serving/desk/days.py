"""Days that people type: of a span in which every moment can be reckoned with."""

from datetime import date

FIRST, LAST = date(1970, 1, 1), date(2200, 12, 31)


def day_of(text: str) -> date:
    """A day as ISO 8601 writes it.

    Raises:
        ValueError: it is none, or none from `FIRST` to `LAST`.

    >>> day_of("2026-06-30")
    datetime.date(2026, 6, 30)
    """
    day = date.fromisoformat(text)
    if not FIRST <= day <= LAST:
        raise ValueError(text)
    return day
