"""The page of documentation about the portfolio contract, made from the contract."""

from features.contract import CLOCK_SKEW_US, TABLES, ColumnSpec, TableSpec
from features.money import LARGEST, UNITS
from features.reading.rejects import WHAT_TO_DO

ABOUT = {
    "customers": "Who they are. A later row is a newer version of the customer.",
    "subscriptions": "What they bought, as a log.",
    "invoices": "Invoices, credit notes and write-offs; each document its own row.",
    "payments": "A log: the latest status other than `refunded` is the state.",
    "disputes": "Contested money and chargebacks: a log, as the reseller sees it.",
    "usage": "What the provider charges the reseller, a row per day or less.",
    "access": "Signs of who uses the account.",
    "links": "Another customer used the same instrument, device or address. Found from"
    " `payments` and `access` where the table is not there; in a request it is sent.",
    "alerts": "What a provider or a monitor reported, as a log.",
    "contacts": "Notices, replies, promises to pay, appeals.",
    "holds": "Reasons not to act.",
    "actions": "What was done about a customer, with its propensity.",
    "ageing": "A periodic report of what is owed.",
    "outcomes": "What became of it, where events do not tell.",
    "overrides": "What a person decided instead of what was recommended.",
    "snapshots": "Optional: `event_at` is a moment to score.",
}
NOTES = {
    "event_at": "when it happened",
    "known_at": "when we could know it; absent: `event_at`",
    "retracted": "true takes the row of this key back from its `known_at`",
    "currency": "ISO 4217; absent: the portfolio's; another one needs a rate",
    "customers.event_at": "absent: `known_at`, else `created_at`, else always",
    "customers.created_at": "absent: the first `known_at`",
    "customers.expected_lifetime_months": "remaining",
    "subscriptions.effective_at": "when it takes effect; absent: `event_at`",
    "subscriptions.quantity": "absent: 1",
    "subscriptions.unit_price": "per month; absent of a live license: what recurs is "
    "assumed from invoices, else unknown",
    "invoices.due_at": "required for an `invoice`",
    "invoices.amount": "0 is ignored",
    "invoices.applies_to": "the invoice a credit note or write-off reduces",
    "payments.amount": "of a refund: the part refunded",
    "payments.payment_id": "a retry is a new one",
    "payments.refund_id": "tells refunds of one payment apart; they add up",
    "payments.paid_by": "who paid, where it was not the customer whose invoice it is",
    "links.event_at": "when both had used it; of `fraud`: when the other was one, too",
    "links.other_id": "the other customer, or any pseudonym that stays; never shown",
    "links.shared_id": "what both used",
    "links.status": "`fraud`: the other is known as a fraud; a row beside `shared`",
    "links.is_earlier": "the other used it first",
    "contacts.notice": "its name in the policy",
    "contacts.until": "the date promised",
    "contacts.result": "of `appeal_closed`",
    "holds.until": "absent: no end",
    "overrides.action": "what was decided instead",
    "overrides.until": "how long that stands",
    "ageing.days_past_due": "absent: how late the balance is is unknown, and no stop",
    "ageing.paid": "since the last row",
    "ageing.state": "what the source says, free text",
    "usage.cost": "what the provider charges; negative is a correction",
}
# what the contract took up after its first version: where, what, and the decision
ADDED: tuple[tuple[str, str, str], ...] = (
    ("links", "the table", "0020-links-between-customers-are-a-table"),
    (
        "actions.action",
        "ends of measures, such as `end_limit_spending`",
        "0025-a-measure-beside-the-action",
    ),
    (
        "labels.fraud.maturity_days",
        "a number for each kind of evidence, or `observed`",
        "0021-labels-of-fraud-mature-by-their-evidence",
    ),
    (
        "labels.fraud.recorded_from",
        "since when fraud is recorded",
        "0008-readings-of-the-contract",
    ),
    (
        "derive_links",
        "whether links are found from payments and access",
        "0020-links-between-customers-are-a-table",
    ),
    ("source", "tables in a database, or in a bucket", "0018-a-source-is-sql"),
    ("columns", "one's own names, words, numbers and dates", "0018-a-source-is-sql"),
    (
        "dismissed",
        "rejected rows that a person has looked at",
        "0008-readings-of-the-contract",
    ),
    (
        "is_simulated",
        "no customer is real, said wherever numbers are",
        "0008-readings-of-the-contract",
    ),
    (
        "snapshots.warm_up_days",
        "days before the first moment that training looks at",
        "0008-readings-of-the-contract",
    ),
)
_KINDS = {
    "text": "text",
    "moment": "moment",
    "day": "moment or date",
    "money": "money",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "choice": "choice",
}
_HEAD = f"""\
# The portfolio contract: tables and columns

<!-- made by `make docs`; change the code, not this page -->

A portfolio is a folder with `portfolio.yaml` and one Parquet file per table
(`invoices.parquet`), one CSV file (`invoices.csv`), or a folder of either
(`invoices/*.parquet`, partitioned or not). Only `customers` must exist. The API
takes the same tables and columns as lists of JSON objects.

- **Moment**: UTC. In text ISO 8601 with offset (`2026-06-30T22:00:00Z`); a time
  without offset is an error. A plain date (`2026-06-30`) is the last microsecond
  of that day in the portfolio's time zone. So a payment dated today counts from the
  end of today: until then a notice may still go, and stops wait. Send the time of day
  where you know it.
- **Money**: major units, four decimal places, rounded half-even; at most
  {LARGEST // UNITS:,}; not negative unless said.
- **Boolean**: true and false, also as text, or 1 and 0.
- **Empty text** is a missing value. Unknown extra columns are ignored, with a warning.
- **Key**: of rows with one key the latest known stands; a correction is a new row
  with the same key and a later `known_at`. Of two rows with one key and one
  `known_at` the one that sorts last counts, and the answer or `validate` warns:
  compared column by column in the order below, missing first, numbers and moments by
  size, texts by their characters. So of two amounts the larger counts, if nothing
  before them differs.
- `known_at` may precede `event_at` by {CLOCK_SKEW_US // 60_000_000} minutes (skew);
  a clock time within the day of a plain-date `event_at` counts as that day's end.

Columns in **bold** are required.
"""


def contract_page() -> str:
    """The page as Markdown."""
    tables = "\n".join(_table(table) for table in TABLES.values())
    return f"{_HEAD}\n{tables}\n{_added()}\n{_rules()}"


def _added() -> str:
    rows = "\n".join(
        f"| `{where}` | {what} | [{int(adr[:4])}](adr/{adr}.md) |"
        for where, what, adr in ADDED
    )
    return (
        "## What was added since the first version\n\n"
        "Tables and columns here, keys in [portfolio.yaml](portfolio.md). What the "
        "service keeps beside them (decisions, acts, letters, monitoring) is listed in "
        "[store-tables.md](store-tables.md).\n\n"
        f"| where | what | ADR |\n|---|---|---|\n{rows}\n"
    )


def _table(table: TableSpec) -> str:
    rows = "\n".join(_column(table.name, column) for column in table.columns)
    return (
        f"## {table.name}\n\n{ABOUT[table.name]}\n\nKey: {_key(table)}\n\n"
        f"| column | kind | values and notes |\n|---|---|---|\n{rows}\n"
    )


def _key(table: TableSpec) -> str:
    names = []
    for name in table.key:
        others = table.key_unless.get(name, ())
        without = " and ".join(f"`{other}`" for other in others)
        names.append(f"`{name}`" + (f" (without {without})" if without else ""))
    return " + ".join(names)


def _column(table: str, column: ColumnSpec) -> str:
    name = f"**{column.name}**" if column.is_required else column.name
    notes = [" ".join(f"`{choice}`" for choice in column.choices)]
    if column.is_open:
        notes.append("anything else is kept as `other`")
    if column.default is not None:
        notes.append(f"absent: `{column.default}`")
    if column.kind == "money" and column.may_be_negative:
        notes.append("may be negative")
    notes.append(NOTES.get(f"{table}.{column.name}", NOTES.get(column.name, "")))
    meaning = "; ".join(note for note in notes if note)
    return f"| {name} | {_KINDS[column.kind]} | {meaning} |"


def _rules() -> str:
    rows = "\n".join(f"| `{rule}` | {advice} |" for rule, advice in WHAT_TO_DO.items())
    return (
        "## Why a row is rejected\n\nGood rows go on. Bad rows are counted, and go to "
        "`rejected/TABLE.parquet` with the rule's name when asked (`forbear validate` "
        "writes them as CSV beside it, too). An example names the first of them by the "
        "number that a spreadsheet shows: in CSV and Excel the header is row 1 (lines "
        "of CSV without a value are not counted).\n\n"
        f"| rule | what to do |\n|---|---|\n{rows}\n"
    )
