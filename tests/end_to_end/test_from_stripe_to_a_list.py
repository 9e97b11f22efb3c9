"""From Stripe's objects to a list of actions, by the commands of docs/importing.md."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.conftest import said
from tests.importing.stripe_objects import (
    charge,
    customer,
    failed,
    invoice,
    page,
    write_lines,
)

SHORT = "insufficient_funds"
pytestmark = pytest.mark.slow


def test_an_export_becomes_a_list_of_actions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORBEAR_HOME", str(tmp_path / "home"))
    now = datetime.now(tz=UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    objects = [page("/v1/disputes")]
    for i in range(20):
        who = f"cus_{i}"
        objects.append(customer(who, _days(now, 200)))
        for month in range(5):
            issued = _days(now, 170 - 30 * month)
            bill = f"in_{i}_{month}"
            objects.append(invoice(bill, issued, 5_000, customer=who))
            paid = _days(now, 160 - 30 * month)
            if i >= 3:
                objects.append(
                    charge(f"ch_{bill}", paid, 5_000, customer=who, invoice=bill)
                )
            else:
                objects.append(
                    failed(
                        f"ch_{bill}", paid, 5_000, "insufficient_funds", customer=who
                    )
                )
    export = write_lines(tmp_path / "export.ndjson", objects)
    portfolio, out = tmp_path / "shop", tmp_path / "list.csv"

    imported = said("import", "stripe", str(export), "--out", str(portfolio))
    assert "invoices   USD" in imported
    assert "clean" in said("validate", str(portfolio))
    said("score", str(portfolio), "--out", str(out))
    lines = out.read_text("utf-8").splitlines()
    assert any(line.startswith("cus_0,") for line in lines)
    assert "250" in said("explain", str(portfolio), "cus_0")


def _days(now: datetime, days: int) -> str:
    return (now - timedelta(days=days)).isoformat()
