"""The tables of the portfolio contract, and writing them month by month."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from simulation.streams import Flags, Ints

TEXT = pa.string()
MOMENT = pa.timestamp("us", tz="UTC")
MONEY = pa.decimal128(18, 4)
WHOLE = pa.int32()
NUMBER = pa.float64()
FLAG = pa.bool_()

_KEYS = {"customer_id": TEXT, "event_at": MOMENT, "known_at": MOMENT}
_COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "customers": {
        "created_at": MOMENT,
        "subject_kind": TEXT,
        "segment": TEXT,
        "country": TEXT,
        "email_kind": TEXT,
        "email_domain_age_days": WHOLE,
        "is_email_verified": FLAG,
        "is_phone_verified": FLAG,
        "is_tax_id_valid": FLAG,
        "ip_country": TEXT,
        "channel": TEXT,
        "is_trial": FLAG,
        "payment_terms_days": WHOLE,
        "is_auto_pay": FLAG,
        "credit_limit": MONEY,
        "expected_lifetime_months": WHOLE,
        "monthly_margin": MONEY,
    },
    "subscriptions": {
        "subscription_id": TEXT,
        "kind": TEXT,
        "effective_at": MOMENT,
        "product": TEXT,
        "billing": TEXT,
        "quantity": NUMBER,
        "unit_price": MONEY,
        "commitment_ends_at": MOMENT,
        "cancel_window_ends_at": MOMENT,
        "is_trial": FLAG,
    },
    "invoices": {
        "invoice_id": TEXT,
        "due_at": MOMENT,
        "amount": MONEY,
        "kind": TEXT,
        "applies_to": TEXT,
        "subscription_id": TEXT,
        "currency": TEXT,
    },
    "payments": {
        "payment_id": TEXT,
        "status": TEXT,
        "amount": MONEY,
        "method": TEXT,
        "invoice_id": TEXT,
        "failure_code": TEXT,
        "instrument_id": TEXT,
        "card_country": TEXT,
        "card_funding": TEXT,
        "refund_id": TEXT,
        "paid_by": TEXT,
        "currency": TEXT,
    },
    "disputes": {
        "dispute_id": TEXT,
        "kind": TEXT,
        "status": TEXT,
        "amount": MONEY,
        "invoice_id": TEXT,
        "payment_id": TEXT,
        "currency": TEXT,
    },
    "usage": {"subscription_id": TEXT, "cost": MONEY, "quantity": NUMBER},
    "access": {"kind": TEXT, "ip_id": TEXT, "device_id": TEXT, "country": TEXT},
    "alerts": {
        "alert_id": TEXT,
        "kind": TEXT,
        "severity": TEXT,
        "confidence": TEXT,
        "status": TEXT,
        "resolved_reason": TEXT,
    },
    "contacts": {
        "kind": TEXT,
        "notice": TEXT,
        "notice_id": TEXT,
        "promise_id": TEXT,
        "invoice_id": TEXT,
        "subscription_id": TEXT,
        "amount": MONEY,
        "until": MOMENT,
        "policy": TEXT,
    },
    "holds": {
        "kind": TEXT,
        "until": MOMENT,
        "reason": TEXT,
        "by": TEXT,
        "subscription_id": TEXT,
        "amount": MONEY,
    },
    "actions": {
        "action": TEXT,
        "reason": TEXT,
        "by": TEXT,
        "subscription_id": TEXT,
        "decision_id": TEXT,
        "arm": TEXT,
        "propensity": NUMBER,
    },
    "outcomes": {"kind": TEXT, "source": TEXT, "strength": TEXT},
}
SCHEMAS = {name: pa.schema(_KEYS | columns) for name, columns in _COLUMNS.items()}


@dataclass(frozen=True)
class Coded:
    """Text that repeats: positions in a short list; -1 is missing."""

    codes: Ints
    pool: pa.Array

    def arrow(self, keep: Flags) -> pa.Array:
        codes = self.codes[keep].astype(np.int32)
        return pa.DictionaryArray.from_arrays(
            pa.array(codes, mask=codes < 0), self.pool
        )


@dataclass(frozen=True)
class Numbered:
    """Text such as `inv-0000012-07`: a prefix and numbers of fixed width."""

    prefix: str
    numbers: tuple[Ints, ...]
    widths: tuple[int, ...]
    valid: Flags | None = None

    def arrow(self, keep: Flags) -> pa.Array:
        parts = [number[keep] for number in self.numbers]
        text = _digits(self.prefix, parts, self.widths)
        if self.valid is None:
            return text
        return pa.compute.if_else(pa.array(self.valid[keep]), text, None)


@dataclass(frozen=True)
class Maybe:
    """Values that are missing where `valid` is false."""

    values: npt.NDArray[Any]
    valid: Flags


Column = npt.NDArray[Any] | Coded | Numbered | Maybe | str
Columns = Mapping[str, Column]


def words(values: tuple[str, ...], codes: Ints) -> Coded:
    return Coded(codes, pa.array(values, type=TEXT))


def _digits(prefix: str, parts: list[Ints], widths: tuple[int, ...]) -> pa.Array:
    """Build fixed-width text without a Python loop over rows."""
    n = len(parts[0])
    pieces = [np.tile(np.frombuffer(prefix.encode(), dtype=np.uint8), (n, 1))]
    for number, width in zip(parts, widths, strict=True):
        powers = 10 ** np.arange(width - 1, -1, -1)
        pieces.append(np.full((n, 1), ord("-"), dtype=np.uint8))
        pieces.append((number[:, None] // powers % 10 + ord("0")).astype(np.uint8))
    matrix = np.ascontiguousarray(np.hstack(pieces))
    offsets = np.arange(n + 1, dtype=np.int32) * matrix.shape[1]
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(matrix)]
    return pa.StringArray.from_buffers(n, buffers[1], buffers[2])


def customer_ids(numbers: Ints) -> pa.Array:
    return _digits("c", [numbers], (7,))


def _decimals(values: Ints, valid: Flags | None) -> pa.Array:
    """Ten-thousandths become decimals by their bits: low word, sign word."""
    pairs = np.empty((len(values), 2), dtype=np.int64)
    pairs[:, 0], pairs[:, 1] = values, values >> 63
    array = pa.Array.from_buffers(MONEY, len(values), [None, pa.py_buffer(pairs)])
    return array if valid is None else pa.compute.if_else(pa.array(valid), array, None)


def _arrow(column: Column | None, kind: pa.DataType, keep: Flags) -> pa.Array:
    n = int(keep.sum())
    if column is None:
        return pa.nulls(n, kind)
    if isinstance(column, str):
        codes = np.zeros(n, dtype=np.int32)
        return pa.DictionaryArray.from_arrays(codes, pa.array([column], type=TEXT))
    if isinstance(column, Coded | Numbered):
        return column.arrow(keep)
    values, valid = (
        (column.values[keep], column.valid[keep])
        if isinstance(column, Maybe)
        else (column[keep], None)
    )
    if kind == MONEY:
        return _decimals(values.astype(np.int64), valid)
    mask = None if valid is None else ~valid
    if kind == MOMENT:
        return pa.array(values, pa.int64(), mask=mask).cast(MOMENT)
    return pa.array(values, mask=mask).cast(kind)


class PortfolioWriter:
    """Writes each month as row groups; never holds more than a month in memory."""

    def __init__(self, folder: Path, customers: int, observed_until_us: int) -> None:
        self.folder, self.horizon = folder, observed_until_us
        self.ids = customer_ids(np.arange(customers))
        self.rows = dict.fromkeys(SCHEMAS, 0)
        self._writers = {
            name: pq.ParquetWriter(
                folder / f"{name}.parquet",
                schema,
                compression="zstd",
                store_schema=False,
            )
            for name, schema in SCHEMAS.items()
        }
        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in SCHEMAS}

    def add(
        self,
        table: str,
        customer: Ints,
        event_at: Ints,
        columns: Columns,
        known_at: Ints | None = None,
    ) -> None:
        """Take rows; whatever is not known before the observation ends is dropped."""
        known = event_at if known_at is None else known_at
        keep = known <= self.horizon
        schema = SCHEMAS[table]
        cells: dict[str, Column] = {
            "customer_id": Coded(customer, self.ids),
            "event_at": event_at,
            "known_at": known,
            **columns,
        }
        unknown = cells.keys() - set(schema.names)
        if unknown:
            raise KeyError(f"{table}: no column {sorted(unknown)} in the contract")
        arrays = [_arrow(cells.get(f.name), f.type, keep) for f in schema]
        self._waiting[table].append(pa.table(arrays, names=schema.names))

    def flush(self) -> None:
        """Write what came since the last time as one row group per table."""
        for name, parts in self._waiting.items():
            if not parts:
                continue
            whole = pa.concat_tables([p.cast(SCHEMAS[name]) for p in parts])
            self._writers[name].write_table(whole)
            self.rows[name] += whole.num_rows
            parts.clear()

    def __enter__(self) -> "PortfolioWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in self._writers.values():
            writer.close()
