"""Letters to customers, what they replied, and every policy that was in force."""

from store.upgrade import run

revision = "0007"
down_revision = "0006"

TABLES = """
CREATE TABLE letters (
    position INTEGER NOT NULL UNIQUE,  -- the order in which letters were planned
    letter_id TEXT PRIMARY KEY,     -- of what it tells of, and its kind
    customer_id TEXT NOT NULL,
    kind TEXT NOT NULL,             -- notice, answer
    notice TEXT NOT NULL,           -- its name in the policy; empty: it is none
    about_id TEXT NOT NULL,         -- the decision, or the reply that it answers
    channel TEXT NOT NULL,          -- as the policy names it
    policy TEXT NOT NULL,           -- name@version
    policy_hash TEXT NOT NULL,
    state TEXT NOT NULL,            -- planned, sending, handed_out, sent, delivered,
                                    -- bounced, withdrawn, failed
    planned_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,        -- not tried before
    n_attempts INTEGER NOT NULL,
    sent_at INTEGER,
    ended_at INTEGER,               -- delivered, bounced, withdrawn or given up
    why TEXT,                       -- code of what kept it from being sent
    proof TEXT,                     -- JSON: what the carrier said
    content TEXT,                   -- JSON: the letter as it was sent
    is_reported INTEGER NOT NULL,   -- its rows of contacts arrived: 0 or 1
    lease TEXT,                     -- of whoever sends it now
    leased_until INTEGER NOT NULL
) STRICT;
CREATE INDEX letters_due ON letters (due_at);
CREATE INDEX letters_of_customer ON letters (customer_id);
CREATE TABLE replies (
    position INTEGER NOT NULL UNIQUE,
    reply_id TEXT PRIMARY KEY,
    letter_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    kind TEXT NOT NULL,             -- promise, dispute, appeal
    language TEXT NOT NULL,
    filed_at INTEGER NOT NULL,
    invoice_id TEXT,
    amount TEXT,                    -- major units, as it was written
    until TEXT,                     -- a day: of a promise
    content TEXT NOT NULL,          -- the customer's own words
    is_counted INTEGER NOT NULL,    -- its row is among the events: 0 or 1
    decided_at INTEGER,             -- of an appeal
    decided_by TEXT,
    result TEXT,                    -- upheld, denied
    reasons TEXT,
    instead_until TEXT,             -- a day: an override stands until its end
    is_reported INTEGER NOT NULL    -- the end of the appeal is among the events
) STRICT;
CREATE INDEX replies_of_customer ON replies (customer_id);
CREATE TABLE policies (
    policy_hash TEXT PRIMARY KEY,
    reference TEXT NOT NULL,        -- name@version
    since INTEGER NOT NULL,         -- when a service took it up first
    content TEXT NOT NULL
) STRICT;
"""


def upgrade() -> None:
    run(TABLES)
