"""A portfolio: one reseller's events, checked, in normal form, ready to compute on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
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
from features.reading.cross_row_rules import Expelled
from features.reading.database import DatabaseSource
from features.reading.loading import load
from features.reading.mapping import wanted_columns
from features.reading.origin import open_source
from features.reading.rejected_files import write_rejected
from features.reading.rejects import Reject
from features.reading.report import ValidationReport
from features.reading.settings_file import read_settings
from features.reading.slices import iter_slices
from features.reading.sources import MemorySource, Source
from features.settings import PortfolioSettings


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

    @classmethod
    def open(cls, folder: Path) -> Portfolio:
        """Read and check a portfolio folder. Writes nothing.

        Raises:
            PortfolioError: if the portfolio cannot be used at all.
        """
        return _with_customers(cls.inspect(folder))

    @classmethod
    def inspect(cls, folder: Path) -> Portfolio:
        """The same, but without a single usable customer it is returned all the same.

        Its report and its rejected rows say what to correct.

        Raises:
            PortfolioError: if the folder, its settings or a table cannot be read.
        """
        stated = read_settings(folder)
        source = open_source(folder, stated.origin, stated.settings)
        return _portfolio(source, stated.settings, stated.warnings)

    @classmethod
    def open_usable(cls, folder: Path) -> Portfolio:
        """The same, but what `validate` calls unusable is refused.

        Where payments and invoices do not share their ids, everybody seems to owe
        what was paid: nothing may be learnt or decided from that.

        Raises:
            PortfolioError: if the portfolio cannot be used at all.
        """
        read = cls.open(folder)
        if read.report.unusable:
            raise IdsDoNotMatchError("; ".join(read.report.unusable))
        return read

    @classmethod
    def from_tables(
        cls, tables: Mapping[str, pa.Table], settings: PortfolioSettings
    ) -> Portfolio:
        """A portfolio of tables in memory, checked as files are."""
        return _with_customers(_portfolio(MemorySource(tables), settings))

    @classmethod
    def from_connection(
        cls,
        connection: Any,  # noqa: ANN401 - any Ibis backend
        settings: PortfolioSettings,
    ) -> Portfolio:
        """The tables of a database, by their names in the contract."""
        wanted = wanted_columns({}, settings)
        return _with_customers(_portfolio(DatabaseSource(connection, wanted), settings))

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
        self, customer_ids: Iterable[str] | None = None
    ) -> Iterator[Events]:
        """Events of many customers, in order of customer_id; all by default."""
        ids = self.customer_ids if customer_ids is None else sorted(set(customer_ids))
        return iter_slices(self.connection.con, ids, self.settings, self.rejected)

    @cached_property
    def content_hash(self) -> str:
        """sha256 over the normal form; order and duplicates of rows change nothing."""
        digest = hashlib.sha256()
        for name, rows in self.tables.items():
            n, total = _table_sum(self.connection, name, rows.columns)
            digest.update(f"{name} {n} {total}\n".encode())
        return digest.hexdigest()


def _portfolio(
    source: Source, settings: PortfolioSettings, warnings: Iterable[str] = ()
) -> Portfolio:
    if "customers" not in source.tables:
        raise MissingTableError("no table `customers`: the one table that must exist")
    loaded = load(source, settings)
    loaded.warnings[:0] = [*warnings, *source.warnings]
    seen = loaded.observation
    return Portfolio(
        settings.model_copy(update={"tables": seen.tables}),
        loaded.connection,
        loaded.tables,
        seen.overall,
        max(loaded.latest.values(), default=0),
        loaded.report,
        source,
        seen.until,
        loaded.rejected,
        loaded.expelled,
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
