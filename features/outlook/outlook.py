"""What will be possible with a portfolio: one answer per question, each improvable.

Says what the data give, what is assumed and what stays unknown, before anything is
trained or scored. Nothing here decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from features.outlook.learning import learning_prospects
from features.outlook.money import money_prospects
from features.outlook.outlook_answer import OutlookAnswer
from features.outlook.protection import protection_prospects

if TYPE_CHECKING:
    from features.portfolio import Portfolio


def outlook(portfolio: Portfolio) -> tuple[OutlookAnswer, ...]:
    """Every question in the order in which a decision needs its answer."""
    return tuple(_prospects(portfolio))


def _prospects(portfolio: Portfolio) -> Iterator[OutlookAnswer]:
    yield from money_prospects(portfolio)
    yield from learning_prospects(portfolio)
    yield from protection_prospects(portfolio)
