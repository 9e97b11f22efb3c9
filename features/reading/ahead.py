"""Rows dated after the moment of reading, apart from all others: mistyped years.

Nothing can be known before it is. Such rows are named, whom they leave incomplete is
protected as by rejected rows, and they do not say how far the data observe.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from features.moments import DAY_US, to_datetime
from features.reading.duck import run

APART_US = 31 * DAY_US  # without one row: data that merely run on have no such gap


@dataclass(frozen=True)
class FutureRows:
    """What was found.

    Args:
        latest: the latest known_at of all other rows, µs since 1970 UTC, by table.
        customers: who has such rows, by table.
        warnings: a sentence per table.
    """

    latest: Mapping[str, int]
    customers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class _Dates(NamedTuple):
    """Of one table: rows until now, the last of them, rows after it, the first."""

    n_until: int
    last: int | None
    n_after: int
    first: int | None


def rows_ahead(
    duckdb: Any,  # noqa: ANN401 - holds the tables in normal form
    latest: Mapping[str, int],
    now: int,
) -> FutureRows:
    """Rows known only after `now`, a month or more after every other row.

    Data of which most rows lie after `now` are of a later time, as simulated ones may
    be: nothing is mistyped there.

    Args:
        duckdb: the connection that holds the tables.
        latest: the latest known_at by table, where it has rows; no snapshots.
        now: the moment of reading, µs since 1970 UTC.
    """
    if max(latest.values(), default=0) <= now + APART_US:
        return FutureRows(latest)
    dates = {table: _dates(duckdb, table, now) for table in latest}
    usual = {table: one.last for table, one in dates.items() if one.last is not None}
    first = [one.first for one in dates.values() if one.first is not None]
    is_apart = bool(first) and min(first) > max(usual.values(), default=0) + APART_US
    n_after = sum(one.n_after for one in dates.values())
    n_until = sum(one.n_until for one in dates.values())
    if not is_apart or n_after >= n_until:
        return FutureRows(latest)
    named = [table for table, one in dates.items() if one.n_after]
    customers = {table: _customers(duckdb, table, now) for table in named}
    warnings = _warnings(duckdb, customers, now)
    return FutureRows(usual, customers, tuple(warnings))


def n_rows_known_at(duckdb: Any, moment: int) -> int:  # noqa: ANN401
    """Payments and disputes that become known at that very moment."""
    return sum(
        run(duckdb, f"SELECT count(*) FROM {table} WHERE known_at = {moment}")[0][0]  # noqa: S608
        for table in ("payments", "disputes")
    )


def _dates(duckdb: Any, table: str, now: int) -> _Dates:  # noqa: ANN401
    until, after = (f"FILTER (known_at {sign} {now})" for sign in ("<=", ">"))
    [dates] = run(
        duckdb,
        f"SELECT count(*) {until}, max(known_at) {until}, count(*) {after},"  # noqa: S608
        f' min(known_at) {after} FROM "{table}"',
    )
    return _Dates(*dates)


def _customers(duckdb: Any, table: str, now: int) -> frozenset[str]:  # noqa: ANN401
    rows = f'FROM "{table}" WHERE known_at > {now} AND customer_id IS NOT NULL'
    return frozenset(
        who for [who] in run(duckdb, f"SELECT DISTINCT customer_id {rows}")
    )


def _warnings(
    duckdb: Any,  # noqa: ANN401
    customers: Mapping[str, frozenset[str]],
    now: int,
) -> Iterator[str]:
    for table in customers:
        rows = f'FROM "{table}" WHERE known_at > {now}'
        [[n, last, who]] = run(
            duckdb,
            f"SELECT count(*), max(known_at), arg_max(customer_id, known_at) {rows}",
        )
        yield (
            f"{table}: rows dated in the future, apart from all others: {n:,}, such as"
            f" {to_datetime(last):%Y-%m-%d} of customer {who}; they count as not known"
            " yet, say nothing of how far the data observe, and nobody who has one is"
            " stopped: correct their dates"
        )
