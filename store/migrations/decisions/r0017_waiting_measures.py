"""Whoever waits is listed with the measure that is recommended beside the action."""

from store.upgrade import run

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run("ALTER TABLE waiting ADD COLUMN measure TEXT")  # null: none
