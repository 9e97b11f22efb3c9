"""What the leak audit measures of one column."""

from dataclasses import dataclass, field

import numpy as np

PRECISE = 9.0  # likelihood ratio of having it: of a planted flag 13 and more
# the lower 99 % bound of that ratio from which luck alone does not explain it
SURELY_PRECISE = 5.0
ORPHAN, NO_ORPHAN = 0.57, 0.68  # honest columns this strong: 0.71 and above
LEAST_GOOD = 12  # customers with the value who stayed good, to say what it goes with


@dataclass
class MeasuredColumn:
    """What was measured of one column; None where it could not be, or was not."""

    column: int
    alone: float
    alone_error: float
    beside: float | None = None
    echo: float | None = None
    n_high: int = 0  # customers with a value that points at bad
    n_high_good: int | None = None
    ratio: float = 0.0  # of having such a value: bad rows over those who stay good
    least_ratio: float = 0.0  # the same by customer: its lower 99 % bound
    by_period: list[tuple[float, float]] = field(default_factory=list)  # with errors
    echo_first: float | None = None
    echo_last: float | None = None
    echo_error: float = 0.5
    is_static: bool = False

    @property
    def is_orphan(self) -> bool:
        """Whether nothing known before goes with it among those who stay good.

        Within 2.5 standard errors: the fewer they are, the more luck there is.
        """
        if self.echo is None:
            return False
        error = float(12 * max(self.n_high_good or 0, 1)) ** -0.5
        return bool(self.echo < min(NO_ORPHAN, ORPHAN + 2.5 * error))

    @property
    def is_surely_precise(self) -> bool:
        """Whether it marks more of the bad, for each good one, than luck explains."""
        return self.n_high >= LEAST_GOOD and self.least_ratio >= SURELY_PRECISE

    @property
    def rise(self) -> tuple[float, float, float]:
        """The last period or the last two, how much more than the first, and its z.

        What was written at the end of the data tells the last dates best. A bump in
        between is none: with bills once a year others owe in each period.
        """
        if len(self.by_period) < 2:
            return 0.5, 0.0, 0.0
        first, error = self.by_period[0]
        last = self.by_period[-1]
        ends = [last]
        if len(self.by_period) > 2:
            before = self.by_period[-2]
            both = (last[0] + before[0]) / 2.0, float(np.hypot(last[1], before[1])) / 2
            ends.append(both)
        rises = [(v - first) / max(float(np.hypot(error, e)), 1e-9) for v, e in ends]
        surest = int(np.argmax(rises))
        return ends[surest][0], ends[surest][0] - first, rises[surest]

    def numbers(self) -> dict[str, float | None]:
        """As the verdict tells them, by name; None where it was not measured."""
        later = self.rise if self.by_period else (None, None, None)
        return {
            "auc_alone": self.alone,
            "auc_beside_others": self.beside,
            "echo_in_the_past": self.echo,
            "customers_with_it": float(self.n_high) if self.n_high else None,
            "of_them_stayed_good": None
            if self.n_high_good is None
            else float(self.n_high_good),
            "likelihood_ratio": self.ratio or None,
            "least_likelihood_ratio": self.least_ratio or None,
            "rise_over_dates": later[1],
            "rise_z": later[2],
            "echo_first_dates": self.echo_first,
            "echo_last_dates": self.echo_last,
        }
