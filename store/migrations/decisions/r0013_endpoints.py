"""Messages of several endpoints, each with lanes of its own."""

from store.upgrade import run

revision = "0013"
down_revision = "0012"

# what was written before is for the one endpoint there was
ENDPOINTS = """
ALTER TABLE outbox ADD COLUMN endpoint TEXT NOT NULL DEFAULT 'default';
DROP INDEX outbox_waiting;
CREATE INDEX outbox_waiting ON outbox (endpoint, lane, position)
    WHERE state = 'waiting'
"""


def upgrade() -> None:
    run(ENDPOINTS)
