"""What reviews really found, from the record: the measured effect of `review`.

A review is a row of `actions`; what came of it is read from `outcomes`, disputes and
later actions, so nothing further has to be recorded:

- found: an outcome `fraud` within two weeks, by whoever looked;
- missed: no such outcome, and the bank or a chargeback called it fraud later;
- stopped by mistake: found, and taken back (`fraud_cleared`) afterwards;
- cleared: none of these.

Only reviews old enough for a late chargeback to be known count. Of the frauds among
those reviewed, the share found says how much of a suspension's effect a review has.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from backtest.intervals import Interval
from features.maturity import maturity_us
from features.moments import DAY_US
from features.portfolio import Portfolio

FOUND_WITHIN_US = 14 * DAY_US
BY_THE_BANK = "chargeback"  # the strength of what nobody found before the bank
_N_DRAWS = 20_000
_JEFFREYS = 0.5

Moments = dict[str, list[int]]


@dataclass(frozen=True, kw_only=True)
class ReviewEffect:
    """What came of the reviews of a portfolio.

    Args:
        n_reviews: that are old enough to judge; of one customer within two weeks, one.
        n_found, n_missed: frauds among them.
        n_mistaken: called fraud, and taken back afterwards.
    """

    n_reviews: int
    n_found: int
    n_missed: int
    n_mistaken: int

    @property
    def n_cleared(self) -> int:
        """Reviews that found nothing where there was nothing."""
        return self.n_reviews - self.n_found - self.n_missed - self.n_mistaken

    def found_share(self) -> Interval:
        """Share of the frauds among those reviewed that was found, with 95 %.

        After Jeffreys; without any fraud the interval is nearly all of [0, 1].

        >>> effect = ReviewEffect(n_reviews=90, n_found=8, n_missed=2, n_mistaken=1)
        >>> [round(number, 2) for number in effect.found_share()]
        [0.77, 0.5, 0.96]
        """
        above, below = self.n_found + _JEFFREYS, self.n_missed + _JEFFREYS
        drawn = np.random.default_rng(0).beta(above, below, _N_DRAWS)
        low, high = np.quantile(drawn, [0.025, 0.975])
        return Interval(above / (above + below), float(low), float(high))


def review_effect(portfolio: Portfolio) -> ReviewEffect:
    """What came of the reviews that the portfolio records.

    Without `actions` and `outcomes` there are none to judge.
    """
    if not portfolio.settings.tables >= {"actions", "outcomes"}:
        return ReviewEffect(n_reviews=0, n_found=0, n_missed=0, n_mistaken=0)
    within, late_by = maturity_us(portfolio, "fraud")
    known = within + late_by
    frauds, late, taken_back = _outcomes(portfolio)
    counts = dict.fromkeys(("found", "missed", "mistaken", "cleared"), 0)
    for customer, at in _reviews(portfolio, portfolio.observed_until - known):
        found = _first(frauds[customer], at, FOUND_WITHIN_US)
        if found is None:
            is_late = _first(late[customer], at, within) is not None
            counts["missed" if is_late else "cleared"] += 1
        else:
            is_back = _first(taken_back[customer], found, known) is not None
            counts["mistaken" if is_back else "found"] += 1
    return ReviewEffect(
        n_reviews=sum(counts.values()),
        n_found=counts["found"],
        n_missed=counts["missed"],
        n_mistaken=counts["mistaken"],
    )


def _first(moments: list[int], after: int, within: int) -> int | None:
    """The first of the moments after `after`, no later than `within` of it."""
    return min((m for m in moments if 0 <= m - after <= within), default=None)


def _reviews(portfolio: Portfolio, until: int) -> Iterator[tuple[str, int]]:
    """(customer, moment) of reviews up to `until`; soon after one it is the same."""
    last: dict[str, int] = {}
    for customer, at, action, _ in sorted(_rows(portfolio, "actions", "action", None)):
        if action != "review" or at > until:
            continue
        if customer not in last or at - last[customer] > FOUND_WITHIN_US:
            yield customer, at
        last[customer] = at


def _outcomes(portfolio: Portfolio) -> tuple[Moments, Moments, Moments]:
    """Per customer: frauds that people found, that the bank told, and taken back."""
    found: Moments = defaultdict(list)
    late: Moments = defaultdict(list)
    taken_back: Moments = defaultdict(list)
    for customer, at, kind, strength in _rows(
        portfolio, "outcomes", "kind", "strength"
    ):
        if kind == "fraud_cleared":
            taken_back[customer].append(at)
        elif kind == "fraud":
            (late if strength == BY_THE_BANK else found)[customer].append(at)
    if "disputes" in portfolio.settings.tables:
        for customer, at, kind, _ in _rows(portfolio, "disputes", "kind", None):
            if kind == "chargeback_fraud":
                late[customer].append(at)
    return found, late, taken_back


def _rows(
    portfolio: Portfolio, table: str, column: str, other: str | None
) -> list[tuple[str, int, str, str]]:
    """(customer_id, event_at µs, a column, another) of the rows that stand."""
    rows, until = portfolio.tables[table], portfolio.observed_until
    stands = rows.filter((rows.known_at <= until) & (rows.superseded_at > until))
    names = ["customer_id", "event_at", column, *([other] if other else [])]
    found = portfolio.connection.to_pyarrow(stands.select(*names))
    columns = [found[name].to_pylist() for name in names]
    if other is None:
        columns.append([""] * len(found))
    return [
        (customer, at, value or "", more or "")
        for customer, at, value, more in zip(*columns, strict=True)
    ]
