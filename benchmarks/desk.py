"""What Today costs over 10,000 customers who wait, all ranked, 100 shown.

Yardstick: a bare Jinja2 table of the same 100 rows, read from the same store by the
same query. The desk is asked as a server asks it (ASGI, signed in), so its ratio also
bears the session, the roles, the counts by topic, the budgets and the access log. CPU
time of the process, both interleaved.

    python -m benchmarks.desk
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from fastapi import FastAPI
from jinja2 import Template

from features.moments import microseconds
from serving.app import create_app
from serving.settings import ServingSettings
from store.database import Database
from store.opening import open_database, open_key_store
from store.waiting import WaitingList

N, SHOWN, ROUNDS, EACH = 10_000, 100, 7, 20
COLUMNS = (
    "customer_id",
    "decision_id",
    "as_of",
    "topic",
    "action",
    "gain",
    "place",
    "due_at",
    "expires_at",
)
BARE = Template(
    "<table>{% for r in rows %}<tr><td>{{ loop.index }}</td>"
    "<td><a href='/{{ r.customer_id }}'>{{ r.customer_id }}</a></td>"
    "<td>{{ r.topic }}</td><td>{{ r.action }}</td><td>{{ r.gain }}</td>"
    "<td>{{ r.due_at }}</td><td>{{ r.as_of }}</td></tr>{% endfor %}</table>",
    autoescape=True,
)


def fill(database: Database, now: int) -> None:
    """Customers who wait for one thing or another."""
    chance = Random(1)
    day = 86_400_000_000
    rows = []
    for number in range(N):
        topic, action = chance.choice((("review", "review"), ("approval", "suspend")))
        gain = chance.randrange(10_000, 50_000_000)
        moments = now - chance.randrange(day), now + chance.randrange(day), now + day
        as_of, due_at, expires_at = moments
        names = f"customer-{number:05}", f"decision-{number}"
        rows.append((*names, as_of, topic, action, gain, gain, due_at, expires_at))
    with database.transaction():
        database.insert("waiting", COLUMNS, rows)


class Browser:
    """Asks the application as a server does, and reads what it answers."""

    def __init__(self, app: FastAPI) -> None:
        self._app, self._cookie = app, ""

    async def asks(self, method: str, path: str, body: bytes = b"") -> tuple[int, str]:
        """The status and the text of an answer."""
        parts: list[bytes] = []
        head: dict[str, Any] = {}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 1),
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"content-type", b"application/x-www-form-urlencoded"),
                (b"content-length", str(len(body)).encode()),
                (b"cookie", self._cookie.encode()),
            ],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
            else:
                parts.append(message.get("body", b""))

        await self._app(scope, receive, send)  # type: ignore[arg-type]
        for name, value in head["headers"]:
            if name == b"set-cookie":
                pair = value.decode().split(";")[0]
                held = [one for one in self._cookie.split("; ") if one]
                self._cookie = "; ".join([*held, pair])
        return int(head["status"]), b"".join(parts).decode()


def cpu(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) / EACH


async def measure(home: Path) -> None:
    """Fills a store, signs somebody in, and asks both in turn."""
    settings = ServingSettings(home=home)
    app = create_app(settings)
    now = microseconds(datetime.now(UTC))
    async with app.router.lifespan_context(app):
        with closing(open_key_store(home)) as store:
            key = store.create("Ada", role="admin")[1]
        database = open_database(home)
        fill(database, now)
        browser = Browser(app)
        _, page = await browser.asks("GET", "/desk/sign-in")
        csrf = page.partition('name="csrf" value="')[2][:64]
        form = f"csrf={csrf}&key={key}".encode()
        status, _ = await browser.asks("POST", "/desk/sign-in", form)
        assert status == 303, status
        status, page = await browser.asks("GET", "/desk")
        assert (status, page.count("data-row")) == (200, SHOWN), status
        waiting = WaitingList(database)

        def bare() -> None:
            for _ in range(EACH):
                BARE.render(rows=waiting.page(now, SHOWN))

        ratios = []
        for _ in range(ROUNDS):
            yardstick = cpu(bare)
            began = time.process_time()
            for _ in range(EACH):
                await browser.asks("GET", "/desk")
            ours = (time.process_time() - began) / EACH
            ratios.append(ours / yardstick)
            print(f"desk {ours * 1e3:.2f} ms, bare table {yardstick * 1e3:.2f} ms")
        database.close()
    low, high = min(ratios), max(ratios)
    print(f"ratio {statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})")


def main() -> None:
    """Measure the desk in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder)))


if __name__ == "__main__":
    main()
