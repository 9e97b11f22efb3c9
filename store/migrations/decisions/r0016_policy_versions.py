"""The policies that people put in force, the latest of which decides everywhere."""

from store.upgrade import run

revision = "0016"
down_revision = "0015"

TABLES = """
CREATE TABLE policy_versions (
    version NUMBERED PRIMARY KEY,
    policy_hash TEXT NOT NULL,
    reference TEXT NOT NULL,
    text TEXT NOT NULL,             -- the whole file
    author TEXT NOT NULL,
    approver TEXT NOT NULL,
    reason TEXT NOT NULL,
    published_at INTEGER NOT NULL
) STRICT;
"""


def upgrade() -> None:
    run(TABLES)
