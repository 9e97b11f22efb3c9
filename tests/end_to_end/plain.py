"""Three CSVs as an office exports them: habits of paying, not the simulator's."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

FIRST, LAST = date(2025, 1, 1), date(2026, 6, 30)
Row = dict[str, Any]

# share of customers, usual days after the due date, chance that an invoice stays unpaid
HABITS = {
    "prompt": (0.62, (-10, 0), 0.002),
    "late": (0.25, (2, 25), 0.01),
    "erratic": (0.09, (-5, 50), 0.12),
    "sinking": (0.04, (10, 45), 0.45),
}


def write_plain(folder: Path, n_customers: int, seed: int) -> dict[str, str]:
    """Write customers, invoices and payments; returns each customer's habit."""
    draw = Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    habits = {}
    customers: list[Row] = []
    invoices: list[Row] = []
    payments: list[Row] = []
    for number in range(n_customers):
        customer_id = f"K{number:05d}"
        shares = [share for share, _, _ in HABITS.values()]
        habit = draw.choices(list(HABITS), shares)[0]
        habits[customer_id] = habit
        joined = FIRST + timedelta(days=draw.randrange(0, 400))
        customers.append(
            {
                "customer_id": customer_id,
                "event_at": joined.isoformat(),
                "subject_kind": draw.choice(["legal_person", "sole_trader"]),
                "country": draw.choice(["BE", "NL", "DE"]),
                "segment": draw.choice(["shop", "office", "workshop"]),
            }
        )
        for bill, paid in _billing(customer_id, joined, habit, draw):
            invoices.append(bill)
            payments.extend(paid)
    for name, rows in (
        ("customers", customers),
        ("invoices", invoices),
        ("payments", payments),
    ):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return habits


def _billing(
    customer_id: str, joined: date, habit: str, draw: Random
) -> Iterator[tuple[Row, list[Row]]]:
    _, (least, most), unpaid = HABITS[habit]
    amount = round(draw.uniform(40, 900), 2)
    sinks_on = FIRST + timedelta(days=draw.randrange(150, 540))
    issued = joined + timedelta(days=draw.randrange(1, 28))
    number = 0
    while issued <= LAST:
        number += 1
        due = issued + timedelta(days=14)
        bill = {
            "invoice_id": f"{customer_id}-{number:03d}",
            "customer_id": customer_id,
            "event_at": issued.isoformat(),
            "due_at": due.isoformat(),
            "amount": amount,
        }
        is_bad = habit != "sinking" or issued >= sinks_on
        stays = draw.random() < (unpaid if is_bad else 0.02)
        paid_on = due + timedelta(days=draw.randint(least, most))
        paid = []
        if not stays and paid_on <= LAST:
            paid.append(
                {
                    "payment_id": f"P-{customer_id}-{number:03d}",
                    "customer_id": customer_id,
                    "event_at": paid_on.isoformat(),
                    "status": "succeeded",
                    "amount": amount,
                    "invoice_id": bill["invoice_id"],
                    "method": "bank_transfer",
                }
            )
        yield bill, paid
        issued += timedelta(days=30)
