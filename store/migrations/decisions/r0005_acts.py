"""What is to be done at the provider, and what came of it."""

from store.upgrade import run

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE TABLE acts (
    position INTEGER NOT NULL UNIQUE,  -- the order in which acts were planned
    act_id TEXT PRIMARY KEY,        -- of decision, kind and subscription
    run_id TEXT NOT NULL,           -- what was planned together
    decision_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,  -- empty: of no single one
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,           -- fraud, nonpayment, manual
    provider TEXT NOT NULL,
    policy_hash TEXT NOT NULL,
    n_approvals INTEGER NOT NULL,   -- people who must agree
    state TEXT NOT NULL,            -- planned, asked, done, withdrawn, failed
    planned_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,        -- not tried before
    n_attempts INTEGER NOT NULL,
    asked_at INTEGER,               -- the provider was asked first
    settled_at INTEGER,
    why TEXT,                       -- code of what kept it from being done
    proof TEXT,                     -- JSON: what the provider said afterwards
    is_reported INTEGER NOT NULL,   -- its row of `actions` arrived: 0 or 1
    ordered_by TEXT,                -- a person who ordered it: not checked again
    is_undone INTEGER NOT NULL,     -- its run was undone while it was under way
    lease TEXT,                     -- of whoever carries it out now
    leased_until INTEGER NOT NULL
) STRICT;
CREATE INDEX acts_due ON acts (due_at);
CREATE INDEX acts_of_customer ON acts (customer_id);
CREATE INDEX acts_of_run ON acts (run_id);
CREATE TABLE act_approvals (
    act_id TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (act_id, by_whom)
) STRICT, WITHOUT ROWID;
"""


def upgrade() -> None:
    run(TABLES)
