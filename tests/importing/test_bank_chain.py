"""From a billing system and a statement to a first list of actions."""

from pathlib import Path

import pytest

from tests.importing.bank_files import Entry, iso, payments, write_portfolio
from tests.importing.conftest import FirstActions

FIRST = "INV-2026-0001"


@pytest.mark.parametrize("message", ["camt.053.001.02", "camt.053.001.08"])
def test_who_paid_by_transfer_is_left_alone(
    first_actions: FirstActions, tmp_path: Path, message: str
) -> None:
    portfolio = write_portfolio(tmp_path / "first-day")
    paid = (
        Entry(amount="100", text=FIRST, day="2026-02-03"),
        Entry(amount="120", text="INV-2026-0002", day="2026-03-05"),
    )
    file = tmp_path / "statement.xml"
    made = "2026-05-04T06:00:00+02:00"
    file.write_text(iso(message, *paid, until="2026-05-03", made=made), "utf-8")
    day = first_actions("bank", [file], "2026-05-04", "beta")

    assert len(payments(portfolio)) == 2
    assert day.actions["acme"] == "none"
    assert day.actions["beta"] in ("remind", "review")
    assert "83" in day.explained
    assert "invoice number in the text" in day.imported


def test_a_returned_debit_opens_the_invoice_again(
    first_actions: FirstActions, tmp_path: Path
) -> None:
    write_portfolio(tmp_path / "first-day")
    collected = Entry(amount="100", family="IDDT", end_to_end=FIRST, day="2026-02-03")
    back = Entry(
        amount="100",
        direction="DBIT",
        family="IDDT",
        subfamily="UPDD",
        end_to_end=FIRST,
        reason="AM04",
        day="2026-03-24",
    )
    other = Entry(amount="120", text="INV-2026-0002", day="2026-03-05")
    file = tmp_path / "statement.xml"
    file.write_text(
        iso("camt.053.001.08", collected, other, back, until="2026-05-03"), "utf-8"
    )
    day = first_actions("bank", [file], "2026-05-04", "acme")

    assert "of the €100 that is open" in day.explained
