"""Decisions, the documents they were made with, budget slots and keys.

Files of an earlier build have some of these tables already.
"""

from store.upgrade import run

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE IF NOT EXISTS decisions (
    decision_id TEXT PRIMARY KEY,
    recorded_at INTEGER NOT NULL,
    as_of INTEGER NOT NULL,
    customer_id TEXT NOT NULL,
    action TEXT,
    notices_due TEXT NOT NULL,      -- JSON: names
    language TEXT NOT NULL,
    request BLOB NOT NULL,
    answer BLOB NOT NULL,
    versions TEXT NOT NULL,
    prior_decisions TEXT NOT NULL,
    policy_hash TEXT NOT NULL,
    key_id TEXT NOT NULL,
    idempotency_key TEXT,
    request_sha256 BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS decisions_idempotency
    ON decisions (key_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS decisions_customer ON decisions (customer_id, as_of);
CREATE TABLE IF NOT EXISTS documents (
    document_hash TEXT PRIMARY KEY,
    content TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS budget_slots (
    slot_id INTEGER PRIMARY KEY,    -- rises in the order of commits
    kind TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    as_of INTEGER NOT NULL,
    decision_id TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS budget_slots_taken
    ON budget_slots (kind, as_of, customer_id);
CREATE TABLE IF NOT EXISTS keys (
    number NUMBERED PRIMARY KEY,    -- rises in the order they were made
    key_id TEXT NOT NULL UNIQUE,
    content TEXT NOT NULL,          -- JSON: what is known about the key
    secret_sha256 BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS proofs (
    proven_at INTEGER NOT NULL,
    ballast BLOB NOT NULL
) STRICT;
INSERT INTO proofs SELECT 0, CAST('' AS BLOB) WHERE NOT EXISTS (SELECT * FROM proofs);
"""


def upgrade() -> None:
    run(TABLES)
