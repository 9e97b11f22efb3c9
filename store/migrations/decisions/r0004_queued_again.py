"""Since when a message waits that is to be delivered again."""

from store.upgrade import run

revision = "0004"
down_revision = "0003"

# null: it waits, or waited, since it was written
QUEUED = "ALTER TABLE outbox ADD COLUMN queued_at INTEGER"


def upgrade() -> None:
    run(QUEUED)
