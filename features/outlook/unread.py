"""Tables that are there, and of which no row, or too few, could be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from features.portfolio import Portfolio

CORRECTIONS = "the corrections that are listed above"


def why_unread(portfolio: Portfolio, table: str) -> str:
    """Why a table that has rows tells nothing; "" where it tells, or has no row.

    Whoever has rows must not be told to write that there are none.
    """
    for rows in portfolio.report.tables:
        if rows.table != table or not rows.n_rejected:
            continue
        if not rows.n_accepted:
            return "none of its rows could be read"
        if rows.n_without_customer and table not in portfolio.settings.tables:
            return "some of its rows do not say whose they are"
    return ""
