"""The end of `forbear demo`: the desk, open on the customers of the sample."""

import subprocess
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.output import heading, say, waiting
from cli.own_service import running_service
from features.counted import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from features.portfolio import Portfolio

_MOST = 60  # customers, those who gain most by an action; the page shows 100
_KEY_LASTS = timedelta(hours=8)


def desk_of_sample(
    portfolio: "Portfolio", advised: "pa.Table", port: int, log: Path
) -> None:
    """Serve until Ctrl-C, with the sample's customers on Today.

    Args:
        portfolio: the sample.
        advised: what was recommended for its customers.
        port: of the service.
        log: file that takes what the service writes.
    """
    heading("6  The desk")
    with running_service(port, log) as process:
        chosen = customers_to_look_at(advised, _MOST)
        with waiting("sending customers to the service"):
            n_sent = send_customers(portfolio, chosen, f"http://127.0.0.1:{port}")
        say(
            f"The {counted(n_sent, 'customer')} for whom an action gains most, as if"
            " the sample's"
        )
        say("last day were today:\n")
        say(f"the desk  http://127.0.0.1:{port}/desk")
        say(f"your key  {_new_key('demo, at the desk', 'risk_analyst')}")
        say("          as a risk analyst")
        say(f"or        {_new_key('demo, who agrees', 'approver')}")
        say("          as an approver: agrees to acts, publishes changes of the policy")
        say("          (both keys are shown only now and end in 8 hours)")
        say("Today     who gains most is first; `o` opens a customer, `m` chooses")
        say("          something milder, `?` shows all keys")
        say("the log   every decision; `v` computes one again")
        say("\nserving until Ctrl-C …  (`make tour` shows suspension, promise, appeal)")
        _wait(process)


def customers_to_look_at(advised: "pa.Table", most: int) -> list[str]:
    """Those who gain most by an action that is not carried out yet, the first first."""
    rows: list[dict[str, Any]] = advised.to_pylist()
    gains = {
        row["customer_id"]: row["expected_cost_none"]
        - row[f"expected_cost_{row['action']}"]
        for row in rows
        if row["action"] not in (None, "none") and not row["in_force"]
        if row["expected_cost_none"] is not None
    }
    return sorted(gains, key=lambda customer_id: -gains[customer_id])[:most]


def send_customers(portfolio: "Portfolio", customer_ids: list[str], url: str) -> int:
    """Send events of customers, moved in time to end today, and decide about each.

    Gives how many were decided about.
    """
    import httpx

    from features.moments import DAY_US, microseconds

    now = datetime.now(UTC)
    n_days = (microseconds(now) - portfolio.latest_known_at) // DAY_US
    headers = {"Authorization": f"Bearer {_new_key('demo, sending', None)}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60.0) as client:
        for customer_id in customer_ids:
            sent = _moved(portfolio, customer_id, n_days * DAY_US, now)
            client.post("/v1/events", json=sent).raise_for_status()
            asked = {"customer_id": customer_id, "explain": "always"}
            client.post("/v1/score", json=asked).raise_for_status()
    return len(customer_ids)


def _moved(
    portfolio: "Portfolio", customer_id: str, later_us: int, now: datetime
) -> Mapping[str, Any]:
    """A body of `POST /v1/events`: the customer's rows, with every moment later."""
    from dataclasses import replace

    from features.events import FOREVER, MISSING
    from serving.request_rows import request_body

    events, settings = portfolio.events(customer_id), portfolio.settings
    tables = {}
    for table, columns in events.tables.items():
        kinds = {c.name: c.kind for c in settings.columns[table]}
        moved = dict(columns)
        for name, values in columns.items():
            if kinds.get(name) in ("moment", "day") or name == "superseded_at":
                stands = (values == MISSING) | (values == FOREVER)
                moved[name] = values + (~stands) * later_us
        tables[table] = moved
    body = request_body(replace(events, tables=tables), now, settings)
    return {
        "customer_id": customer_id,
        "events": body["events"],
        "observed": dict.fromkeys(body["events"], now.isoformat()),
    }


def _new_key(name: str, role: str | None) -> str:
    from serving.settings import serving_settings
    from store.opening import open_key_store

    with closing(open_key_store(*serving_settings().store)) as keys:
        ends = datetime.now(UTC) + _KEY_LASTS
        return keys.create(name, expires_at=ends, role=role)[1]


def _wait(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait()
    except KeyboardInterrupt:
        say("\nover; `forbear serve` goes on from here")
