"""What a challenger would have said of recorded decisions."""

from store.upgrade import run

revision = "0015"
down_revision = "0014"

# `position`: of the chain, up to which decisions were looked at
TABLE = """
CREATE TABLE shadows (
    shadow_id TEXT PRIMARY KEY,
    champion TEXT NOT NULL,
    challenger TEXT NOT NULL,
    since BIGINT NOT NULL,
    position BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    first_at BIGINT,
    last_at BIGINT,
    n BIGINT NOT NULL,
    n_failed BIGINT NOT NULL,
    n_different BIGINT NOT NULL,
    stops_before BIGINT NOT NULL,
    stops_after BIGINT NOT NULL,
    content TEXT NOT NULL
)
"""


def upgrade() -> None:
    run(TABLE)
