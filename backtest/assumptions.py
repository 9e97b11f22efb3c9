"""What a backtest assumes where the recorded history cannot say what would happen."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Literal

from backtest.errors import PeriodError


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What a simulated policy does to a history that does not react to it.

    Args:
        notices: `simulated`: the policy sends its own notices and those on record do
            not count. `recorded`: those on record count, whichever policy sent them,
            and the policy sends none.
        delivered_share: share of the simulated notices that are delivered; the others
            bounce.
        delivery_hours: until a simulated notice is delivered, or bounces.
        review_rest_days: a reviewed customer is not reviewed again before so many days.
    """

    notices: Literal["simulated", "recorded"] = "simulated"
    delivered_share: float = 0.97
    delivery_hours: float = 24.0
    review_rest_days: int = 30

    def __post_init__(self) -> None:
        if not 0.0 <= self.delivered_share <= 1.0:
            raise PeriodError("the share of notices delivered must be in [0, 1]")
        if self.delivery_hours < 0 or self.review_rest_days < 0:
            raise PeriodError("delivery hours and review rest must not be negative")

    def is_delivered(self, customer_id: str, notice: str, sent_at: datetime) -> bool:
        """Whether a notice is delivered: drawn by a hash, so every run agrees.

        >>> always = Assumptions(delivered_share=1.0)
        >>> always.is_delivered("c", "first_reminder", datetime(2026, 1, 1))
        True
        """
        key = f"{customer_id}|{notice}|{sent_at.isoformat()}".encode()
        draw = int.from_bytes(blake2b(key, digest_size=4).digest(), "big") / 2**32
        return draw < self.delivered_share
