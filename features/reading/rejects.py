"""Rows that broke a rule, counted per table, rule and column.

An example says where to look. Its value is shown only for amounts and closed
lists; of anything else only the shape (digits as 9, letters as a), because a
misplaced cell may hold personal data.
"""

import re
from dataclasses import dataclass

from features.contract import TABLES
from features.reading.excel_errors import ERROR_MARK

_SHOWN = frozenset(
    {
        "amount_too_large",
        "key_of_two_customers",
        "negative_amount",
        "other_customers_invoice",
        "time_out_of_range",
        "unknown_choice",
        "unknown_currency",
    }
)
_SHAPED = frozenset({"bad_time", "naive_time", "bad_number", "bad_boolean", "bad_text"})
_LONGEST = 40  # characters of an example

_IN_YAML = "; a file's own way is said under `columns:` in portfolio.yaml"
WHAT_TO_DO = {
    "missing_required": "fill the cell, or leave the row out",
    "empty_customer_id": "every row needs the id of its customer",
    "customer_id_too_long": "a customer_id that a service is sent has at most 200 "
    "characters",
    "bad_text": "write text or a whole number",
    "bad_time": "write ISO 8601 such as 2026-06-30T22:00:00Z, or a date 2026-06-30"
    f"{_IN_YAML} (`format`); where Excel shows a number (46203), give the column the "
    "format of a date there",
    "naive_time": "add the offset: 2026-06-30T22:00:00Z or …+02:00"
    f"{_IN_YAML} (`timezone`)",
    "bad_number": "write digits with a decimal point, no thousands separators"
    f"{_IN_YAML} (`decimal`, `thousands`)",
    "bad_boolean": "write true, false, 1 or 0",
    "unknown_choice": "use a value of the contract's list",
    "time_out_of_range": "moments lie between 1970 and 2200; leave out what is not set",
    "negative_amount": "amounts here are 0 or more",
    "amount_too_large": "amounts go up to 100 billion major units",
    "known_before_event": "known_at may precede event_at by at most 5 minutes: "
    "correct the one that is wrong, or leave known_at out",
    "key_of_two_customers": "give each customer's rows their own number, or say "
    "`keys: per_customer` in portfolio.yaml if numbers are unique within a customer",
    "other_customers_invoice": "put the row under the customer whose invoice it names; "
    "who paid goes into `paid_by`",
    "unknown_currency": "write a code of ISO 4217 in capitals, and add its rate to "
    "`rates` in portfolio.yaml; who calls a service sends the amount in the "
    "portfolio's currency, or asks who runs it",
    "due_at_missing": "an invoice needs the date on which it is due",
    "missing_column": "add the column, or say under `columns:` in portfolio.yaml "
    "which of yours it is",
    "malformed_row": "give each line as many cells as the header",
    "other_customer": "send one customer's rows at a time",
    "unknown_table": "use a table of the contract",
}


# where a table has more to say than the rule alone
_IN_TABLE = {
    ("negative_amount", "invoices"): "a credit note or a write-off is a row of its own "
    "`kind`, with a positive amount",
    ("negative_amount", "payments"): "money given back is a row of status `refunded`, "
    "with a positive amount",
    ("missing_required", "overrides"): "say what was decided, by whom, why, until when",
}


def what_to_do(table: str, rule: str, column: str) -> str:
    """Advice for whoever sent a row; names only what the table has.

    >>> what_to_do("disputes", "unknown_choice", "status")
    'use one of opened, won, lost, withdrawn'
    """
    name = rule.partition(":")[0]
    if name == "unknown_choice" and table in TABLES:
        return f"use one of {', '.join(TABLES[table].column(column).choices)}"
    return _IN_TABLE.get((name, table), WHAT_TO_DO[name])


@dataclass(frozen=True, slots=True)
class Reject:
    """`n` rows of `table` broke `rule` in `column`; `example` is the first."""

    table: str
    rule: str
    n: int
    example: str
    column: str = ""

    @property
    def what_to_do(self) -> str:
        """Advice for whoever sent the row."""
        return what_to_do(self.table, self.rule, self.column)


class RejectCounter:
    """Counts rejected rows; keeps the first of each kind as the example."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str, str], tuple[int, str]] = {}

    def add(
        self, table: str, rule: str, column: str, where: str, value: object, n: int = 1
    ) -> None:
        """Count `n` rows that break a rule."""
        counted = self._counted.get((table, rule, column))
        before, example = counted or (0, f"{where}{_example(rule, value)}")
        self._counted[table, rule, column] = before + n, example

    def rejects(self) -> tuple[Reject, ...]:
        """What was counted, a line per table, rule and column."""
        return tuple(
            Reject(table, rule, n, example, column)
            for (table, rule, column), (n, example) in self._counted.items()
        )


def _example(rule: str, value: object) -> str:
    if value is None or rule not in _SHOWN | _SHAPED:
        return ""
    text = str(value)[:_LONGEST]
    if text.startswith(f"{ERROR_MARK}#"):
        return f": Excel's error {text[1:]}; mend the cell's formula"
    if rule in _SHAPED:
        text = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))
        return f": pattern {text!r} (9 any digit, a any letter)"
    return f": {text!r}"
