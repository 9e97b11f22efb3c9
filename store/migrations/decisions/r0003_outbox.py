"""Messages that wait to be delivered, and who read what where files are not shared."""

from store.upgrade import run

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE outbox (
    position INTEGER PRIMARY KEY,   -- rises in the order of commits
    message_id TEXT NOT NULL UNIQUE,
    lane TEXT NOT NULL,             -- the customer; empty: heads of the chain
    decision_id TEXT,               -- null: `content` is what is delivered
    content TEXT,
    state TEXT NOT NULL,            -- waiting, delivered, dead
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,        -- not tried before
    n_attempts INTEGER NOT NULL,
    last_failure TEXT,
    lease TEXT,                     -- of whoever delivers it now
    leased_until INTEGER NOT NULL,
    settled_at INTEGER              -- when it was delivered, or given up
) STRICT;
CREATE INDEX outbox_waiting ON outbox (lane, position) WHERE state = 'waiting';
CREATE INDEX outbox_settled ON outbox (state, settled_at);
CREATE TABLE access_log (
    entry_id TEXT PRIMARY KEY,      -- rises with time
    at TEXT NOT NULL,
    key_id TEXT,
    what TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT;
"""


def upgrade() -> None:
    run(TABLES)
