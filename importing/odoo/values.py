"""What Odoo's words mean in the contract; from the selections of its models."""

from importing.source import ValueMap

MOVE_STATES = {"draft": None, "posted": "posted", "cancel": None}
MOVES = {
    "out_invoice": "document",
    "out_refund": "document",
    "out_receipt": "document",
    "in_invoice": "document",
    "in_refund": "document",
    "in_receipt": "document",
    "entry": "entry",
}
JOURNALS = {
    "bank": "money",
    "cash": "money",
    "credit": "money",
    "sale": "other",
    "purchase": "other",
    "general": "other",
}

MAPS = (
    ValueMap(
        name="move_state",
        view="account_move",
        column="state",
        meanings=MOVE_STATES,
        protects=True,
    ),
    ValueMap(
        name="move_kind",
        view="account_move",
        column="move_type",
        meanings=MOVES,
        protects=True,
    ),
    ValueMap(
        name="journal_kind", view="account_journal", column="type", meanings=JOURNALS
    ),
)
