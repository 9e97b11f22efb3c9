"""Terms of invoices against the year before."""

import numpy as np
import pytest

from monitoring.due_days import DueDays, _compared, due_days
from tests.monitoring.conftest import NOW, Simulated

Counts = list[tuple[int, int, int]]  # days, invoices of now, of before


def of(customers: int, now: dict[int, int], before: dict[int, int]) -> list[Counts]:
    """So many customers, each with these invoices by days."""
    days = sorted(now | before)
    return [[(d, now.get(d, 0), before.get(d, 0)) for d in days]] * customers


def compared(customers: list[Counts]) -> DueDays | None:
    rows = [(who, *one) for who, each in enumerate(customers) for one in each]
    who, days, now, before = np.array(rows).T
    return _compared(who, days.astype(float), now.astype(float), before.astype(float))


def codes(found: DueDays | None) -> list[str]:
    return [] if found is None else [cause.code for cause in found.causes()]


def test_the_distance_is_in_days() -> None:
    longer = of(50, {14: 1}, {0: 2}) + of(50, {44: 1}, {30: 2})
    found = compared(longer)
    assert found is not None
    assert (found.mean_now, found.mean_before) == (29.0, 15.0)
    assert found.moved == pytest.approx(14.0)
    assert (found.n_customers, found.n_now, found.n_before) == (100, 100, 200)
    assert codes(found) == ["due_days_moved"]


def test_one_customer_moves_nobodys_terms() -> None:
    """Neither one who is new nor one with most of the invoices."""
    others = of(90, {14: 1}, {14: 11})
    assert not codes(compared(others + of(1, {60: 12}, {})))
    assert not codes(compared(others + of(1, {60: 900}, {14: 10})))
    assert not codes(compared(of(19, {14: 1}, {14: 9}) + of(1, {214: 50}, {14: 9})))


def test_half_of_the_customers_do() -> None:
    found = compared(of(50, {14: 1}, {14: 11}) + of(50, {30: 1}, {14: 11}))
    assert codes(found) == ["due_days_moved"]


def test_few_customers_tell_nothing() -> None:
    assert compared(of(19, {60: 9}, {14: 90}) + of(80, {14: 1}, {})) is None
    assert compared(of(20, {60: 1}, {14: 1})) is not None


def test_a_move_that_chance_may_make_rings_not() -> None:
    by_chance = DueDays(40, 50, 60, 40.0, 30.0, 10.0, 3.0)
    assert not codes(by_chance)


@pytest.mark.slow
def test_as_it_was_nothing_rings(calm: Simulated) -> None:
    found = due_days(calm.until(NOW))
    assert found is not None
    assert found.n_now > 50
    assert not list(found.causes())
