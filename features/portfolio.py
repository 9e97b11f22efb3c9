"""A portfolio: one reseller's events, checked, in normal form, ready to compute on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from features.errors import (
    IdsDoNotMatchError,
    MissingTableError,
    NoCustomersError,
    UnknownCustomerError,
)
from features.events import Events
from features.moments import local_day
from features.reading.cross_row_rules import Expelled
from features.reading.duck import run
from features.reading.duck_settings import IN_MEMORY, DuckSettings, connect
from features.reading.loading import load
from features.reading.observation import FAR_AHEAD_US
from features.reading.origin import open_source
from features.reading.parts import (
    CustomerPart,
    copy_of_part,
    customer_parts,
    rejected_of,
    sort_by_customer,
)
from features.reading.rejected_files import write_rejected
from features.reading.rejects import Reject
from features.reading.report import ValidationReport
from features.reading.settings_file import read_settings
from features.reading.slices import iter_slices
from features.reading.sources import MemorySource, Source
from features.settings import PortfolioSettings

_WHOLE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Portfolio:
    """All tables of the contract in normal form, in one DuckDB connection.

    Attributes:
        settings: of portfolio.yaml, with `tables` = those that were looked at.
        connection: the Ibis backend that holds `tables`.
        tables: every table of the contract (empty when absent) with every column
            (NULL when absent), those declared in the settings, and `superseded_at`.
        observed_until: microseconds since 1970 UTC up to which the data observe, by
            what portfolio.yaml says (of several tables: the earliest), else
            `latest_known_at`.
        observed: the same by table, of those that were looked at; payments no longer
            than their own latest known_at where nothing is said.
        rejected: by customer, the tables that rejected rows leave incomplete.
        expelled: by table, rows rejected by a rule between rows.
        latest_known_at: of all rows but snapshots, µs since 1970 UTC; 0 without rows.
        report: what was read, rejected and warned about.
        duck: where the tables are kept.
    """

    settings: PortfolioSettings
    connection: Any
    tables: Mapping[str, ir.Table]
    observed_until: int
    latest_known_at: int
    report: ValidationReport
    source: Source
    observed: Mapping[str, int]
    rejected: Mapping[str, frozenset[str]]
    expelled: Mapping[str, Expelled]
    duck: DuckSettings = IN_MEMORY

    @property
    def latest_moment(self) -> int:
        """The last moment that the data tell of, µs since 1970 UTC.

        That of the latest row, or what `observed_until` says where nothing happened
        since, for that moment is observed as well (where it begins a day of the
        portfolio's, the end of the day before). Not where it lies so far ahead that it
        is a slip of the pen.
        """
        zone, last = self.settings.zone, self.observed_until
        if local_day(last, zone) > local_day(last - 1, zone):
            last -= 1
        is_near = last <= self.latest_known_at + FAR_AHEAD_US
        return max(self.latest_known_at, last if is_near else 0)

    @classmethod
    def open(
        cls, folder: Path, duck: DuckSettings = IN_MEMORY, read_at: int | None = None
    ) -> Portfolio:
        """Read and check a portfolio folder. Writes nothing there.

        Args:
            folder: with portfolio.yaml and the tables.
            duck: where the tables are kept while this is worked on; with a new file,
                `parts` can be worked on apart, by other processes as well.
            read_at: the moment of reading, µs since 1970 UTC: what is dated a month or
                more later, apart from all else, is a slip of the pen. None: nobody
                says when it is, so nothing is.

        Raises:
            PortfolioError: if the portfolio cannot be used at all.
        """
        return _with_customers(cls.inspect(folder, duck, read_at))

    @classmethod
    def inspect(
        cls, folder: Path, duck: DuckSettings = IN_MEMORY, read_at: int | None = None
    ) -> Portfolio:
        """As `open`, but returned even without a single usable customer.

        Its report and its rejected rows say what to correct.

        Raises:
            PortfolioError: if the folder, its settings or a table cannot be read.
        """
        stated = read_settings(folder)
        source = open_source(folder, stated.origin, stated.settings)
        return _portfolio(source, stated.settings, stated.warnings, duck, read_at)

    @classmethod
    def open_usable(
        cls, folder: Path, duck: DuckSettings = IN_MEMORY, read_at: int | None = None
    ) -> Portfolio:
        """As `open`, but what `validate` calls unusable is refused.

        Where payments and invoices do not share their ids, everybody seems to owe
        what was paid: nothing may be learnt or decided from that.

        Raises:
            PortfolioError: if the portfolio cannot be used at all.
        """
        read = cls.open(folder, duck, read_at)
        if read.report.unusable:
            raise IdsDoNotMatchError("; ".join(read.report.unusable))
        return read

    @classmethod
    def from_tables(
        cls, tables: Mapping[str, pa.Table], settings: PortfolioSettings
    ) -> Portfolio:
        """A portfolio of tables in memory, checked as files are."""
        return _with_customers(_portfolio(MemorySource(tables), settings))

    @property
    def rejects(self) -> tuple[Reject, ...]:
        """Rows that break the contract, counted by rule."""
        return tuple(self.report.rejects)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd and breaks no rule."""
        return tuple(self.report.warnings)

    def write_rejects(self, out: Path) -> tuple[Path, ...]:
        """Write `out/rejected/TABLE.parquet`, rows as found with `rule` and `column`.

        Nothing is written unless asked. `out` is usually the portfolio's folder.
        """
        return write_rejected(self.source, self.settings, out, self.expelled)

    @cached_property
    def customer_ids(self) -> tuple[str, ...]:
        """Everyone in `customers`, in order."""
        ids = self.tables["customers"].select("customer_id").distinct()
        return tuple(ids.order_by("customer_id").to_pyarrow()[0].to_pylist())

    def events(self, customer_id: str) -> Events:
        """One customer's events.

        Raises:
            UnknownCustomerError: if no table has a row of this customer.
        """
        [events] = self.iter_events([customer_id])
        if not any(len(rows["known_at"]) for rows in events.tables.values()):
            raise UnknownCustomerError(f"no rows of customer {customer_id!r}")
        return events

    def iter_events(
        self,
        customer_ids: Iterable[str] | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> Iterator[Events]:
        """Events of many customers, in order of customer_id.

        Args:
            customer_ids: all by default.
            sources: by table SQL of the rows wanted; all of them by default.
        """
        ids = self.customer_ids if customer_ids is None else sorted(set(customer_ids))
        duckdb, settings = self.connection.con, self.settings
        return iter_slices(duckdb, ids, settings, self.rejected, sources or {})

    def parts(self, most_rows: int) -> list[CustomerPart]:
        """The customers in parts of about so many rows; one part without a file."""
        every = customer_parts(self.connection.con, most_rows)
        if self.duck.file is None and len(every) > 1:
            n_customers = sum(part.n_customers for part in every)
            n_rows = sum(part.n_rows for part in every)
            first, last = every[0].first, every[-1].last
            return [CustomerPart(first, last, n_customers, n_rows)]
        return every

    def part(self, part: CustomerPart, begins: Mapping[str, int] = _WHOLE) -> Portfolio:
        """The portfolio as if it had the customers of a part alone.

        How far the data observe, the latest moment and the report stay those of the
        whole, so that each customer is seen as within it.

        Args:
            part: of `parts`.
            begins: by table, before which moment (µs since 1970 UTC) nobody will look
                into its rows: one row stands for all of a customer's.
        """
        if self.duck.file is None:
            return self
        connection, tables = copy_of_part(self.duck, part, begins)
        rejected = rejected_of(self.rejected, part)
        nowhere = replace(self.duck, file=None)
        return replace(
            self,
            connection=connection,
            tables=tables,
            rejected=rejected,
            duck=nowhere,
        )

    @contextmanager
    def held_to(self, memory_mb: int) -> Iterator[None]:
        """Meanwhile no more than so many megabytes of the tables stay in memory.

        For as long as other processes read the same file: what this one has read of
        it DuckDB keeps otherwise, up to its whole limit. Nothing without a file.
        """
        if self.duck.file is None or self.duck.memory_mb is None:
            yield
            return
        run(self.connection.con, f"SET memory_limit = '{memory_mb}MB'")
        try:
            yield
        finally:
            run(self.connection.con, f"SET memory_limit = '{self.duck.memory_mb}MB'")

    def detached(self) -> Portfolio:
        """A copy without connection and source: what another process is given.

        Of its methods only `part` works, and only where there is a file.
        """
        return replace(
            self, connection=None, tables={}, source=MemorySource({}), expelled={}
        )

    @cached_property
    def quick_hashes(self) -> dict[str, str]:
        """By table what tells its rows from others, whatever their order.

        Of one release of DuckDB only, and not against those who mean to deceive.
        """
        sums = (
            f"SELECT '{name}', count(*), coalesce(sum(hash(t)::HUGEINT), 0), "  # noqa: S608
            f'coalesce(bit_xor(hash(t)), 0) FROM "{name}" t'
            for name in self.tables
        )
        rows = run(self.connection.con, " UNION ALL ".join(sums))
        return {name: f"{n} {total} {parity}" for name, n, total, parity in rows}

    @cached_property
    def content_hash(self) -> str:
        """sha256 over the normal form; order and duplicates of rows change nothing."""
        digest = hashlib.sha256()
        for name, rows in self.tables.items():
            n, total = _table_sum(self.connection, name, rows.columns)
            digest.update(f"{name} {n} {total}\n".encode())
        return digest.hexdigest()


def _portfolio(
    source: Source,
    settings: PortfolioSettings,
    warnings: Iterable[str] = (),
    duck: DuckSettings = IN_MEMORY,
    read_at: int | None = None,
) -> Portfolio:
    if "customers" not in source.tables:
        near = [text for text in source.warnings if "customers" in text]
        missing = "no table `customers`: the one table that must exist"
        raise MissingTableError("; ".join([missing, *near]))
    loaded = load(source, settings, read_at, duck)
    loaded.warnings[:0] = [*warnings, *source.warnings]
    seen = loaded.observation
    connection, tables = loaded.connection, loaded.tables
    if duck.file is not None:  # sorted, and from now on only read
        sort_by_customer(connection)
        connection.disconnect()
        connection = connect(duck, read_only=True)
        tables = {table: connection.table(table) for table in tables}
    return Portfolio(
        settings.model_copy(update={"tables": seen.tables}),
        connection,
        tables,
        seen.overall,
        max(loaded.latest.values(), default=0),
        loaded.report,
        source,
        seen.until,
        loaded.rejected,
        loaded.expelled,
        duck,
    )


def _with_customers(portfolio: Portfolio) -> Portfolio:
    """The portfolio.

    Raises:
        NoCustomersError: if no row of `customers` can be used.
    """
    if not portfolio.report.has_customers:
        raise NoCustomersError(portfolio.report)
    return portfolio


def _table_sum(connection: Any, table: str, columns: Iterable[str]) -> tuple[int, int]:  # noqa: ANN401
    """Rows and the sum of their digests, which no order of rows changes."""
    cells = ", ".join(f'coalesce("{c}"::VARCHAR, chr(0))' for c in columns)
    digest = f"md5_number_lower(concat_ws(chr(31), {cells}))"
    [[n, total]] = connection.con.execute(
        f'SELECT count(*), coalesce(sum({digest}::HUGEINT), 0) FROM "{table}"'  # noqa: S608
    ).fetchall()
    return int(n), int(total)
