"""What a version said of rows it never saw, kept so that versions can be compared.

Two versions can only be compared fairly on rows that neither learned from. So every
run keeps its test rows: who (as a pseudonym), when, what came of it, what was said, the
money and the reasons. What two runs have in common is what they are compared on.

A pseudonym is a keyed hash: customer ids are few and often in sequence, so a plain hash
would be read back by trying them all. The key stays in the state folder, apart from
what goes to the registry.
"""

import os
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.arrays import FloatArray, IntArray, TextArray
from scoring.bundle import Bundle
from scoring.predictor import Predictor
from scoring.reasons import reasons
from scoring.shelf import make_home
from training.judged_money import Money, of_columns
from training.rows import Rows

FILE = "judged.parquet"
KEY_FILE = "judged.key"  # in the state folder
KEY_BYTES = 32
MOST_EXPLAINED = 500  # of the riskiest rows; reasons of calm customers are not read


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
        make_home(home)
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
    money: Money,
    customer_ids: tuple[str, ...],
    key: bytes,
) -> pa.Table:
    """The test rows of a run, as `JudgedRows` reads them.

    Args:
        bundle: of the run.
        test: rows that it had not learnt from.
        p: what was said of them.
        money: theirs.
        customer_ids: by the number that rows give a customer.
        key: makes pseudonyms.
    """
    pseudonyms = [
        blake2b(name.encode(), digest_size=16, key=key).hexdigest()
        for name in customer_ids
    ]
    columns = {
        "customer": pa.array([pseudonyms[number] for number in test.customer.tolist()]),
        "as_of": test.as_of,
        "label": test.label,
        "p": p,
        "segment": pa.array(segments_of(test).tolist(), pa.string()),
        "families": pa.array(_families(bundle, test, p), pa.list_(pa.string())),
        **money.columns(),
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
    return JudgedRows(
        key=np.array([f"{who}|{at}" for who, at in zip(names, as_of, strict=True)]),
        customer=np.asarray(customer.indices.to_numpy(), dtype=np.int64),
        label=column["label"],
        p=column["p"],
        segment=np.array(table["segment"].to_pylist(), dtype=object),
        money=of_columns(column, len(table)),
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
