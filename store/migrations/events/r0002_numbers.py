"""Numbers that rows bear or name, to find one of two customers; a count of the rows.

Rows that were kept before take part from when they are sent again.
"""

from store.upgrade import run

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE TABLE event_numbers (
    number BLOB NOT NULL,           -- a hash of the table and the number
    customer_id TEXT NOT NULL,
    table_name TEXT NOT NULL,
    digest BLOB NOT NULL,           -- of the row
    sequence INTEGER NOT NULL,
    PRIMARY KEY (number, customer_id, table_name, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_numbers_customer ON event_numbers (customer_id);
CREATE TABLE event_shared (
    customer_id TEXT NOT NULL,
    number BLOB NOT NULL,
    sequence INTEGER NOT NULL,      -- of what changed who bears or names it
    PRIMARY KEY (customer_id, number, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_shared_sequence ON event_shared (sequence);
CREATE TABLE event_state (
    n_rows INTEGER NOT NULL,        -- of event_rows: counting them takes long
    proven_at INTEGER NOT NULL,     -- when it was last proven that rows can be kept
    ballast BLOB NOT NULL
) STRICT;
INSERT INTO event_state SELECT count(*), 0, CAST('' AS BLOB) FROM event_rows;
"""


def upgrade() -> None:
    run(TABLES)
