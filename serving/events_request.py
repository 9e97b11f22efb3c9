"""From the bytes of a batch of events to rows that are kept, and what is wrong.

A row that breaks a rule of the contract is rejected and kept all the same: it takes
part in nothing, and its customer is known to be incomplete until a good row of the same
key arrives or a person dismisses it. What nobody can say whose it is, is not kept.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json, to_json

from features.moments import microseconds
from features.reading.cells import CellError, read_text
from features.reading.observation import MOST_UNREADABLE
from features.reading.rejects import what_to_do
from features.reading.row_reader import RowError
from features.reading.row_versions import KNOWN_AT, Cells
from features.reading.rows import broken_rule, good_cells, same_key_warning
from features.settings import PortfolioSettings
from serving.ahead import HAPPENED, dated_ahead, latest_at
from serving.errors import ProblemError, form_problem
from serving.request import EventTable, Moment, Rows
from serving.shared_rows import SharedRow, numbers_in
from store.events import EVERYBODY, ArrivedRow, DismissedRow, ObservedTable

MOST_ROWS = 10_000  # of one batch
MOST_ERRORS = 1_000  # rejected rows named in one answer
LONGEST_CUSTOMER_ID = 200
_DIGEST_BYTES = 16  # no two rows share them by chance

Row = Mapping[str, Any]


class EventsRequest(BaseModel):
    """Rows of any customers, and how far tables are complete."""

    model_config = ConfigDict(extra="forbid")

    customer_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_CUSTOMER_ID,
        pattern=r"^[^\x00]*[^\s\x00][^\x00]*$",
        description="whose rows these are, where they name no customer themselves;"
        " `observed` is then about this customer alone",
    )
    events: dict[EventTable, Rows] = Field(
        default_factory=dict,
        description="rows by table, named and typed as in the portfolio contract; at"
        f" most {MOST_ROWS} in all",
    )
    observed: dict[EventTable, Moment] = Field(
        default_factory=dict,
        description="tables that are complete with this batch, and up to when; of all"
        " customers unless `customer_id` names one. What nobody vouched for within the"
        " policy's `stale_hours` was not looked at. Not in the future.",
    )


class RejectedRow(BaseModel):
    """A row that was not accepted; rows count from 0."""

    table: str
    row: int
    column: str
    rule: str
    message: str
    pointer: str
    reject_id: str | None = Field(
        description="names the row where a person dismisses it; null where it was not"
        " kept, because nobody can say whose it is"
    )


class EventsAnswer(BaseModel):
    """What became of a batch; durable when it is answered."""

    sequence: int = Field(description="of the batch; rises with every batch")
    accepted: int = Field(
        description="rows that keep the contract's rules, `repeated` ones among them"
    )
    rejected: int = Field(description="rows that break one")
    repeated: int = Field(description="rows, of either kind, that were here before")
    errors: list[RejectedRow] = Field(
        description=f"the rejected rows, the first {MOST_ERRORS}"
    )
    shared: list[SharedRow] = Field(
        default_factory=list,
        description="rows, among the accepted ones, that do not count: they bear a"
        " number, or name an invoice, of another customer. Both customers are"
        " incomplete until one of the rows is taken back (`retracted`) or dismissed;"
        " of at most 100 numbers",
    )
    warnings: list[str]


@dataclass
class CheckedBatch:
    """A batch read row by row.

    Args:
        accepted: how many rows of each table keep the contract's rules.
        rejected: how many of each table break one, by the rule.
        ahead: how many of each table are good, and dated ahead of `latest`.
        latest: from when on what a row tells of cannot have happened.
    """

    accepted: Counter[str] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    ahead: Counter[str] = field(default_factory=Counter)
    latest: int = field(default_factory=lambda: latest_at(datetime.now(UTC)))
    kept: list[ArrivedRow] = field(default_factory=list)
    observed: list[ObservedTable] = field(default_factory=list)
    dismissed: list[DismissedRow] = field(default_factory=list)
    errors: list[RejectedRow] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """JSON: what the sender is told, but for what only the store knows."""
        answer = EventsAnswer(
            sequence=0,
            accepted=self.accepted.total(),
            rejected=self.rejected.total(),
            repeated=0,
            errors=self.errors,
            warnings=self.warnings,
        )
        return answer.model_dump_json()


def parse_events(body: bytes, skew_s: float) -> EventsRequest:
    """Raises ProblemError when the body is not JSON or has another form."""
    try:
        content = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise ProblemError("malformed_json", str(error)) from error
    try:
        request = EventsRequest.model_validate(content)
    except ValidationError as error:
        raise form_problem(error) from error
    n_rows = sum(map(len, request.events.values()))
    if n_rows > MOST_ROWS:
        detail = f"at most {MOST_ROWS} rows in one batch, these are {n_rows}"
        raise ProblemError("too_many_rows", detail)
    latest = datetime.now(UTC) + timedelta(seconds=skew_s)
    ahead = [table for table, until in request.observed.items() if until > latest]
    if ahead:
        raise ProblemError(
            "invalid_request",
            "nobody can have looked further than now",
            errors=[
                {"pointer": f"/observed/{table}", "rule": "observed_in_future"}
                for table in ahead
            ],
        )
    return request


def check_batch(request: EventsRequest, settings: PortfolioSettings) -> CheckedBatch:
    """Every row by the rules of the contract, as a request's rows are."""
    checked = CheckedBatch()
    n_nobodys: Counter[str] = Counter()
    for table, rows in sorted(request.events.items()):
        known = {column.name for column in settings.columns[table]}
        n_before = len(checked.kept)
        good = _check_rows(checked, table, rows, request.customer_id, settings, known)
        n_nobodys[table] = len(rows) - (len(checked.kept) - n_before)
        ignored = sorted({name for row in rows for name in row} - known)
        checked.warnings += [f"ignored_column:{table}.{name}" for name in ignored[:100]]
        if (warning := same_key_warning(table, good.values(), settings)) is not None:
            checked.warnings.append(warning)
        if table in HAPPENED and checked.ahead[table]:
            checked.warnings.append(dated_ahead(table, checked.ahead[table]))
    checked.observed = list(_vouched(request, n_nobodys, checked.warnings))
    return checked


def _check_rows(
    checked: CheckedBatch,
    table: str,
    rows: Rows,
    sender_says: str | None,
    settings: PortfolioSettings,
    known: set[str],
) -> dict[str, list[Cells]]:
    """Adds what becomes of the rows of a table; returns the good ones by customer."""
    seen: Counter[bytes] = Counter()
    good: dict[str, list[Cells]] = {}
    for number, row in enumerate(rows):
        kept, error, cells = _read(table, row, sender_says, settings, known, seen)
        if kept is not None:
            checked.kept.append(kept)
            if cells is not None:
                good.setdefault(kept.customer_id, []).append(cells)
                is_ahead = cells[KNOWN_AT] > checked.latest
                checked.ahead[table] += is_ahead and not row.get("retracted")
        if error is None:
            checked.accepted[table] += 1
            continue
        checked.rejected[table, error.rule] += 1
        if len(checked.errors) < MOST_ERRORS:
            checked.errors.append(_rejected(table, number, error, kept))
    return good


class _ReadRow(NamedTuple):
    """A row as it is kept, None where it is nobody's; the rule it breaks, or cells."""

    kept: ArrivedRow | None
    broken: RowError | None
    cells: Cells | None


def _read(
    table: str,
    row: Row,
    sender_says: str | None,
    settings: PortfolioSettings,
    known: set[str],
    seen: Counter[bytes],
) -> _ReadRow:
    """A row by the rules of the contract."""
    try:
        customer_id = _whose(row, sender_says)
    except CellError as error:
        return _ReadRow(None, RowError(error.rule, "customer_id"), None)
    if customer_id is None or not customer_id.strip():
        return _ReadRow(None, RowError("empty_customer_id", "customer_id"), None)
    if len(customer_id) > LONGEST_CUSTOMER_ID:
        return _ReadRow(None, RowError("customer_id_too_long", "customer_id"), None)
    cells = good_cells(table, customer_id, row, settings)
    broken = None if cells else broken_rule(table, customer_id, row, settings)
    # a good row names its customer once; a rejected one may name somebody else
    dropped = {"customer_id"} if broken is None else set()
    content = {
        name: row[name]
        for name in sorted(row.keys() & known - dropped)
        if row[name] is not None
    }
    text = to_json(content)
    digest = _digest(table, text)
    if broken is None and _adds_up(table, row):
        seen[digest] += 1
        if seen[digest] > 1:
            digest = _digest(table, text, b"%d" % seen[digest])
    # a row that breaks a rule on its own is nobody's number
    numbers = () if broken else numbers_in(table, row, settings)
    kept = ArrivedRow(customer_id, table, digest, text.decode(), numbers)
    return _ReadRow(kept, broken, cells)


def _whose(row: Row, sender_says: str | None) -> str | None:
    """The customer whom a row names, else the one whom its sender names for all."""
    try:
        named = read_text(row.get("customer_id"))
    except CellError:
        if sender_says is None:
            raise
        return sender_says  # where the row is kept as one that breaks a rule
    return named if named and named.strip() else sender_says


def _digest(*parts: str | bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        digest.update((part.encode() if isinstance(part, str) else part) + b"\0")
    return digest.digest()


def _adds_up(table: str, row: Row) -> bool:
    """Equal refunds of one batch that no refund_id tells apart are several refunds.

    Sent again with the next batch they are the same ones again.
    """
    is_refund = table == "payments" and row.get("status") == "refunded"
    return is_refund and row.get("refund_id") is None


def _rejected(
    table: str, number: int, error: RowError, kept: ArrivedRow | None
) -> RejectedRow:
    return RejectedRow(
        table=table,
        row=number,
        column=error.column,
        rule=error.rule,
        message=what_to_do(table, error.rule, error.column),
        pointer=f"/events/{table}/{number}/{error.column}",
        reject_id=None if kept is None else kept.digest.hex(),
    )


def _vouched(
    request: EventsRequest, n_nobodys: Mapping[str, int], warnings: list[str]
) -> Iterator[ObservedTable]:
    """Of a table with rows of unknown customers nobody can say what it says."""
    customer_id = request.customer_id or EVERYBODY
    for table, until in request.observed.items():
        if n_nobodys[table] > MOST_UNREADABLE * len(request.events.get(table, ())):
            warnings.append(
                f"not_vouched:{table}: {n_nobodys[table]} rows do not say whose they"
                " are; correct them and say `observed` again"
            )
        else:
            yield ObservedTable(customer_id, table, microseconds(until))
