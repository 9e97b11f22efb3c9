"""Who turned out to be a fraud, when, and who was cleared (CONTRACT section 3).

The same signs say whom to leave out of the population (known by then) and what
became of whom (known in the end). Alerts are signals, not signs; a chargeback for
fraud counts even when the reseller won it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.account.many import rows_by_customer
from features.account.rows import Row

if TYPE_CHECKING:
    from features.portfolio import Portfolio

_STRONG = ("confirmed", "analyst", "chargeback")


class FraudSigns:
    """The fraud chargebacks, outcomes and clearings of a portfolio."""

    def __init__(self, portfolio: Portfolio) -> None:
        settings = portfolio.settings
        self.can_be_known = bool({"disputes", "outcomes"} & settings.tables)
        kinds = ["fraud"]
        if settings.labels.fraud.takeover_is_fraud:
            kinds.append("account_takeover")
        outcomes = portfolio.tables["outcomes"]
        disputes = portfolio.tables["disputes"]
        is_strong = outcomes.strength.isnull() | outcomes.strength.isin(_STRONG)
        self._outcomes = rows_by_customer(
            outcomes.filter(outcomes.kind.isin(kinds) & is_strong), Row
        )
        self._chargebacks = rows_by_customer(
            disputes.filter(
                (disputes.kind == "chargeback_fraud") & (disputes.status == "opened")
            ),
            Row,
        )
        self._cleared = rows_by_customer(
            outcomes.filter(outcomes.kind == "fraud_cleared"), Row
        )

    @property
    def customer_ids(self) -> frozenset[str]:
        """Everyone of whom there is a sign, whatever became of it."""
        return frozenset(self._outcomes) | frozenset(self._chargebacks)

    def first_known(
        self, customer_id: str, since: int, until: int, as_of: int
    ) -> int | None:
        """When the first sign in (since, until] became known, by knowledge of `as_of`.

        A clearing takes back what happened up to its own moment: of one plain date
        the fraud comes first. None without a sign.
        """
        signs = [
            *self._outcomes.get(customer_id, ()),
            *self._chargebacks.get(customer_id, ()),
        ]
        if not signs:
            return None
        cleared_at = max(
            (
                row.event_at
                for row in self._cleared.get(customer_id, ())
                if _exists(row, as_of)
            ),
            default=since,
        )
        return min(
            (
                row.known_at
                for row in signs
                if _exists(row, as_of)
                and since < row.event_at <= until
                and row.event_at > cleared_at
            ),
            default=None,
        )


def _exists(row: Row, as_of: int) -> bool:
    return row.known_at <= as_of < row.superseded_at
