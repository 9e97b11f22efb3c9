"""Terms of invoices against the year before."""

import numpy as np
import pytest

from monitoring.due_days import DueDays, _compared, due_days
from tests.monitoring.conftest import NOW, Simulated


def test_the_distance_is_in_days() -> None:
    days = np.array([0.0, 14.0, 30.0, 44.0])
    now, before = np.array([0.0, 50, 0, 50]), np.array([100.0, 0, 100, 0])
    found = _compared(days, now, before, np.ones(4, np.bool_))
    assert found is not None
    assert (found.mean_now, found.mean_before) == (29.0, 15.0)
    assert found.moved == pytest.approx(14.0)
    assert [cause.code for cause in found.causes()] == ["due_days_moved"]


def test_few_invoices_tell_nothing() -> None:
    days, many = np.array([14.0, 30.0]), np.array([100.0, 100.0])
    assert _compared(days, np.array([20.0, 29.0]), many, np.ones(2, np.bool_)) is None
    usable = np.array([True, False])
    found = _compared(days, many, many, usable)
    assert found is not None
    assert found.n_now == 100


def test_a_move_that_chance_may_make_rings_not() -> None:
    by_chance = DueDays(50, 60, 40.0, 30.0, 10.0, 3.0)
    assert not list(by_chance.causes())


@pytest.mark.slow
def test_as_it_was_nothing_rings(calm: Simulated) -> None:
    found = due_days(calm.until(NOW))
    assert found is not None
    assert found.n_now > 50
    assert not list(found.causes())
