"""Which tables were looked at, and how far they were observed (CONTRACT section 1).

What was not looked at is unknown, never zero.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from features.contract import TABLES
from features.errors import SettingsError
from features.moments import (
    DAY_US,
    DAY_ZERO,
    end_of_day,
    local_day,
    microseconds,
    to_datetime,
)
from features.reading.duck import run
from features.reading.report import TableReport
from features.settings import PortfolioSettings

NONE_LASTS_DAYS = 180
MOST_UNREADABLE = 1 / 1000  # share of rows whose customer cannot be read
FAR_AHEAD_US = 366 * DAY_US  # after the last row: a slip of the pen


@dataclass
class Observation:
    """What was looked at: `tables`; and `until`, µs since 1970 UTC by table."""

    tables: frozenset[str]
    until: Mapping[str, int]
    overall: int  # for labels and staleness
    warnings: list[str] = field(default_factory=list)


def observe(
    duckdb: Any,  # noqa: ANN401 - holds the tables in normal form
    reports: Mapping[str, TableReport],
    latest: Mapping[str, int],
    settings: PortfolioSettings,
    *,
    empty_is_none: bool,
) -> Observation:
    """Which tables were looked at, and how far.

    Args:
        duckdb: the connection that holds the tables.
        reports: by table, of those that are there.
        latest: the latest known_at by table, where it has rows; no snapshots.
        settings: what portfolio.yaml says of it.
        empty_is_none: whether a table without rows of `payments` says "none" though
            invoices are past due, as in a request.

    Raises:
        SettingsError: where `none` names a table that has rows.
    """
    overall = max(latest.values(), default=0)
    stated = settings.observed_until
    if isinstance(stated, Mapping):
        until = {table: microseconds(moment) for table, moment in stated.items()}
        now = max([overall, *until.values()])
    else:
        now = overall if stated is None else max(overall, microseconds(stated))
        until = {} if stated is None else dict.fromkeys(TABLES, microseconds(stated))
    observation = Observation(frozenset(reports), {}, overall)
    none = set(_tables_without_rows(observation, reports, settings, now))
    dropped = set(_unreadable(observation, reports))
    if "payments" not in none and not empty_is_none:
        dropped |= set(_empty_payments(observation, duckdb, reports, now))
    observation.tables = (observation.tables | none) - dropped
    default = dict.fromkeys(observation.tables, overall)
    if "payments" in observation.tables:
        default["payments"] = latest.get("payments", 0)
        if "payments" in none:
            default["payments"] = _end_of(settings.none["payments"], settings)
    observation.until = {
        table: until.get(table, default[table]) for table in observation.tables
    }
    named = [until[table] for table in observation.tables if table in until]
    observation.overall = min(named, default=overall)
    if overall and observation.overall > overall + FAR_AHEAD_US:  # 0: no row at all
        observation.warnings.append(
            f"observed_until ({to_datetime(observation.overall):%Y-%m-%d}) lies far "
            f"after the last row ({to_datetime(overall):%Y-%m-%d}): is it how far you"
            " looked?"
        )
    return observation


def stated_none(settings: PortfolioSettings, now: int) -> frozenset[str]:
    """Tables of which `none` says that there is nothing, and has not lapsed.

    What is said of a day as far ahead is a slip of the pen, and takes nothing away.

    Args:
        settings: what portfolio.yaml or a service's settings file says.
        now: µs since 1970 UTC.
    """
    today = local_day(now, settings.zone)
    return frozenset(
        table
        for table, stated_on in settings.none.items()
        if abs(today - (stated_on.toordinal() - DAY_ZERO)) <= NONE_LASTS_DAYS
    )


def _tables_without_rows(
    observation: Observation,
    reports: Mapping[str, TableReport],
    settings: PortfolioSettings,
    now: int,
) -> Iterator[str]:
    for table, stated_on in settings.none.items():
        if table in reports and reports[table].n_read:
            raise SettingsError(
                f"portfolio.yaml: none names {table}, and {table} has rows; take it "
                "out of `none`"
            )
        if table not in stated_none(settings, now):
            is_ahead = stated_on.toordinal() - DAY_ZERO > local_day(now, settings.zone)
            why = "is of a day more than" if is_ahead else "has lapsed after"
            observation.warnings.append(
                f"none: {table} was said on {stated_on} and {why} {NONE_LASTS_DAYS}"
                f" days{' ahead' * is_ahead}; say it anew if it still is true"
            )
        else:
            yield table


def _unreadable(
    observation: Observation, reports: Mapping[str, TableReport]
) -> Iterator[str]:
    for table, report in reports.items():
        n = report.n_without_customer
        if not n:
            continue
        if table != "customers" and n > MOST_UNREADABLE * report.n_read:
            observation.warnings.append(
                f"{table}: rows of which nobody can say whose they are: {n:,} of "
                f"{report.n_read:,}; the table counts as not looked at until they are "
                "corrected"
            )
            yield table
        else:
            observation.warnings.append(
                f"{table}: rows of which nobody can say whose they are: {n:,} of "
                f"{report.n_read:,}; they protect nobody"
            )


def _empty_payments(
    observation: Observation,
    duckdb: Any,  # noqa: ANN401
    reports: Mapping[str, TableReport],
    now: int,
) -> Iterator[str]:
    if "payments" not in reports or reports["payments"].n_read:
        return
    past_due = (
        "SELECT count(*) FROM invoices WHERE kind = 'invoice' AND amount > 0 "  # noqa: S608
        f"AND due_at < {now}"
    )
    [[n]] = run(duckdb, past_due)
    if n:
        observation.warnings.append(
            f"payments: the table is empty, and invoices are past due ({n:,}): it "
            "counts as not looked at; if nobody paid, say so: `none: {payments: DATE}`"
        )
        yield "payments"


def _end_of(day: date | datetime, settings: PortfolioSettings) -> int:
    return end_of_day(day.toordinal() - DAY_ZERO, settings.zone)
