"""Customers as the stored events show them: hot ones are kept in memory.

What is kept of a customer is what a request with the same rows would be read to. It is
true as of a sequence of the store of events; whatever arrives later, here or by another
process, drops it.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from pydantic_core import from_json

from advice.advisor import Advisor
from advice.kept_customer import KeptCustomer
from features.events import Events
from features.moments import microseconds, to_datetime
from features.reading.observation import stated_none
from features.reading.request_warnings import noticed
from features.reading.rows import ReadRows, empty_tables, read_rows
from features.settings import PortfolioSettings
from serving.champions import InForce
from serving.decide import Question, read_question
from serving.errors import ProblemError
from serving.language import Language
from serving.prior_decisions import StoredEvents
from serving.request import EVENT_TABLES, ScoreRequest
from serving.shared_rows import CountedRows, settled
from store.events import EVERYBODY, EventReader, KeptRow, Observed

MOST_ROWS = 30_000  # of one customer: as many as the largest request can hold
_EVERY_ROW = 2**31 - 1
_ROW_BYTES = 500  # of a row in an account, about
_MOST_CHANGES = 1_000  # customers; where more changed nothing is kept
# what a person decided or found out is known to whoever it was sent to, whoever vouches
# for the rest; but one outcome does not say that all outcomes were looked at
_KNOWN_ANYWAY = frozenset({"overrides", "outcomes"})
_LOOKED_AT_ANYWAY = frozenset({"overrides"})


class _Seen(NamedTuple):
    """A customer by the tables that were looked at."""

    events: Events
    warnings: tuple[str, ...]
    kept: KeptCustomer


@dataclass
class _Customer:
    """One customer's rows as read, and what was said of this customer alone.

    `seen` is what was last asked: with the tables that were looked at.
    """

    advisor: Advisor
    read: ReadRows
    own: Mapping[str, Observed]
    tables_with_rows: frozenset[str]
    rows_sha256: str
    n_bytes: int
    seen: dict[tuple[frozenset[str], frozenset[str]], _Seen] = field(
        default_factory=dict
    )
    _complete: tuple[Mapping[str, Observed], Mapping[str, datetime]] | None = None

    def complete_until(self, of_all: Mapping[str, Observed]) -> Mapping[str, datetime]:
        """Up to when each table is complete, by the statement that arrived last."""
        if self._complete is None or self._complete[0] is not of_all:
            words = dict(of_all)
            for table, word in self.own.items():
                words[table] = max(word, words.get(table, word))
            ordered = sorted(words.items())
            until = {table: to_datetime(word.until) for table, word in ordered}
            self._complete = of_all, until
        return self._complete[1]


class StoredCustomers:
    """Asks the store of events; keeps the customers asked about last.

    Args:
        reader: of the store of events.
        limit_bytes: how much is kept, about; 0 keeps nothing. `n_bytes` is kept now.
    """

    def __init__(self, reader: EventReader, limit_bytes: int) -> None:
        self._reader = reader
        self._limit_bytes, self.n_bytes = limit_bytes, 0
        self._kept: OrderedDict[str, _Customer] = OrderedDict()
        self._lock = Lock()  # a request with a large body is read in a thread
        self._sequence = -1  # nothing was read so far
        self._of_all: Mapping[str, Observed] = {}

    def question(
        self,
        request: ScoreRequest,
        in_force: InForce,
        as_of: datetime,
        language: Language,
    ) -> Question:
        """The question a request without events asks, of what is stored now.

        Raises:
            ProblemError: nothing is stored of this customer, or too much.
            StoreUnavailableError: the store cannot be read.
        """
        advisor, customer_id = in_force.advisor, request.customer_id
        with self._lock:
            self._read_on()
            customer = self._kept.get(customer_id)
            if customer is None or customer.advisor is not advisor:
                self._drop(customer_id)
                customer = _load(self._reader, customer_id, advisor, self._sequence)
                self._keep(customer_id, customer)
            else:
                self._kept.move_to_end(customer_id)
            known = customer, self._of_all, self._sequence
        return _question(*known, request, in_force, as_of, language)

    def is_stored(self, customer_id: str) -> bool:
        """Whether anything is stored of a customer now.

        Raises:
            StoreUnavailableError: the store cannot be read.
        """
        with self._lock:
            self._read_on()
            return customer_id in self._kept or bool(
                self._reader.rows(customer_id, self._sequence, 1)
            )

    def _read_on(self) -> None:
        """Forget whatever something arrived about."""
        changes = self._reader.changes(max(self._sequence, 0), _MOST_CHANGES)
        if changes.sequence == self._sequence:
            return
        is_first = self._sequence < 0
        changed = changes.customer_ids
        if changed is None or is_first or EVERYBODY in changed:
            self._of_all = self._reader.observed(EVERYBODY, changes.sequence)
        if changed is None:
            self._kept.clear()
            self.n_bytes = 0
        else:
            for customer_id in changed:
                self._drop(customer_id)
        self._sequence = changes.sequence

    def _drop(self, customer_id: str) -> None:
        dropped = self._kept.pop(customer_id, None)
        self.n_bytes -= 0 if dropped is None else dropped.n_bytes

    def _keep(self, customer_id: str, customer: _Customer) -> None:
        self._kept[customer_id] = customer
        self.n_bytes += customer.n_bytes
        while self.n_bytes > self._limit_bytes:
            oldest, _ = next(iter(self._kept.items()))
            self._drop(oldest)


def question_of(
    request: ScoreRequest,
    customers: StoredCustomers,
    in_force: InForce,
    as_of: datetime,
    language: Language,
) -> Question:
    """The question of a request, with its own events or the stored ones.

    Raises:
        ProblemError: rows of the request break the contract, or nothing is stored.
        StoreUnavailableError: the store of events cannot be read.
    """
    if request.events is None:
        return customers.question(request, in_force, as_of, language)
    return read_question(request, in_force, as_of, language)


def question_then(
    request: ScoreRequest,
    reader: EventReader,
    sequence: int,
    in_force: InForce,
    as_of: datetime,
    language: Language,
) -> Question:
    """The question as it was asked at a sequence of the store, for a replay.

    Raises:
        ProblemError: nothing of the customer is stored of that time any more.
        StoreUnavailableError: the store of events cannot be read.
    """
    customer = _load(reader, request.customer_id, in_force.advisor, sequence)
    of_all = reader.observed(EVERYBODY, sequence)
    return _question(customer, of_all, sequence, request, in_force, as_of, language)


def question_of_all(
    customer_id: str, reader: EventReader, in_force: InForce, as_of: datetime
) -> Question:
    """About everything stored of a customer, as if all of it had been vouched for.

    Raises:
        StoreUnavailableError: the store of events cannot be read.
    """
    settings, sequence = in_force.advisor.settings, reader.last_sequence()
    rows = reader.rows(customer_id, sequence, _EVERY_ROW)
    return Question(
        events=read_rows(customer_id, _decoded(rows), settings).events,
        as_of=as_of,
        tables=EVENT_TABLES,
        has_contacts=True,
        observed_until=None,
        observed={},
        with_counterfactuals=False,
        explains_none=False,
        language="en",
        warnings=(),
    )


def unknown_customer() -> ProblemError:
    """Nothing was ever sent about a customer."""
    detail = "no event of this customer is stored; send them to POST /v1/events"
    return ProblemError("unknown_customer", detail)


def _load(
    reader: EventReader, customer_id: str, advisor: Advisor, until: int
) -> _Customer:
    rows = reader.rows(customer_id, until, MOST_ROWS + 1)
    if not rows:
        raise unknown_customer()
    if len(rows) > MOST_ROWS:
        detail = f"more than {MOST_ROWS} rows are stored of this customer"
        raise ProblemError("too_many_rows", detail)
    arrived = frozenset(row.table for row in rows)
    own = settled(reader, customer_id, rows, until, advisor.settings)
    read = _read(customer_id, own, advisor.settings)
    n_chars = sum(len(row.content) for row in rows)
    return _Customer(
        advisor=advisor,
        read=read,
        own=reader.observed(customer_id, until),
        tables_with_rows=arrived,
        rows_sha256=_named(rows, own),
        n_bytes=_size(read.events) + 2 * n_chars + _ROW_BYTES * len(rows),
    )


def _read(customer_id: str, own: CountedRows, settings: PortfolioSettings) -> ReadRows:
    """The rows that count, and what is incomplete for those that do not."""
    events, broken, warnings = read_rows(customer_id, _decoded(own.rows), settings)
    if not own.broken and not own.incomplete:
        return ReadRows(events, broken, warnings)
    events = replace(events, rejected=events.rejected | own.incomplete)
    return ReadRows(events, [*broken, *own.broken], warnings)


def _named(rows: Sequence[KeptRow], own: CountedRows) -> str:
    """A hash that tells these rows, and what comes of them, from others."""
    named = sha256(b"".join(row.digest for row in rows))
    if own.broken or own.incomplete:
        kept = b"".join(row.digest for row in own.rows)
        named.update(kept + " ".join(sorted(own.incomplete)).encode())
    return named.hexdigest()


def _decoded(rows: Sequence[KeptRow]) -> dict[str, list[dict[str, Any]]]:
    by_table: dict[str, list[str]] = {}
    for row in rows:
        by_table.setdefault(row.table, []).append(row.content)
    return {
        table: from_json(f"[{','.join(contents)}]")
        for table, contents in by_table.items()
    }


def _size(events: Events) -> int:
    """Bytes of the columns, about; their texts are counted with the rows."""
    columns = (c for table in events.tables.values() for c in table.values())
    return sum(column.nbytes for column in columns if isinstance(column, np.ndarray))


def _question(
    customer: _Customer,
    of_all: Mapping[str, Observed],
    sequence: int,
    request: ScoreRequest,
    in_force: InForce,
    as_of: datetime,
    language: Language,
) -> Question:
    advisor = in_force.advisor
    terms = advisor.policy.in_force(as_of) or advisor.policy.latest
    observed = {
        table: until
        for table, until in customer.complete_until(of_all).items()
        if as_of - until <= terms.stale_after
    }
    none = (
        stated_none(advisor.settings, microseconds(as_of)) - customer.tables_with_rows
    )
    # what was said to be empty takes no part in the warnings, as in a request
    vouched, arrived = frozenset(observed), customer.tables_with_rows
    with_rows = vouched | (_KNOWN_ANYWAY & arrived)
    tables = vouched | (_LOOKED_AT_ANYWAY & arrived) | none
    events, warnings, kept = _seen(customer, with_rows, tables)
    return Question(
        events=events,
        as_of=as_of,
        tables=tables,
        has_contacts="contacts" in observed,
        observed_until=None,
        observed=observed,
        with_counterfactuals=request.counterfactuals,
        explains_none=request.explain == "always",
        language=language,
        warnings=warnings,
        stored=StoredEvents(sequence, customer.rows_sha256),
        kept=kept,
    )


def _seen(
    customer: _Customer, with_rows: frozenset[str], tables: frozenset[str]
) -> _Seen:
    """The customer by the tables looked at; of the last ones it is kept.

    Rows of other tables count no more than in a request that leaves their table out;
    but one that was rejected stays rejected.
    """
    if (with_rows, tables) not in customer.seen:
        customer.seen.clear()
        events, warnings = _restricted(customer, with_rows)
        kept = customer.advisor.kept_customer(events, tables)
        customer.seen[with_rows, tables] = _Seen(events, warnings, kept)
    return customer.seen[with_rows, tables]


def _restricted(
    customer: _Customer, tables: frozenset[str]
) -> tuple[Events, tuple[str, ...]]:
    all_rows, broken, warnings = customer.read
    nothing = empty_tables(customer.advisor.settings)
    columns = {
        name: rows if name in tables else nothing[name]
        for name, rows in all_rows.tables.items()
    }
    events = Events(all_rows.customer_id, columns, all_rows.rejected)
    counted = Counter(row.table for row in broken)
    rejected = [
        f"rejected_rows:{table}: {counted[table]}; they break the contract, and the"
        " customer is incomplete until they are corrected"
        if counted[table]
        else f"rejected_rows:{table}: of another customer, whose row bears or names a"
        " number of this one; both are incomplete until it is corrected"
        for table in sorted(all_rows.rejected)
    ]
    odd = [text for text in warnings if text.split(":")[1] in tables]
    return events, (*rejected, *odd, *noticed(events, tables))
