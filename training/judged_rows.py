"""What a version said of rows it never saw, kept so that versions can be compared.

Two versions can only be compared fairly on rows that neither learned from. So every
run keeps its test rows: who (as a pseudonym), when, what came of it, what was said, the
money and the reasons. What two runs have in common is what they are compared on.

A pseudonym is a keyed hash: customer ids are few and often in sequence, so a plain hash
would be read back by trying them all. The key stays in the state folder, apart from
what goes to the registry.
"""

import os
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from decisions.money.exposure import FaceValues
from features.arrays import BoolArray, FloatArray, IntArray, TextArray
from scoring.bundle import Bundle
from scoring.predictor import Predictor
from scoring.reasons import reasons
from training.rows import Rows

FILE = "judged.parquet"
KEY_FILE = "judged.key"  # in the state folder
KEY_BYTES = 32
MOST_EXPLAINED = 500  # of the riskiest rows; reasons of calm customers are not read
USAGE_DAYS = 28


class Money(NamedTuple):
    """Face values of n rows in major units, NaN where unknown; each (n,)."""

    face: FaceValues
    days_overdue: FloatArray
    clv: FloatArray

    @property
    def is_known(self) -> BoolArray:
        """(n,) whether enough is known to price an action."""
        known: BoolArray = ~np.isnan(np.asarray(self.face.open)) & ~np.isnan(self.clv)
        return known


class JudgedRows(NamedTuple):
    """n rows that a version never saw, in order of customer and moment.

    Args:
        key: (n,) customer and moment as one text.
        customer: (n,) number of the customer's pseudonym.
        label: (n,) 0 or 1. p: (n,) what was said of it.
        segment: (n,) of the customer, empty where unknown.
        families: (n,) names of the reasons' families; None where not explained.
    """

    key: TextArray
    customer: IntArray
    label: FloatArray
    p: FloatArray
    segment: TextArray
    money: Money
    families: tuple[frozenset[str] | None, ...]


def pseudonym_key(home: Path) -> bytes:
    """The key of a state folder's pseudonyms, made once; for its owner's eyes only.

    Two at once would make two keys: call it under the lock of `PromotionLog.alone`.
    """
    file = home / KEY_FILE
    if not file.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = home / f".{KEY_FILE}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(fresh, flags, 0o600), "wb") as key:
            key.write(token_bytes(KEY_BYTES))
        fresh.replace(file)
    return file.read_bytes()


def judged_table(
    bundle: Bundle,
    test: Rows,
    p: FloatArray,
    customer_ids: tuple[str, ...],
    key: bytes,
) -> pa.Table:
    """The test rows of a run, as `JudgedRows` reads them.

    Args:
        bundle: of the run.
        test: rows that it had not learnt from.
        p: what was said of them.
        customer_ids: by the number that rows give a customer.
        key: makes pseudonyms.
    """
    pseudonyms = [
        blake2b(name.encode(), digest_size=16, key=key).hexdigest()
        for name in customer_ids
    ]
    money = money_of(bundle, test)
    columns = {
        "customer": pa.array([pseudonyms[number] for number in test.customer.tolist()]),
        "as_of": test.as_of,
        "label": test.label,
        "p": p,
        "segment": pa.array(segments_of(test).tolist(), pa.string()),
        "families": pa.array(_families(bundle, test, p), pa.list_(pa.string())),
        "open": np.asarray(money.face.open),
        "recurring": np.asarray(money.face.recurring),
        "usage_daily": np.asarray(money.face.usage_daily),
        "committed": np.asarray(money.face.committed),
        "days_overdue": money.days_overdue,
        "clv": money.clv,
    }
    return pa.table(columns).sort_by(
        [("customer", "ascending"), ("as_of", "ascending")]
    )


def read_judged(folder: Path) -> JudgedRows:
    """The rows that a run kept."""
    table = pq.read_table(folder / FILE)
    customer = table["customer"].combine_chunks().dictionary_encode()
    as_of = table["as_of"].to_pylist()
    names = table["customer"].to_pylist()
    column = {
        name: table[name].to_numpy()
        for name in table.column_names
        if name not in ("customer", "segment", "families")
    }
    face = FaceValues(
        column["open"],
        column["recurring"],
        np.zeros(len(table)),
        column["usage_daily"],
        column["committed"],
    )
    return JudgedRows(
        key=np.array([f"{who}|{at}" for who, at in zip(names, as_of, strict=True)]),
        customer=np.asarray(customer.indices.to_numpy(), dtype=np.int64),
        label=column["label"],
        p=column["p"],
        segment=np.array(table["segment"].to_pylist(), dtype=object),
        money=Money(face, column["days_overdue"], column["clv"]),
        families=tuple(
            None if names is None else frozenset(names)
            for names in table["families"].to_pylist()
        ),
    )


def segments_of(rows: Rows) -> TextArray:
    """(n,) the customer's segment, empty where it is unknown or there is none."""
    name = "customer_segment"
    if name not in rows.feature_set.names or not rows.feature_set.vocabularies.get(
        name
    ):
        return np.full(len(rows), "", dtype=object)
    words = np.array([*rows.feature_set.vocabularies[name], ""], dtype=object)
    code = rows.column(name)
    return np.asarray(words[np.where(np.isnan(code), -1, code).astype(np.int64)])


def money_of(bundle: Bundle, rows: Rows) -> Money:
    """What the features say of the money; the lifetime value as the settings assume."""
    settings = bundle.settings

    def first_known(*names: str, otherwise: float) -> FloatArray:
        value = np.full(len(rows), np.nan)
        for name in names:
            if name in rows.feature_set.names:
                value = np.where(np.isnan(value), rows.column(name), value)
        return np.where(np.isnan(value), otherwise, value)

    recurring = first_known("account_recurring_monthly", otherwise=np.nan)
    clv = settings.defaults.share * settings.defaults.months * recurring
    stated = settings.exposure
    if stated is not None and isinstance(stated.clv, Decimal):
        clv = np.full(len(rows), float(stated.clv))
    face = FaceValues(
        open=first_known("account_open", "ageing_balance", otherwise=np.nan),
        recurring=np.nan_to_num(recurring),
        recurring_committed=np.zeros(len(rows)),
        usage_daily=first_known("usage_cost_28d", otherwise=0.0) / USAGE_DAYS,
        committed=first_known("account_committed", otherwise=0.0),
    )
    lateness = ("account_days_overdue", "ageing_days_past_due")
    return Money(face, first_known(*lateness, otherwise=0.0), clv)


def _families(bundle: Bundle, rows: Rows, p: FloatArray) -> list[list[str] | None]:
    """Families of the reasons of the riskiest rows, by the model that is used."""
    families: list[list[str] | None] = [None] * len(rows)
    riskiest = np.argsort(-p, kind="stable")[:MOST_EXPLAINED]
    if len(riskiest) == 0:
        return families
    explained = Predictor(bundle).explain(rows.x[riskiest])
    for row, x, parts in zip(
        riskiest.tolist(), rows.x[riskiest], explained.contributions, strict=True
    ):
        families[row] = [reason.family for reason in reasons(bundle, x, parts)]
    return families
