"""What the oracle of a simulated portfolio knows: true probabilities, and true ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backtest.errors import TruthError
from features.arrays import IntArray
from features.moments import DAY_US, microseconds

UNDER = "policy"  # the branch under the collections that were at work
HORIZON_US = 90 * DAY_US
_REQUIRED = {"customer_id", "as_of", "action", "p_fraud", "p_nonpayment"}
_BAD_EVENTS = ("sixty_at", "written_off_at", "fraud_at")


@dataclass(frozen=True)
class Truth:
    """The oracle's tables.

    Args:
        branched: customer_id, as_of, action, p_fraud, p_nonpayment per action whose
            futures were simulated; None when no future was branched.
        months: customer_id, as_of and when things happened (`sixty_at`,
            `written_off_at`, `fraud_at`), for what really came of a suspension.
    """

    branched: pa.Table | None = None
    months: pa.Table | None = None

    def __post_init__(self) -> None:
        if self.branched is None:
            return
        missing = _REQUIRED - set(self.branched.column_names)
        if missing:
            raise TruthError(f"the oracle's truth lacks {', '.join(sorted(missing))}")

    def moments(self) -> list[int]:
        """Moments (µs) for which futures were branched, rising."""
        if self.branched is None:
            return []
        return sorted(pc.unique(_micros(self.branched["as_of"])).to_pylist())

    def at(self, moment: int) -> pa.Table:
        """customer_id, p_fraud, p_nonpayment of one moment, by customer."""
        table = self.branched
        if table is None:
            raise TruthError("the oracle branched no future")
        is_wanted = pc.and_(
            pc.equal(_micros(table["as_of"]), moment), pc.equal(table["action"], UNDER)
        )
        return table.filter(is_wanted).sort_by("customer_id")

    def were_good(self, stops: Sequence[tuple[str, datetime]]) -> tuple[bool, ...]:
        """Whether neither fraud nor non-payment showed within 90 days of a stop.

        Before it as well: whoever is stopped after 70 days of arrears failed ten days
        ago. As history went, that is under the collections that were at work then.

        Args:
            stops: customer_id and moment of each.
        """
        bad_at, none = self._bad_at(), np.empty(0, dtype=np.int64)
        were_good = []
        for customer_id, at in stops:
            distance = np.abs(bad_at.get(customer_id, none) - microseconds(at))
            were_good.append(not (distance <= HORIZON_US).any())
        return tuple(were_good)

    def _bad_at(self) -> dict[str, IntArray]:
        """Per customer the moments (µs) at which fraud or non-payment showed."""
        if self.months is None:
            return {}
        moments: dict[str, list[int]] = {}
        for column in _BAD_EVENTS:
            rows = self.months.filter(pc.is_valid(self.months[column]))
            ids, at = rows["customer_id"].to_pylist(), _micros(rows[column]).to_pylist()
            for customer_id, moment in zip(ids, at, strict=True):
                moments.setdefault(customer_id, []).append(moment)
        return {name: np.array(sorted(at)) for name, at in moments.items()}


def _micros(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
