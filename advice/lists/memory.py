"""Notices that lists asked for before, kept where `contacts` does not record them.

Without a record the same reminder would be due every night. The lists of a portfolio
remember what they asked for, in the state folder; a record in `contacts` counts more.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_FILE = "notices-named.json"

# by customer and name of the notice: when it was last asked for
Named = dict[str, dict[str, datetime]]


def named_before(home: Path, portfolio: str, moment: datetime) -> Named:
    """What lists of that portfolio asked for before `moment` (the same moment anew)."""
    return {
        customer_id: {notice: at for notice, at in notices.items() if at < moment}
        for customer_id, notices in _read(home).get(portfolio, {}).items()
    }


def remember(home: Path, portfolio: str, advised: "Iterable[pa.Table]") -> None:
    """Keep what a list asks for; a file is replaced whole or not at all."""
    known = _read(home)
    own = known.setdefault(portfolio, {})
    columns = ["customer_id", "as_of", "notices_due"]
    rows = (row for part in advised for row in part.select(columns).to_pylist())
    for row in rows:
        for notice in row["notices_due"]:
            own_notices = own.setdefault(row["customer_id"], {})
            before = own_notices.get(notice["notice"], row["as_of"])
            own_notices[notice["notice"]] = max(before, row["as_of"])
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = home / f".{_FILE}.unfinished"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(known, default=str, indent=1), encoding="utf-8")
    fresh.replace(home / _FILE)


def _read(home: Path) -> dict[str, Named]:
    file = home / _FILE
    if not file.is_file():
        return {}
    content: Mapping[str, Mapping[str, Mapping[str, str]]]
    content = json.loads(file.read_text(encoding="utf-8"))
    return {
        portfolio: {
            customer_id: {n: datetime.fromisoformat(at) for n, at in notices.items()}
            for customer_id, notices in customers.items()
        }
        for portfolio, customers in content.items()
    }
