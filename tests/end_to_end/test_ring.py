"""Ten customers on one card, three of them recorded as frauds, from plain files."""

import csv
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.end_to_end.conftest import forbear

Row = dict[str, Any]
RING = [f"ring-{n}" for n in range(10)]
CAUGHT = RING[:3]
FAMILY = ["ann", "ben", "eve"]  # one card, and one of them was recorded as a fraud
FIRM = [f"branch-{n:02}" for n in range(30)]  # one card, and two were
CHILDREN = [f"child-{n}" for n in range(4)]  # one card, that their mother paid with


def _card(customer_id: str) -> str:
    group, dash, _ = customer_id.partition("-")
    return group if dash else "family"


def _write(folder: Path, name: str, rows: list[Row]) -> None:
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _row(customer_id: str, number: int, **more: object) -> Row:
    return {
        "customer_id": customer_id,
        "invoice_id": f"{customer_id}-{number}",
        "event_at": f"2026-0{number}-01",
        **more,
    }


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    folder = tmp_path_factory.mktemp("ring")
    everybody = [*RING, *FAMILY, *FIRM, *CHILDREN, "mother"]
    due = {n: f"2026-0{n}-15" for n in range(2, 7)}
    _write(
        folder,
        "customers",
        [{"customer_id": c, "event_at": "2026-01-10"} for c in everybody],
    )
    bills = [_row(c, n, due_at=due[n], amount=90) for c in everybody for n in due]
    _write(folder, "invoices", bills)
    paid = [
        _row(
            c,
            n,
            payment_id=f"pay-{c}-{n}",
            status="succeeded",
            amount=90,
            instrument_id=_card(c),
            paid_by="mother" if c in CHILDREN else "",
        )
        for c in everybody
        for n in due
    ]
    _write(folder, "payments", paid)
    outcomes = [
        {"customer_id": c, "event_at": "2026-06-10", "kind": "fraud"}
        for c in (*CAUGHT, "ann", *FIRM[:2], *CHILDREN[:2])
    ]
    _write(folder, "outcomes", outcomes)
    (folder / "portfolio.yaml").write_text(
        "name: ring\ncurrency: EUR\nobserved_until: 2026-06-21T00:00:00Z\n"
    )
    out = folder / "scored.parquet"
    assert forbear("score", folder, "--as-of", "2026-06-20", "--out", out) == 0
    return {row["customer_id"]: row for row in pq.read_table(out).to_pylist()}


def test_the_others_of_the_ring_come_before_a_person(scored: dict[str, Row]) -> None:
    for customer_id in RING[3:]:
        row = scored[customer_id]
        assert (row["action"], row["raised_by"]) == ("review", "linked_frauds")
    for customer_id in CAUGHT:
        assert scored[customer_id]["raised_by"] == "confirmed_fraud"


def test_a_family_a_firm_and_a_mother_who_pays_do_not(scored: dict[str, Row]) -> None:
    for customer_id in (*FAMILY[1:], *FIRM[2:], *CHILDREN[2:], "mother"):
        assert scored[customer_id]["action"] == "none", customer_id
