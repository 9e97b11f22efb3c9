"""Which days are lived through, and what is assumed where history cannot say."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import Literal, Self
from zoneinfo import ZoneInfo

from backtest.errors import PeriodError

DECISION_HOUR = 10  # local: inside office hours, so that a policy may act


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What a simulated policy does to a history that does not react to it.

    Args:
        notices: `simulated`: the policy sends its own and those on record do not
            count. `recorded`: those on record count, whichever policy sent them,
            and the policy sends none.
        delivered_share: of the simulated notices; the others come back.
        delivery_hours: until a simulated notice is delivered, or comes back.
        review_rest_days: a reviewed customer is not reviewed again so soon.
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

    def arrives(self, customer_id: str, notice: str, sent_at: datetime) -> bool:
        """Whether a notice is delivered: drawn by a hash, so every run agrees.

        >>> Assumptions(delivered_share=1.0).arrives("c", "n", datetime(2026, 1, 1))
        True
        """
        key = f"{customer_id}|{notice}|{sent_at.isoformat()}".encode()
        drawn = int.from_bytes(blake2b(key, digest_size=4).digest(), "big") / 2**32
        return drawn < self.delivered_share


@dataclass(frozen=True)
class Days:
    """The days on which decisions are made, and those on which scores are made anew.

    Args:
        moments: one aware UTC moment per decision day, rising.
        scored: places in `moments` at which features and scores are computed; a day
            in between uses the latest before it.
    """

    moments: tuple[datetime, ...]
    scored: tuple[int, ...]

    @classmethod
    def between(
        cls,
        first: date,
        last: date,
        zone: ZoneInfo,
        *,
        every: int = 1,
        score_every: int = 7,
    ) -> Self:
        """Every `every` days from `first` to `last`, scores every `score_every` days.

        Raises:
            PeriodError: if there is no day in it.
        """
        if last < first or every < 1 or score_every < 1:
            raise PeriodError(
                f"no day from {first} to {last} every {every} days: the first day must"
                " not be after the last, and steps are at least one day"
            )
        n = (last - first).days // every + 1
        days = [first + timedelta(days=every * i) for i in range(n)]
        moments = tuple(
            datetime.combine(day, time(DECISION_HOUR), zone).astimezone(UTC)
            for day in days
        )
        step = max(1, score_every // every)
        return cls(moments, tuple(range(0, n, step)))

    def __len__(self) -> int:
        return len(self.moments)
