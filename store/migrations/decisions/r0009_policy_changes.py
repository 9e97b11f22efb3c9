"""Changes of the policy that people tried, and who agreed to them."""

from store.upgrade import run

revision = "0009"
down_revision = "0008"

TABLES = """
CREATE TABLE policy_changes (
    change_id TEXT PRIMARY KEY,
    author_id TEXT NOT NULL,        -- of the key; a change needs another one's consent
    author TEXT NOT NULL,
    tried_at INTEGER NOT NULL,
    base_hash TEXT NOT NULL,        -- the policy it was tried against
    text TEXT NOT NULL,
    state TEXT NOT NULL,            -- tried, submitted, published, refused
    reason TEXT,                    -- the author's, when it was submitted
    decided_by TEXT,
    decided_at INTEGER,
    decision_reason TEXT
) STRICT;
CREATE INDEX policy_changes_by_time ON policy_changes (tried_at);
"""


def upgrade() -> None:
    run(TABLES)
