"""Sixty customers of two years whose frauds are on given days."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from features.portfolio import Portfolio
from features.settings import PortfolioSettings

START = datetime(2022, 1, 8, tzinfo=UTC)
LATE = {f"c{n:02}": 380 + 11 * n for n in range(30)}  # one each eleven days


def on(day: int) -> datetime:
    """So many days after the first invoices."""
    return START + timedelta(days=day)


def portfolio_of(frauds: dict[str, int], **fraud: object) -> Portfolio:
    """With invoices of the first day and of the last.

    Args:
        frauds: by customer, the day.
        fraud: `labels.fraud` of portfolio.yaml.
    """
    ids = [f"c{n:02}" for n in range(60)]
    tables = {
        "customers": [{"customer_id": c, "event_at": START} for c in ids],
        "invoices": [
            {
                "customer_id": c,
                "invoice_id": f"{c}-{day}",
                "event_at": on(day),
                "due_at": on(day + 30),
                "amount": 10.0,
            }
            for c in ids
            for day in (0, 700)
        ],
        "outcomes": [
            {"customer_id": c, "event_at": on(day), "kind": "fraud"}
            for c, day in frauds.items()
        ],
    }
    stated = {"observed_until": on(730), "labels": {"fraud": fraud}}
    return Portfolio.from_tables(
        {name: pa.Table.from_pylist(rows) for name, rows in tables.items()},
        PortfolioSettings.model_validate(stated),
    )
