"""Whom a person should look at, what was put off, and who is signed in at the desk."""

from store.upgrade import run

revision = "0008"
down_revision = "0007"

TABLES = """
CREATE TABLE waiting (
    customer_id TEXT PRIMARY KEY,
    decision_id TEXT NOT NULL,      -- the last one about the moment it was made in
    as_of INTEGER NOT NULL,
    topic TEXT NOT NULL,            -- what a person is needed for
    action TEXT,                    -- recommended; null: no decision
    gain INTEGER,                   -- ten-thousandths; null: not known
    place INTEGER NOT NULL,         -- the greater ones come first
    due_at INTEGER,
    expires_at INTEGER NOT NULL     -- of the decision
) STRICT;
CREATE INDEX waiting_ranked ON waiting (place DESC, customer_id);
CREATE INDEX waiting_of_topic ON waiting (topic, place DESC, customer_id);
CREATE INDEX waiting_of_decision ON waiting (decision_id);
CREATE TABLE snoozes (
    customer_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    by_whom TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (customer_id, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX snoozes_until ON snoozes (until);
CREATE TABLE desk_sessions (
    token_sha256 BLOB PRIMARY KEY,
    holder TEXT NOT NULL,           -- JSON: the key, or what a token said
    expires_at INTEGER NOT NULL
) STRICT;
"""


def upgrade() -> None:
    run(TABLES)
