"""What reviews really found, from the record: the measured effect of `review`.

A review is a row of `actions`; what came of it is read from `outcomes`, disputes and
later actions, so nothing further has to be recorded:

- found: an outcome `fraud` that became known within two weeks, by whoever looked,
  whenever the fraud itself happened;
- missed: not found, and a fraud of the time up to the end of the horizon became known
  after the review: late, or from the bank or a chargeback;
- stopped by mistake: found, and taken back (`fraud_cleared`) afterwards;
- cleared: none of these; a late fraud that was taken back is none.

Only reviews old enough for a late chargeback to be known count. Of the frauds among
those reviewed, the share found says how much of a suspension's effect a review has.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backtest.intervals import Interval
from features.maturity import maturity_us
from features.moments import DAY_US
from features.portfolio import Portfolio

FOUND_WITHIN_US = 14 * DAY_US
BY_THE_BANK = "chargeback"  # the strength of what nobody found before the bank
_N_DRAWS = 20_000
_JEFFREYS = 0.5


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
    found, by_the_bank, taken_back = _outcomes(portfolio)
    counts = dict.fromkeys(("found", "missed", "mistaken", "cleared"), 0)
    for who, at in _reviews(portfolio, portfolio.observed_until - known):
        frauds = _Frauds(found[who], by_the_bank[who], taken_back[who], known)
        counts[frauds.of_review(at, within)] += 1
    return ReviewEffect(
        n_reviews=sum(counts.values()),
        n_found=counts["found"],
        n_missed=counts["missed"],
        n_mistaken=counts["mistaken"],
    )


class _Moment(NamedTuple):
    """When something happened and when it became known, µs."""

    event_at: int
    known_at: int


class _Frauds(NamedTuple):
    """What was said of one customer; what is taken back within `known` is no fraud."""

    found: list[_Moment]
    by_the_bank: list[_Moment]
    taken_back: list[_Moment]
    known: int

    def of_review(self, at: int, within: int) -> str:
        """What came of a review at `at`, with the horizon `within`."""
        in_time = [
            fraud for fraud in self.found if 0 <= fraud.known_at - at <= FOUND_WITHIN_US
        ]
        if in_time:
            first = min(in_time, key=lambda fraud: fraud.known_at)
            return "mistaken" if self._is_taken_back(first) else "found"
        is_missed = any(
            fraud.known_at >= at
            and fraud.event_at <= at + within
            and not self._is_taken_back(fraud)
            for fraud in (*self.found, *self.by_the_bank)
        )
        return "missed" if is_missed else "cleared"

    def _is_taken_back(self, fraud: _Moment) -> bool:
        return any(
            0 <= back.known_at - fraud.known_at <= self.known
            for back in self.taken_back
        )


def _reviews(portfolio: Portfolio, until: int) -> Iterator[tuple[str, int]]:
    """(customer, moment) of reviews up to `until`; soon after one it is the same."""
    last: dict[str, int] = {}
    for customer, (at, _), action, _ in sorted(
        _rows(portfolio, "actions", "action", None)
    ):
        if action != "review" or at > until:
            continue
        if customer not in last or at - last[customer] > FOUND_WITHIN_US:
            yield customer, at
            last[customer] = at


Moments = dict[str, list[_Moment]]


def _outcomes(portfolio: Portfolio) -> tuple[Moments, Moments, Moments]:
    """Per customer: frauds that people found, that the bank told, and taken back."""
    found: Moments = defaultdict(list)
    by_the_bank: Moments = defaultdict(list)
    taken_back: Moments = defaultdict(list)
    for customer, at, kind, strength in _rows(
        portfolio, "outcomes", "kind", "strength"
    ):
        if kind == "fraud_cleared":
            taken_back[customer].append(at)
        elif kind == "fraud":
            (by_the_bank if strength == BY_THE_BANK else found)[customer].append(at)
    if "disputes" in portfolio.settings.tables:
        for customer, at, kind, _ in _rows(portfolio, "disputes", "kind", None):
            if kind == "chargeback_fraud":
                by_the_bank[customer].append(at)
    return found, by_the_bank, taken_back


def _rows(
    portfolio: Portfolio, table: str, column: str, other: str | None
) -> list[tuple[str, _Moment, str, str]]:
    """(customer_id, its moments, a column, another) of the rows that stand."""
    rows, until = portfolio.tables[table], portfolio.observed_until
    stands = rows.filter((rows.known_at <= until) & (rows.superseded_at > until))
    more = [other] if other else []
    names = ["customer_id", "event_at", "known_at", column, *more]
    found = portfolio.connection.to_pyarrow(stands.select(*names))
    columns = [found[name].to_pylist() for name in names]
    if other is None:
        columns.append([""] * len(found))
    return [
        (customer, _Moment(event_at, known_at), value or "", further or "")
        for customer, event_at, known_at, value, further in zip(*columns, strict=True)
    ]
