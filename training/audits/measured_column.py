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
        """The best later period, how much more than the first it is, and its z."""
        if len(self.by_period) < 2:
            return 0.5, 0.0, 0.0
        first, error = self.by_period[0]
        best, its_error = max(self.by_period[1:])
        z = (best - first) / max(float(np.hypot(error, its_error)), 1e-9)
        return best, best - first, z

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
