"""Stripe's exports as CSV: of the Dashboard's pages, of Sigma, of the balance report.

Each row becomes the object that the API would have returned (`sql/exports.sql`). The
moments that are read are UTC.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from importing.errors import UnreadableFileError
from importing.report import BadRow
from importing.stripe.export_columns import BALANCE, DASHBOARD, REQUIRED, SIGMA, TABLES
from importing.table_files import AMOUNT, header, stage_tables, table_named
from importing.unread import keep_unread

# a page of the Dashboard is known by a column that only its export has
_PAGES = {
    "amount refunded": "dashboard_payments",
    "amount due": "dashboard_invoices",
    "interval": "dashboard_subscriptions",
    "delinquent": "dashboard_customers",
    "email": "dashboard_customers",
}
# columns that must be chosen, though a cell may be empty
_CHOSEN = {
    "dashboard_payments": ("id", "amount refunded", "customer id", "invoice id"),
    "dashboard_invoices": ("customer", "due date (utc)"),
    "dashboard_subscriptions": ("quantity", "amount", "canceled at (utc)"),
}
_KINDS = {
    "dashboard_payments": {"charge", "refund"},
    "dashboard_invoices": {"invoice"},
    "dashboard_subscriptions": {"subscription"},
    "dashboard_customers": {"customer"},
    "sigma_charges": {"charge"},
    "sigma_refunds": {"refund"},
    "sigma_disputes": {"dispute"},
    "sigma_invoices": {"invoice"},
    "sigma_credit_notes": {"credit_note"},
    "sigma_customers": {"customer"},
    "sigma_subscriptions": {"subscription"},
    "sigma_early_fraud_warnings": {"radar.early_fraud_warning"},
    "balance_report": {"refund"},
}


def stage_exports(
    connection: Any, files: Sequence[Path]
) -> tuple[set[str], list[BadRow]]:
    """Make a table of each form of export; empty where no file is of that form.

    Returns:
        The kinds of object that were asked for, and the rows that were left out.

    Raises:
        UnreadableFileError: a file that is none of Stripe's exports.
    """
    headers = {file: header(connection, file) for file in files}
    forms = {file: _form(file, names) for file, names in headers.items()}
    _, bad = stage_tables(connection, files, TABLES, REQUIRED, forms.__getitem__)
    kinds = set[str]().union(*(_KINDS.get(form, set()) for form in forms.values()))
    if any("dispute status" in names for names in headers.values()):
        kinds.add("dispute")
    return kinds, bad


def finer_than_currency(connection: Any) -> list[BadRow]:
    """Remove rows whose amount has more decimals than its currency, and name them.

    `12.345` of a currency without decimals are thousands in some browsers. A price of
    one unit may be a fraction of the smallest coin; below 1 it is no thousands.
    """
    bad = []
    for table, columns in (DASHBOARD | BALANCE).items():
        least = 1 if table == "dashboard_subscriptions" else 0
        for column in (name for name, type_ in columns.items() if type_ == AMOUNT):
            own = column.replace("amount", "currency")
            currency = own if own != column and own in columns else "currency"
            is_finer = (
                f'abs("{column}") >= {least} AND '
                f'"{column}" * units_of({currency}) % 1 <> 0'
            )
            unread = f"SELECT file, row, to_json(t) FROM {table} AS t WHERE {is_finer}"
            keep_unread(connection, table, unread)
            rows = connection.execute(
                f"DELETE FROM {table} WHERE {is_finer} RETURNING file, row"
            ).fetchall()
            problem = "has more decimals than its currency"
            bad += [BadRow(file, row, column, problem) for file, row in sorted(rows)]
    return bad


def _sigma_table(file: Path, names: frozenset[str]) -> str:
    """The table that the file's name ends with; else what its columns are is said."""
    try:
        return table_named(file, SIGMA)
    except UnreadableFileError as error:
        first = ", ".join(sorted(names)[:3])[:80]
        raise UnreadableFileError(
            f"no page of the Dashboard has the columns of {file.name} ({first}, …; are "
            f"commas between them?), and of Sigma: {error}"
        ) from error


def _form(file: Path, names: frozenset[str]) -> str:
    if {"reporting_category", "gross"} <= names:
        return "balance_report"
    pages = [page for column, page in _PAGES.items() if column in names]
    if not pages or "created" in names:
        return f"sigma_{_sigma_table(file, names)}"
    if not any(name.endswith("(utc)") for name in names):
        raise UnreadableFileError(
            f"{file.name} has no moment in UTC: choose UTC as the time zone when you "
            "export it, and the column of the date"
        )
    absent = [name for name in _CHOSEN.get(pages[0], ()) if name not in names]
    if absent:
        raise UnreadableFileError(
            f"{file.name} has no column {', '.join(absent)}: choose all columns when "
            "you export it"
        )
    return pages[0]
