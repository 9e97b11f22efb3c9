"""What a measure sets, alerts that were read, and how far service requests are."""

from store.upgrade import run

revision = "0010"
down_revision = "0009"

# of a spending limit, in ten-thousandths of the currency the provider bills in
AMOUNT = "ALTER TABLE acts ADD COLUMN amount INTEGER"
TABLES = """
CREATE TABLE provider_alerts (
    provider TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    status TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,  -- empty: the provider names none
    content TEXT,                   -- the row of `alerts`; null: sent, or erased
    seen_at INTEGER NOT NULL,
    is_sent INTEGER NOT NULL,       -- the row arrived, or never will: 0 or 1
    why TEXT,                       -- the rule by which the row was refused
    PRIMARY KEY (provider, alert_id, status)
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_of_customer ON provider_alerts (customer_id);
CREATE TABLE request_changes (
    act_id TEXT NOT NULL,           -- that opened the request
    state TEXT NOT NULL,            -- sent, answered, closed
    at INTEGER NOT NULL,
    number TEXT NOT NULL,           -- the provider's own
    by_whom TEXT NOT NULL,          -- empty: the provider was asked
    result TEXT,                    -- what the answer says of the customer
    strength TEXT,                  -- of that result
    is_reported INTEGER NOT NULL,   -- its row arrived among the events: 0 or 1
    PRIMARY KEY (act_id, state)
) STRICT, WITHOUT ROWID;
"""


def upgrade() -> None:
    run(AMOUNT)
    run(TABLES)
