"""What monitoring found, and the alarms that stop automation."""

from store.upgrade import run

revision = "0006"
down_revision = "0005"

TABLES = """
CREATE TABLE monitoring_runs (
    run_id TEXT PRIMARY KEY,        -- rises with time
    at INTEGER NOT NULL,
    as_of INTEGER NOT NULL,         -- how far the portfolio reached
    portfolio TEXT NOT NULL,
    content TEXT NOT NULL           -- JSON: the numbers of the report
) STRICT;
CREATE TABLE monitoring_alarms (
    alarm_id TEXT PRIMARY KEY,      -- rises with time
    clock TEXT NOT NULL,            -- inputs, scores, early_outcomes, mature_outcomes
    code TEXT NOT NULL,             -- what rang
    subject TEXT NOT NULL,          -- of which column, table or target
    why TEXT NOT NULL,
    raised_at INTEGER NOT NULL,
    last_run_id TEXT NOT NULL,      -- the last run that saw its cause
    released_at INTEGER,            -- null: it stops automation
    released_by TEXT,
    reason TEXT
) STRICT;
CREATE INDEX monitoring_standing ON monitoring_alarms (alarm_id)
    WHERE released_at IS NULL;
"""


def upgrade() -> None:
    run(TABLES)
