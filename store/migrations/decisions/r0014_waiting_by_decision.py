"""Who waits is read page by page from where the page before ended."""

from store.upgrade import run

revision = "0014"
down_revision = "0013"

# a decision's id names a place in the ranking; a customer's would stand in addresses
INDEXES = """
DROP INDEX waiting_ranked;
DROP INDEX waiting_of_topic;
CREATE INDEX waiting_ranked ON waiting (place, decision_id);
CREATE INDEX waiting_of_topic ON waiting (topic, place, decision_id, customer_id)
"""


def upgrade() -> None:
    run(INDEXES)
