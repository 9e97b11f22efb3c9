"""Decisions are sealed under a key per customer, and a chain runs through them."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from store.chain import Tip, link
from store.decisions import Decision
from store.sealing import new_key, seal
from store.upgrade import run

revision = "0002"
down_revision = "0001"

BEFORE = """
DROP INDEX decisions_idempotency;
DROP INDEX decisions_customer;
ALTER TABLE decisions RENAME TO open_decisions;
"""
TABLES = """
CREATE TABLE customers (
    customer_id TEXT PRIMARY KEY,
    data_key BLOB NOT NULL          -- destroyed with the customer
) STRICT;
CREATE TABLE sealed_decisions (
    decision_id TEXT PRIMARY KEY,
    recorded_at INTEGER NOT NULL,
    as_of INTEGER NOT NULL,
    customer_id TEXT NOT NULL,
    action TEXT,
    notices_due TEXT NOT NULL,      -- JSON: names
    key_id TEXT NOT NULL,
    idempotency_key TEXT,
    retain_until INTEGER,
    erasure_waits_for TEXT NOT NULL,    -- JSON: why it may not be erased yet
    sealed BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX decisions_idempotency
    ON sealed_decisions (key_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX decisions_customer ON sealed_decisions (customer_id, as_of);
CREATE INDEX decisions_retained ON sealed_decisions (retain_until);
CREATE TABLE chain (
    position INTEGER PRIMARY KEY,
    decision_id TEXT UNIQUE,        -- null: a removal
    recorded_at INTEGER NOT NULL,
    commitment BLOB NOT NULL,
    removal TEXT,                   -- JSON: which decisions, and why
    link BLOB NOT NULL
) STRICT;
"""
AFTER = """
DROP TABLE open_decisions;
ALTER TABLE sealed_decisions RENAME TO decisions;
"""
_OLD = """
SELECT decision_id, recorded_at, as_of, customer_id, action, notices_due, language,
    request, answer, versions, prior_decisions, policy_hash, key_id, idempotency_key,
    request_sha256 FROM open_decisions ORDER BY recorded_at, decision_id
"""
_SEALED = """
INSERT INTO sealed_decisions (decision_id, recorded_at, as_of, customer_id, action,
    notices_due, key_id, idempotency_key, retain_until, erasure_waits_for, sealed)
VALUES (:decision_id, :recorded_at, :as_of, :customer_id, :action, :notices_due,
    :key_id, :idempotency_key, :retain_until, '[]', :sealed)
"""
_CHAINED = """
INSERT INTO chain (position, decision_id, recorded_at, commitment, link)
VALUES (:position, :decision_id, :recorded_at, :commitment, :link)
"""
_KEY = "INSERT INTO customers (customer_id, data_key) VALUES (:customer_id, :data_key)"


def upgrade() -> None:
    run(BEFORE)
    run(TABLES)
    database, keys, last = op.get_bind(), dict[str, bytes](), Tip()
    old = database.execute(sa.text(_OLD), execution_options={"yield_per": 500})
    for row in old.mappings():
        if row["customer_id"] not in keys:
            key = keys[row["customer_id"]] = new_key()
            named = {"customer_id": row["customer_id"], "data_key": key}
            database.execute(sa.text(_KEY), named)
        retained = _retain_until(json.loads(row["answer"]))
        decision = _decision(dict(row), retained)
        sealed = seal(decision, keys[decision.customer_id])
        last = link(last, decision.decision_id, decision.recorded_at, sealed.commitment)
        kept = {**row, "retain_until": retained, "sealed": sealed.content}
        database.execute(sa.text(_SEALED), kept)
        entry = last._asdict() | {"commitment": sealed.commitment}
        database.execute(sa.text(_CHAINED), {**row, **entry})
    run(AFTER)


def _decision(row: dict[str, Any], retain_until: int | None) -> Decision:
    row["notices_due"] = tuple(json.loads(row["notices_due"]))
    for name in ("request", "answer", "request_sha256"):
        row[name] = bytes(row[name])
    return Decision(**row, retain_until=retain_until, erasure_waits_for=())


def _retain_until(answer: dict[str, Any]) -> int | None:
    """The end of the day the answer named, everywhere on earth."""
    text = (answer.get("follow_up") or answer).get("retain_until")
    if text is None:
        return None
    day = date.fromisoformat(text) + timedelta(days=1)
    end = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return round(end.timestamp()) * 1_000_000
