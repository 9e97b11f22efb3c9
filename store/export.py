"""Decisions as Parquet, for people who ask many questions of them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from store.database import Database
from store.decisions import Decision
from store.sealing import unsealed

_STEP = 500
_RECORDED = """
SELECT position, decisions.decision_id, sealed, data_key FROM chain
JOIN decisions ON decisions.decision_id = chain.decision_id
JOIN customers ON customers.customer_id = decisions.customer_id
WHERE position > ? AND decisions.recorded_at >= ? AND decisions.recorded_at < ?
ORDER BY position LIMIT ?
"""
_MOMENT = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [
        pa.field("decision_id", pa.string(), nullable=False),
        pa.field("recorded_at", _MOMENT, nullable=False),
        pa.field("as_of", _MOMENT, nullable=False),
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("action", pa.string()),
        pa.field("notices_due", pa.list_(pa.string()), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("key_id", pa.string(), nullable=False),
        pa.field("idempotency_key", pa.string()),
        pa.field("policy_hash", pa.string(), nullable=False),
        pa.field("retain_until", _MOMENT),
        pa.field("versions", pa.string(), nullable=False),
        pa.field("prior_decisions", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
    ]
)


def export(database: Database, file: Path, since: int, before: int) -> int:
    """Write what was recorded in [since, before) to `file`; how many decisions.

    In the order of recording; JSON stays JSON. Moments: microseconds since 1970 UTC.

    Raises:
        OSError: it cannot be written, such as on a full disk; nothing is left of it.
    """
    n_decisions = 0
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.touch(mode=0o600)
    try:
        with pq.ParquetWriter(unfinished, SCHEMA, compression="zstd") as writer:
            for decisions in _pages(database, since, before):
                rows = [_row(decision) for decision in decisions]
                writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
                n_decisions += len(rows)
        unfinished.replace(file)
    except OSError as error:  # Arrow's own names no file and quotes itself
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(error.errno, reason, str(file)) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return n_decisions


def _pages(database: Database, since: int, before: int) -> Iterator[list[Decision]]:
    position = 0
    while rows := database.rows(_RECORDED, position, since, before, _STEP):
        yield [unsealed(*row[1:]) for row in rows]
        position = rows[-1][0]


def _row(decision: Decision) -> dict[str, Any]:
    values = {name: getattr(decision, name) for name in SCHEMA.names}
    return values | {
        "answer": decision.answer.decode(),
        "notices_due": list(decision.notices_due),
    }
