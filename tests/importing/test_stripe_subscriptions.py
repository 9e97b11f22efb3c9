"""Prices and states of Stripe's subscriptions, worked out by hand."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.errors import RateMissingError
from tests.importing.stripe_objects import (
    CUSTOMER,
    customer,
    event,
    invoice,
    made,
    seconds,
    write_lines,
)
from tests.importing.tables import facts_of, rows_of

Import = Callable[..., ImportReport]


@pytest.fixture
def run(tmp_path: Path) -> Import:
    def _run(
        objects: Sequence[Mapping[str, Any]],
        currency: str | None = None,
        **rates: float,
    ) -> ImportReport:
        file = write_lines(tmp_path / "export.ndjson", objects)
        options = ImportSettings(
            exported_at=datetime(2026, 6, 1, tzinfo=UTC), currency=currency, rates=rates
        )
        return import_files(SOURCES["stripe"], [file], tmp_path / "portfolio", options)

    return _run


def sold(currency: str = "eur", **values: object) -> dict[str, Any]:
    """Two of a product, at 10.00 a month each (of yen 1,000), since January."""
    item = made("subscription")["items"]["data"][0]
    item["price"] |= {
        "unit_amount": 1_000, "unit_amount_decimal": "1000", "currency": currency
    }  # fmt: skip
    item["price"]["recurring"] |= {"interval": "month", "interval_count": 1}
    usual: dict[str, Any] = {
        "id": "sub_A", "customer": CUSTOMER, "status": "active",
        "items": {"data": [item | {"quantity": 2}]}, "canceled_at": None,
        "created": seconds("2026-01-01"), "start_date": seconds("2026-01-01"),
        "ended_at": None, "cancel_at": None,
    }  # fmt: skip
    return made("subscription", **(usual | values))


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param([sold(), sold()], id="pages overlap"),
        pytest.param([event("2026-01-01", sold())] * 2, id="events of one second"),
    ],
)
def test_items_seen_twice_at_one_moment_count_once(
    run: Import, tmp_path: Path, seen: list[dict[str, Any]]
) -> None:
    run([customer(), *seen], currency="EUR")

    (began,) = rows_of(tmp_path / "portfolio", "subscriptions")
    assert (began["quantity"], began["unit_price"]) == (2, 10)
    monthly = facts_of(
        tmp_path / "portfolio", CUSTOMER, "2026-06-02", "recurring_monthly"
    )
    assert monthly == {"recurring_monthly": 20}


def test_a_price_in_another_currency_is_converted_or_refused(
    run: Import, tmp_path: Path
) -> None:
    with pytest.raises(RateMissingError, match="--rate JPY"):
        run([customer(), sold("jpy")], currency="EUR")

    run([customer(), sold("jpy")], currency="EUR", JPY=0.006)
    (began,) = rows_of(tmp_path / "portfolio", "subscriptions")
    assert (began["quantity"], began["unit_price"]) == (2, Decimal(6))


def test_prices_do_not_choose_the_currency_where_invoices_do(
    run: Import, tmp_path: Path
) -> None:
    bill = invoice("in_1", "2026-03-01", 100, currency="eur")
    run([customer(), bill, sold("jpy"), sold("jpy", id="sub_B")], JPY=0.006)

    settings = (tmp_path / "portfolio/portfolio.yaml").read_text("utf-8")
    assert "currency: EUR" in settings
