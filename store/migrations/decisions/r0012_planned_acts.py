"""Acts that wait are found without reading those that are over."""

from store.upgrade import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run("CREATE INDEX acts_planned ON acts (position) WHERE state = 'planned'")
