"""From the answers of Kill Bill's API to a list of actions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.conftest import said
from tests.importing import killbill_answers as kb

pytestmark = pytest.mark.slow
NOW = datetime(2026, 6, 30, 20, tzinfo=UTC)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.000Z}"


def test_answers_become_a_list_of_actions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten accounts with a monthly invoice; the last two pay no more."""
    monkeypatch.setenv("FORBEAR_HOME", str(tmp_path / "home"))
    accounts = [kb.new_id() for _ in range(10)]
    bills, payments = [], []
    for i, account in enumerate(accounts):
        for month in range(6):
            at = NOW - timedelta(days=30 * (6 - month))
            bill, made = kb.new_id(), _moment(at)
            charge = kb.item("RECURRING", 50, made, accountId=account)
            document = kb.invoice(
                bill, f"{at:%Y-%m-%d}", charge,
                accountId=account, auditLogs=kb.audit(made),
            )  # fmt: skip
            bills.append(document)
            fails = i >= 8 and month >= 3
            paid = kb.transaction(
                "PURCHASE", made, 50, status="PAYMENT_FAILURE" if fails else "SUCCESS"
            )
            payments.append(
                kb.payment(kb.new_id(), bill, paid) | {"accountId": account}
            )
    files = [
        kb.write(tmp_path / "accounts.json", *(kb.account(a) for a in accounts)),
        kb.write(tmp_path / "invoices.json", *bills),
        kb.write(tmp_path / "invoicePayments.json", *payments),
        kb.write(tmp_path / "tags.json"),
    ]
    shop, out = str(tmp_path / "shop"), tmp_path / "list.csv"

    told = said(
        "import", "killbill", *map(str, files), "--exported-at", NOW.isoformat(),
        "--timezone", "Europe/Brussels", "--out", shop,
    )  # fmt: skip
    assert "3,000.0000" in told
    assert "clean" in said("validate", shop)
    said("score", shop, "--out", str(out))
    lines = out.read_text("utf-8").splitlines()[1:]
    acted = {line.split(",")[0] for line in lines if line.split(",")[1] != "none"}
    assert acted == set(accounts[8:])
    assert "150" in said("explain", shop, accounts[9])
