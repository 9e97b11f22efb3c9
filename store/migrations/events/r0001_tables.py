"""Events. A customer's rows lie together, so one read finds them all.

Files of an earlier build have these tables already.
"""

from store.upgrade import run

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE IF NOT EXISTS event_batches (
    sequence INTEGER PRIMARY KEY,   -- rises in the order of commits
    arrived_at INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    idempotency_key TEXT,
    request_sha256 BLOB NOT NULL,
    n_known INTEGER NOT NULL,
    summary TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS event_batches_idempotency
    ON event_batches (key_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE TABLE IF NOT EXISTS event_rows (
    customer_id TEXT NOT NULL,
    table_name TEXT NOT NULL,
    digest BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (customer_id, table_name, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS event_rows_sequence ON event_rows (sequence);
CREATE TABLE IF NOT EXISTS event_observed (
    customer_id TEXT NOT NULL,      -- empty: all customers
    table_name TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    observed_until INTEGER NOT NULL,
    PRIMARY KEY (customer_id, table_name, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS event_observed_sequence ON event_observed (sequence);
CREATE TABLE IF NOT EXISTS event_dismissed (
    customer_id TEXT NOT NULL,
    digest BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (customer_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS event_dismissed_sequence ON event_dismissed (sequence);
CREATE TABLE IF NOT EXISTS event_erasures (
    sequence INTEGER PRIMARY KEY    -- whose rows these were is erased as well
) STRICT;
"""


def upgrade() -> None:
    run(TABLES)
