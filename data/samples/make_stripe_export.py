"""Make the sample `stripe-export`: a small shop as Stripe's Dashboard would export it.

Invented: 12 customers with a monthly plan, until 30 June 2026. Two stopped paying, one
was declined once and paid a day later, one got money back, one disputes a charge. The
columns are those of the Dashboard's pages.

    python data/samples/make_stripe_export.py
"""

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent / "stripe-export"
BEGIN, END = datetime(2026, 1, 5, 9, tzinfo=UTC), datetime(2026, 6, 30, 20, tzinfo=UTC)
MONTH = timedelta(days=30)
PLANS = {"basic": 29, "team": 99, "studio": 499}
LAPSED = {
    "cus_05": datetime(2026, 3, 20, tzinfo=UTC),
    "cus_09": datetime(2026, 5, 20, tzinfo=UTC),
}
DECLINED_ONCE, REFUNDED, DISPUTED = "cus_03", "cus_07", "cus_11"
Row = Mapping[str, object]


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def charge(id_: str, who: str, bill: str, at: datetime, amount: int) -> dict[str, str]:
    return {
        "id": id_,
        "Created date (UTC)": moment(at),
        "Amount": f"{amount}.00",
        "Amount Refunded": "0.00",
        "Currency": "eur",
        "Captured": "true",
        "Status": "Paid",
        "Payment Source Type": "card",
        "Card Fingerprint": f"fp_{who}",
        "Card Funding": "debit",
        "Card Issue Country": "BE",
        "Customer ID": who,
        "Invoice ID": bill,
    }


def invoice(
    id_: str, who: str, at: datetime, amount: int, *, paid_at: datetime | None
) -> Row:
    return {
        "id": id_,
        "Amount Due": f"{amount}.00",
        "Amount Paid": f"{amount if paid_at else 0}.00",
        "Currency": "eur",
        "Customer": who,
        "Date (UTC)": moment(at),
        "Due Date (UTC)": moment(at + timedelta(days=14)),
        "Subscription": f"sub_{who}",
        "Total": f"{amount}.00",
        "Status": "paid" if paid_at else "open",
        "Finalized At (UTC)": moment(at + timedelta(hours=1)),
        "Paid At (UTC)": moment(paid_at) if paid_at else "",
    }


def of_customer(nth: int) -> tuple[Row, Row, list[Row], list[Row]]:
    """The rows of one customer: itself, subscription, invoices, payments."""
    who, begin = f"cus_{nth:02d}", BEGIN + timedelta(days=2 * nth)
    plan, amount = sorted(PLANS.items())[nth % 3]
    bills: list[Row] = []
    charges: list[Row] = []
    for month in range(6):
        at = begin + month * MONTH
        if at > END:
            break
        bill, paid_at = f"in_{nth:02d}{month}", at + timedelta(hours=2)
        lapsed = at > LAPSED.get(who, END)
        paid = charge(f"ch_{nth:02d}{month}", who, bill, paid_at, amount)
        declined = paid | {
            "Captured": "false",
            "Status": "Failed",
            "Decline Reason": "insufficient_funds",
        }
        if lapsed:
            charges.append(declined)
        elif who == DECLINED_ONCE and month == 4:
            charges.append(declined | {"id": f"{declined['id']}a"})
            paid_at += timedelta(days=1)
            charges.append(paid | {"Created date (UTC)": moment(paid_at)})
        elif who == REFUNDED and month == 3:
            back = {"Amount Refunded": "9.00", "Status": "Partially Refunded"}
            charges.append(
                paid | back | {"Refunded date (UTC)": moment(at + MONTH / 3)}
            )
        elif who == DISPUTED and month == 4:
            told = {"Disputed Amount": f"{amount}.00", "Dispute Reason": "fraudulent"}
            since = {"Dispute Date (UTC)": moment(at + MONTH / 2)}
            charges.append(paid | told | since | {"Dispute Status": "needs_response"})
        else:
            charges.append(paid)
        bills.append(
            invoice(bill, who, at, amount, paid_at=None if lapsed else paid_at)
        )
    return (
        {"id": who, "Created (UTC)": moment(begin), "Delinquent": "false"},
        {
            "id": f"sub_{who}",
            "Customer ID": who,
            "Plan": plan,
            "Quantity": 1,
            "Currency": "eur",
            "Interval": "month",
            "Amount": f"{amount}.00",
            "Status": "active",
            "Created (UTC)": moment(begin),
            "Start Date (UTC)": moment(begin),
            "Canceled At (UTC)": "",
        },
        bills,
        charges,
    )


def write(name: str, rows: Sequence[Row]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with (FOLDER / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    made = [of_customer(nth) for nth in range(12)]
    write("customers.csv", [customer for customer, *_ in made])
    write("subscriptions.csv", [subscription for _, subscription, *_ in made])
    write("invoices.csv", [bill for *_, bills, _ in made for bill in bills])
    write("unified_payments.csv", [paid for *_, charges in made for paid in charges])


if __name__ == "__main__":
    main()
