"""What is to give access back is found without reading what is over."""

from store.upgrade import run

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run(
        "CREATE INDEX acts_restorations ON acts (position) WHERE kind = 'restore'"
        " AND state IN ('planned', 'asked', 'failed')"
    )
