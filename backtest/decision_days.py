"""The days of a backtest: when decisions are made, and when scores are made anew."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from backtest.errors import PeriodError

DECISION_HOUR = 10  # local: inside office hours, so that a policy may act


@dataclass(frozen=True)
class DecisionDays:
    """The days on which decisions are made, and those on which scores are made anew.

    Args:
        moments: one aware UTC moment per decision day, rising.
        scored: indices of the days on which features and scores are computed; a day in
            between uses the latest scores before it.
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
