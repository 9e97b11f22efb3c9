"""One question of whoever brings data, and how far the data answer it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutlookAnswer:
    """What will be possible.

    Attributes:
        question: what is asked of the data, such as `fraud labels`.
        answer: what is there, assumed or unknown, with counts, and what follows.
        improve: one line of portfolio.yaml, or a table, that would improve it; "" where
            nothing is missing.
        takes_away: what that line takes away, where it takes a protection away.
    """

    question: str
    answer: str
    improve: str = ""
    takes_away: str = ""
