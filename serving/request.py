"""From the bytes of a request to one customer's events, or to what is wrong."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationError,
)
from pydantic_core import from_json

from features.contract import TABLES
from features.events import Events
from features.moments import MomentError, microseconds
from features.reading.json_rows import read_body
from features.reading.rejects import what_to_do
from features.reading.request_warnings import noticed
from features.reading.row_reader import BrokenRow
from features.reading.rows import read_rows
from features.settings import PortfolioSettings
from serving.errors import MOST_ERRORS, ProblemError, form_problem
from serving.form_words import pointer
from serving.language import Language

Rows = list[dict[str, Any]]
_NO_EVENTS = frozenset({"snapshots"})  # a table of portfolios, not of customers
EVENT_TABLES = frozenset(TABLES) - _NO_EVENTS

_BEGINS_WITH_A_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _written(value: object) -> object:
    """A number, also one in quotes, would pass as seconds since 1970."""
    if not isinstance(value, str) or _BEGINS_WITH_A_DATE.match(value) is None:
        raise ValueError("write ISO 8601 with offset, as text")
    return value


def _in_range(moment: datetime) -> datetime:
    try:
        is_in_range = microseconds(moment) >= 0
    except MomentError:
        is_in_range = False
    if not is_in_range:
        raise ValueError("moments lie between 1970 and 2200")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_range)]


def _is_a_table(name: str) -> str:
    if name not in EVENT_TABLES:
        raise ValueError(f"tables are {', '.join(sorted(EVENT_TABLES))}")
    return name


EventTable = Annotated[str, AfterValidator(_is_a_table)]


def _kind_of_observed(value: object) -> str:
    return "[by table]" if isinstance(value, dict) else "[moment]"


# one kind alone is tried, so that what is wrong is said of what was sent
Observed = Annotated[
    Annotated[Moment, Tag("[moment]")]
    | Annotated[dict[EventTable, Moment], Tag("[by table]")],
    Discriminator(_kind_of_observed),
]


# a NUL ends a text for some readers: two customers would be one
CustomerId = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")
]


class ScoreRequest(BaseModel):
    """One customer and everything known about them, or what was sent before.

    An empty list says "there are none"; a table left out says "we did not look", and
    what was not looked at is unknown, never zero.
    """

    model_config = ConfigDict(extra="forbid")

    customer_id: CustomerId
    as_of: Moment | None = Field(
        default=None,
        description="the moment to score for; only what was known then counts."
        " Absent: now. Not in the future.",
    )
    observed_until: Observed | None = Field(
        default=None,
        description="how far your data observe, or a map by table; absent: as_of. Data"
        " older than the policy accepts mean no decision, an older table no stop.",
    )
    counterfactuals: bool = Field(
        default=False,
        strict=True,
        description="also say what would change the action; costs several scorings",
    )
    explain: Literal["action", "always"] = Field(
        default="action",
        description="when reasons are given: where `action` is not none, or always",
    )
    language: Language | None = Field(
        default=None,
        description="of the answer's sentences; absent: of the header Accept-Language,"
        " else English",
    )
    events: dict[str, Rows] | None = Field(
        default=None,
        description="rows by table, named and typed as in the portfolio contract."
        " Absent: what POST /v1/events was sent about the customer",
    )

    _read: Events | None = PrivateAttr(default=None)  # rows that were plain
    # tables and columns of these rows that the contract does not know
    _unknown: tuple[tuple[str, str], ...] = PrivateAttr(default=())

    def observed(self) -> tuple[datetime | None, Mapping[str, datetime]]:
        """How far all of the data observe, and single tables where the request says."""
        if isinstance(self.observed_until, dict):
            return None, self.observed_until
        return self.observed_until, {}


def parse_request(
    body: bytes, settings: PortfolioSettings | None = None
) -> ScoreRequest:
    """The form of a request, and with `settings` its rows where they are plain.

    Raises:
        ProblemError: the body is not JSON or has another form.
    """
    rows = None if settings is None else read_body(body, settings)
    request = _formed(body if rows is None else rows.rest)
    if rows is not None:
        if rows.named not in (None, request.customer_id):
            return parse_request(body)  # which says in which row
        request.events = {table: [] for table in rows.tables}
        request._read = rows.events(request.customer_id)
        request._unknown = rows.unknown
    if request.events is None and request.observed_until is not None:
        raise ProblemError(
            "invalid_request",
            "how far stored events observe is said with them, as `observed`",
            errors=[{"pointer": "/observed_until", "rule": "without_events"}],
        )
    if unknown := sorted((request.events or {}).keys() - EVENT_TABLES):
        raise ProblemError(
            "invalid_request",
            f"tables are {', '.join(sorted(EVENT_TABLES))}",
            errors=[
                {
                    "pointer": pointer(("events", name)),
                    "rule": "unknown_table",
                    "table": name,
                }
                for name in unknown[:MOST_ERRORS]
            ],
        )
    return request


def _formed(body: bytes) -> ScoreRequest:
    try:
        content = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise ProblemError("malformed_json", str(error)) from error
    events = content.get("events") if type(content) is dict else None
    if has_rows := _are_rows(events):
        content["events"] = {}  # whose cells are read later, one by one
    try:
        request = ScoreRequest.model_validate(content)
    except ValidationError as error:
        raise form_problem(error) from error
    if has_rows:
        request.events = events
    return request


def _are_rows(events: object) -> bool:
    """Whether it has the form of rows by table, as JSON has it."""
    return (
        type(events) is dict
        and {list}.issuperset(map(type, events.values()))
        and {dict}.issuperset(map(type, chain.from_iterable(events.values())))
    )


def as_of_moment(request: ScoreRequest, skew_s: float) -> datetime:
    """The moment to score for, UTC.

    Raises:
        ProblemError: if it lies further ahead than clocks differ.
    """
    now = datetime.now(UTC)
    if request.as_of is None:
        return now
    if request.as_of > now + timedelta(seconds=skew_s):
        detail = f"as_of is ahead of this service's clock ({now.isoformat()})"
        raise ProblemError("as_of_in_future", detail)
    return request.as_of


def read_events(
    request: ScoreRequest, settings: PortfolioSettings
) -> tuple[Events, tuple[str, ...]]:
    """The request's rows in normal form, and warnings about what is odd in them.

    One bad row refuses the request: a score that silently lost rows would be wrong
    in a way nobody sees.

    Raises:
        ProblemError: listing row, column and rule of each bad row.
    """
    sent = request.events or {}
    if request._read is not None:
        ignored = _ignored(request._unknown)
        return request._read, (*ignored, *noticed(request._read, sent.keys()))
    events, broken, warnings = read_rows(request.customer_id, sent, settings)
    if broken:
        detail = (
            f"rows that break the contract: {len(broken)}; correct or leave them out"
        )
        broken.sort(key=lambda row: (row.table, row.number))
        listed = [_row_error(row) for row in broken[:MOST_ERRORS]]
        raise ProblemError("invalid_rows", detail, errors=listed)
    odd = (*warnings, *noticed(events, sent.keys()))
    return events, (*ignored_columns(request, settings), *odd)


def _row_error(row: BrokenRow) -> Mapping[str, Any]:
    return {
        "pointer": f"/events/{row.table}/{row.number}/{row.column}",
        "table": row.table,
        "row": row.number,
        "column": row.column,
        "rule": row.rule,
        "message": what_to_do(row.table, row.rule, row.column),
    }


def ignored_columns(
    request: ScoreRequest, settings: PortfolioSettings
) -> tuple[str, ...]:
    """A warning for each column the contract does not know."""
    unknown = set()
    for table, rows in (request.events or {}).items():
        known = {column.name for column in settings.columns[table]}
        unknown |= {(table, name) for name in set().union(*rows) - known}
    return _ignored(unknown)


def _ignored(columns: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    named = [f"ignored_column:{table}.{name}" for table, name in sorted(columns)]
    return tuple(named[:MOST_ERRORS])
