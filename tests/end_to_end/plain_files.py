"""Three CSVs as any billing system exports them: customers, invoices, payments.

Invented, with dates counted back from a fixed day. Most customers pay about when it is
due, some pay late, a few stop paying; three are known by name.

`python -m tests.end_to_end.plain_files FOLDER` writes them.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

TODAY = date(2026, 6, 30)
TERMS_DAYS = 14
LONG_OVERDUE, PAID, FORGOTTEN = "c-001", "c-002", "c-003"
_PAYMENTS = "payment_id customer_id event_at status amount invoice_id method"

# per invoice: days from the due date to the payment, None where it is not paid
Delays = Sequence[int | None]


def write_plain_files(folder: Path, n_customers: int = 300, n_months: int = 18) -> None:
    """customers.csv, invoices.csv and payments.csv of a small reseller."""
    folder.mkdir(parents=True, exist_ok=True)
    draws = np.random.default_rng(20260630)
    customers = [["customer_id", "event_at", "subject_kind", "country", "segment"]]
    invoices = [["invoice_id", "customer_id", "event_at", "due_at", "amount"]]
    payments = [_PAYMENTS.split()]
    for i in range(1, n_customers + 1):
        customer_id = f"c-{i:03}"
        delays = _delays(customer_id, n_months, draws)
        kind = "natural_person" if i % 5 == 0 else "legal_person"
        amount = f"{draws.lognormal(5.2, 0.7):.2f}"
        method = "direct_debit" if i % 3 == 0 else "bank_transfer"
        since = TODAY - timedelta(days=30 * n_months + 40)
        segment = "small" if float(amount) < 200 else "large"
        customers.append([customer_id, since.isoformat(), kind, "BE", segment])
        # the last invoice was due some days ago, the one before a month earlier
        for month, delay in enumerate(delays):
            due = TODAY - timedelta(days=30 * (n_months - 1 - month) + 5 + i % 20)
            number = f"{customer_id}-{month:02}"
            issued = due - timedelta(days=TERMS_DAYS)
            invoices.append(
                [number, customer_id, issued.isoformat(), due.isoformat(), amount]
            )
            if delay is not None and (paid := due + timedelta(days=delay)) <= TODAY:
                event = (f"p-{number}", customer_id, paid.isoformat())
                payments.append([*event, "succeeded", amount, number, method])
    tables = {"customers": customers, "invoices": invoices, "payments": payments}
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def _delays(customer_id: str, n_months: int, draws: np.random.Generator) -> Delays:
    if customer_id == LONG_OVERDUE:
        return [*([2] * (n_months - 5)), *([None] * 5)]
    if customer_id == PAID:
        return [-3] * n_months
    if customer_id == FORGOTTEN:
        return [*([0] * (n_months - 1)), None]
    return list(_random_delays(n_months, draws))


def _random_delays(n_months: int, draws: np.random.Generator) -> Iterator[int | None]:
    """Whoever pays late may stop; who stopped may come back a quarter later."""
    lateness = draws.gamma(1.2, 6.0)
    stops = 0.004 + 0.0015 * lateness
    away = 0
    for _ in range(n_months):
        if away == 0 and draws.random() < stops:
            away = int(draws.integers(2, 6))
        if away:
            away -= 1
            # what was left unpaid is settled in the end by two of three
            yield int(draws.integers(50, 140)) if draws.random() < 0.66 else None
        else:
            yield int(draws.normal(lateness - 6, 4))


if __name__ == "__main__":
    write_plain_files(Path(sys.argv[1]))
