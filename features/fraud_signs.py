"""Who turned out to be a fraud, when, and who was cleared (CONTRACT section 3).

The same signs say whom to leave out of the population (known by then) and what
became of whom (known in the end). Alerts are signals, not signs; a chargeback for
fraud counts even when the reseller won it.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

import numpy as np

from features.account.many import rows_by_customer
from features.account.rows import Row
from features.arrays import IntArray
from features.contract import SURE_STRENGTHS

if TYPE_CHECKING:
    from features.portfolio import Portfolio

Evidence = Literal["confirmed", "analyst", "chargeback"]


class OutcomeRow(Row, frozen=True):
    """A recorded fraud, and what it rests on."""

    strength: str | None


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
        is_strong = outcomes.strength.isnull() | outcomes.strength.isin(SURE_STRENGTHS)
        self._outcomes = rows_by_customer(
            outcomes.filter(outcomes.kind.isin(kinds) & is_strong), OutcomeRow
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
        if customer_id not in self._outcomes and customer_id not in self._chargebacks:
            return None  # mostly
        signs = [
            *self._outcomes.get(customer_id, ()),
            *self._chargebacks.get(customer_id, ()),
        ]
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

    def first_ever_known(self, as_of: int) -> dict[str, int]:
        """When the first sign of each customer became known, cleared later or not.

        What a clearing takes back is not known of the latest signs yet; to compare
        them with earlier ones, those count as they came.
        """
        return self._earliest(as_of, attrgetter("known_at"))

    def first_ever_happened(self, as_of: int) -> IntArray:
        """When the first sign of each customer happened, µs since 1970 UTC.

        Of what is known at `as_of`; cleared later or not, for it was recorded.
        """
        first = self._earliest(as_of, attrgetter("event_at"))
        return np.fromiter(first.values(), np.int64, len(first))

    def _earliest(self, as_of: int, moment: Callable[[Row], int]) -> dict[str, int]:
        """The earliest such moment of each customer's signs."""
        first: dict[str, int] = {}
        for rows in (self._outcomes, self._chargebacks):
            for customer_id, signs in rows.items():
                moments = [moment(row) for row in signs if _exists(row, as_of)]
                if moments:
                    earliest = min(moments)
                    first[customer_id] = min(first.get(customer_id, earliest), earliest)
        return first

    def delays(self, kind: Evidence, until: int) -> tuple[IntArray, IntArray]:
        """How long each sign of a kind took to be known, and was watched for, in µs.

        Args:
            kind: what a sign rests on; a chargeback for fraud may be a dispute.
            until: only signs known by then, µs since 1970 UTC.
        """
        outcomes = (row for rows in self._outcomes.values() for row in rows)
        signs: list[Row] = [
            row for row in outcomes if (row.strength or "confirmed") == kind
        ]
        if kind == "chargeback":
            signs += (row for rows in self._chargebacks.values() for row in rows)
        known = [row for row in signs if _exists(row, until)]
        delay = [max(0, row.known_at - row.event_at) for row in known]
        seen_for = [max(0, until - row.event_at) for row in known]
        return np.array(delay, np.int64), np.array(seen_for, np.int64)


def _exists(row: Row, as_of: int) -> bool:
    return row.known_at <= as_of < row.superseded_at
