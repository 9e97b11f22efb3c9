"""Which portfolio an alarm is of, where several share a store."""

from store.upgrade import run

revision = "0011"
down_revision = "0010"

COLUMN = "ALTER TABLE monitoring_alarms ADD COLUMN portfolio TEXT NOT NULL DEFAULT ''"
OF_THE_RUN = """
UPDATE monitoring_alarms SET portfolio = COALESCE((
    SELECT portfolio FROM monitoring_runs WHERE run_id = last_run_id
), '')
"""


def upgrade() -> None:
    run(COLUMN)
    run(OF_THE_RUN)
