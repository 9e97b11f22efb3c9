import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from features.events import Events
from features.reading.rows import read_events
from features.settings import PortfolioSettings
from serving.openapi import EXAMPLE
from serving.request_rows import request_body

SETTINGS = PortfolioSettings.model_validate(
    {
        "timezone": "Europe/Brussels",
        "rates": {"USD": 0.5},
        "attributes": {"seats": {"type": "number"}, "plan": {"type": "category"}},
        "tables": list(EXAMPLE["events"]),
    }
)
AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
AT = "2026-05-01T06:00:00Z"
LATER = "2026-06-01T06:00:00Z"
INVOICE = {"invoice_id": "1", "event_at": AT, "due_at": "2026-05-31", "amount": 10.01}


def read(tables: dict[str, Any]) -> Events:
    events, rejects = read_events("acme", tables, SETTINGS)
    assert rejects == ()
    return events


@pytest.mark.parametrize(
    "tables",
    [
        pytest.param(EXAMPLE["events"], id="the example of the docs"),
        pytest.param(
            {"invoices": [INVOICE, {**INVOICE, "amount": 9, "known_at": LATER}]},
            id="a correction",
        ),
        pytest.param(
            {"invoices": [INVOICE, {**INVOICE, "known_at": LATER, "retracted": True}]},
            id="a row taken back",
        ),
        pytest.param({"invoices": [{**INVOICE, "currency": "USD"}]}, id="a rate"),
        pytest.param(
            {"customers": [{"event_at": AT, "seats": 3, "plan": "basic"}]},
            id="declared attributes",
        ),
        pytest.param(
            {"ageing": [{"event_at": AT, "balance": -3, "days_past_due": 0}]},
            id="a report",
        ),
    ],
)
def test_reading_the_body_again_gives_the_same_events(tables: dict[str, Any]) -> None:
    settings = SETTINGS.model_copy(
        update={"tables": SETTINGS.tables | frozenset(tables)}
    )
    events = read(tables)
    body = json.loads(json.dumps(request_body(events, AS_OF, settings)))
    again = read(body["events"])
    for name, columns in events.tables.items():
        for column, values in columns.items():
            if column != "currency":
                np.testing.assert_array_equal(again.tables[name][column], values)
