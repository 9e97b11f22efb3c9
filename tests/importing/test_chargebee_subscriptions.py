"""What Chargebee's subscriptions become."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from importing import SOURCES, ImportSettings, import_files
from importing.errors import (
    RateMissingError,
)
from tests.importing.chargebee_imports import Import, run
from tests.importing.chargebee_objects import (
    customer,
    event,
    page,
    seconds,
    subscription,
)
from tests.importing.tables import rows_of

__all__ = ["run"]


@pytest.mark.parametrize(
    ("period", "unit", "monthly"),
    [(1, "month", "10"), (1, "year", "0.8333"), (3, "month", "3.3333")],
)
def test_a_subscription_has_its_price_by_the_month(
    run: Import, portfolio: Path, period: int, unit: str, monthly: str
) -> None:
    terms = {"billing_period": period, "billing_period_unit": unit}
    run(page(customer(), subscription("sub_1", "2026-01-01", 1_000) | terms))

    (row,) = rows_of(portfolio, "subscriptions")
    assert (row["quantity"], row["unit_price"]) == (2, Decimal(monthly))


def test_a_price_in_another_currency_needs_a_rate(
    tmp_path: Path, portfolio: Path
) -> None:
    """The contract holds unit prices in the portfolio's own currency."""
    file = tmp_path / "x.json"
    sold = subscription("sub_1", "2026-01-01", 1_000, currency_code="USD")
    file.write_text(json.dumps(page(customer(), sold)), "utf-8")

    with pytest.raises(RateMissingError, match=r"--rate USD=0\.92"):
        import_files(
            SOURCES["chargebee"], [file], portfolio, ImportSettings(currency="EUR")
        )
    settings = ImportSettings(currency="EUR", rates={"USD": 0.5})
    import_files(SOURCES["chargebee"], [file], portfolio, settings)
    assert rows_of(portfolio, "subscriptions")[0]["unit_price"] == Decimal(5)


def test_a_change_that_an_event_tells_of_is_known_since_then(
    run: Import, portfolio: Path
) -> None:
    before = subscription("sub_1", "2026-01-01", 1_000)
    after = subscription("sub_1", "2026-01-01", 1_500)
    run(
        event("subscription_created", "2026-01-01", before),
        event("subscription_changed", "2026-04-01", after),
        page(customer(), after),
    )

    told = [
        (row["kind"], row["unit_price"], row["known_at"].month)
        for row in rows_of(portfolio, "subscriptions")
    ]
    assert told == [
        ("started", Decimal(10), 1),
        ("quantity_changed", Decimal(15), 4),
    ]


def test_an_end_that_is_to_come_is_announced(run: Import, portfolio: Path) -> None:
    leaving = subscription("sub_1", "2026-01-01", 1_000) | {
        "status": "non_renewing",
        "cancelled_at": seconds("2026-07-01"),
        "cancel_schedule_created_at": seconds("2026-05-15"),
    }
    run(page(customer(), leaving))

    told = rows_of(portfolio, "subscriptions")[-1]
    assert (told["kind"], told["known_at"].month) == ("cancelled", 5)
    assert told["effective_at"] == datetime(2026, 7, 1, tzinfo=UTC)


def test_an_end_that_was_called_off_is_taken_back(run: Import, portfolio: Path) -> None:
    sub = subscription("sub_1", "2026-01-01", 1_000)
    leaving = sub | {"status": "non_renewing", "cancelled_at": seconds("2026-12-31")}
    for day, state in enumerate([leaving, leaving, sub, sub], start=1):
        run(page(customer(), state), at=datetime(2026, 6, day, tzinfo=UTC))

    told = [
        (row["kind"], row["retracted"], row["known_at"].day)
        for row in rows_of(portfolio, "subscriptions")[1:]
    ]
    assert told == [("cancelled", None, 1), ("cancelled", True, 3)]


@pytest.mark.parametrize("way", ["pages that overlap", "events of one second"])
def test_a_subscription_that_was_seen_twice_has_its_items_once(
    run: Import, portfolio: Path, way: str
) -> None:
    sub = subscription("sub_1", "2026-01-01", 1_000)
    if way == "pages that overlap":
        run(page(customer()), page(sub), page(sub))
    else:
        kinds = ("subscription_created", "subscription_activated")
        run(page(customer()), *(event(kind, "2026-01-01", sub) for kind in kinds))

    (row,) = rows_of(portfolio, "subscriptions")
    assert (row["quantity"], row["unit_price"]) == (2, Decimal(10))


def test_the_plan_of_the_older_catalogue_has_its_price(
    run: Import, portfolio: Path
) -> None:
    old = subscription("sub_1", "2026-01-01", 0) | {
        "plan_id": "basic",
        "plan_quantity": 1,
        "plan_unit_price": 1_000,
        "addons": [{"id": "extra", "quantity": 3, "unit_price": 100}],
    }
    del old["subscription_items"]
    run(page(customer(), old))

    (row,) = rows_of(portfolio, "subscriptions")
    assert (row["product"], row["unit_price"]) == ("basic", Decimal(13))
