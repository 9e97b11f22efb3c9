"""Whose access was on: what is known at the moment, and what is said of it."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from training.access import has_access, with_access

AT = int(datetime(2025, 6, 1, tzinfo=UTC).timestamp() * 1e6)
NAMES = np.array(["never", "off", "back", "told later", "ended later"], dtype=object)


def acted(
    who: str, action: str, day: str, known_on: str | None = None
) -> dict[str, str]:
    known_at = f"{known_on or day}T00:00:00Z"
    at = f"{day}T00:00:00Z"
    return {"customer_id": who, "action": action, "event_at": at, "known_at": known_at}


@pytest.fixture
def portfolio() -> Portfolio:
    customers = [{"customer_id": n, "event_at": "2025-01-01T00:00:00Z"} for n in NAMES]
    actions = [
        acted("never", "remind", "2025-05-01"),
        acted("off", "suspend", "2025-05-01"),
        acted("back", "suspend", "2025-05-01"),
        acted("back", "reactivate", "2025-05-09"),
        acted("told later", "suspend", "2025-05-01", known_on="2025-06-02"),
        acted("ended later", "block", "2025-05-01"),
        acted("ended later", "reactivate", "2025-06-02"),
    ]
    tables = {"customers": customers, "actions": actions}
    read = {name: pa.Table.from_pylist(rows) for name, rows in tables.items()}
    return Portfolio.from_tables(read, PortfolioSettings())


def test_access_is_as_it_was_known_at_the_moment(portfolio: Portfolio) -> None:
    found = has_access(portfolio, NAMES, np.full(5, AT))
    assert dict(zip(NAMES, found.tolist(), strict=True)) == {
        "never": True,
        "off": False,
        "back": True,
        "told later": True,
        "ended later": False,
    }


def test_the_share_with_access_and_how_they_rank_are_told(portfolio: Portfolio) -> None:
    label = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    p = np.array([0.1, 0.9, 0.2, 0.3, 0.9])
    told = with_access(portfolio, NAMES, np.full(5, AT), label, p)
    assert str(told) == (
        "60.0% of the rows are of customers who had access at the moment: decisions are"
        " about these. Among them the AUC is 0.500."
    )
    alike = with_access(portfolio, NAMES, np.full(5, AT), np.zeros(5), p)
    assert alike is not None
    assert alike.auc is None


def test_without_actions_nobody_can_say() -> None:
    customers = pa.Table.from_pylist(
        [{"customer_id": "a", "event_at": "2025-01-01T00:00:00Z"}]
    )
    alone = Portfolio.from_tables({"customers": customers}, PortfolioSettings())
    one = np.ones(1)
    name = np.array(["a"], dtype=object)
    assert with_access(alone, name, np.full(1, AT), one, one) is None
