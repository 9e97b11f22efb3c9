"""Microsoft Partner Center: reconciliation files, and objects of its API and of Graph.

What Microsoft charges the reseller is the reseller's cost, no invoice of a customer:
so no `invoices` and no `payments` come from here. See docs/importing.md.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from importing.errors import UnreadableFileError
from importing.pages import lists_with_gaps
from importing.partner_center.cells import Kind, stage_cells
from importing.partner_center.columns import KINDS, MOMENTS
from importing.partner_center.values import MAPS
from importing.source import Source, StagedSource
from importing.staging import staged
from importing.told_twice import look_for_told_twice

_LINES = ("usage_line", "license_line")
_NUMBERED = {"subscription": "id", "security_alert": "id"}
_ALSO = {
    "license_line": "subscriptions",
    "subscription": "subscriptions",
    "security_alert": "alerts",
    "fraud_event": "alerts",
}


def stage(
    connection: Any, files: Sequence[Path], exported_at: datetime | None
) -> StagedSource:
    """Read the files; the moment of the export is the latest in them, if not given."""
    kinds, bad = stage_cells(connection, files, KINDS)
    for kind in KINDS:
        if kind.name in _LINES:
            _must_be_once(connection, kind)
        elif kind.name in _NUMBERED:
            look_for_told_twice(connection, kind.name, _NUMBERED[kind.name])
    latest = (
        f"SELECT epoch(max({column})) FROM {table}"
        for table, columns in MOMENTS.items()
        for column in columns
    )
    kinds -= lists_with_gaps(connection)
    looked_at = kinds | {_ALSO[kind] for kind in kinds & _ALSO.keys()}
    source = staged(connection, exported_at, latest, looked_at, bad)
    return replace(
        source,
        currencies=_currencies(connection),
        observed=_billed_until(connection, source.exported_at),
    )


def _must_be_once(connection: Any, kind: Kind) -> None:
    """Lines have no number, and equal ones are usual: a file counts what it has.

    Raises:
        UnreadableFileError: half of a file's lines stand in another file as well.
    """
    files = connection.execute(f"SELECT DISTINCT file FROM {kind.name}").fetchall()
    if len(files) < 2:
        return
    columns = ", ".join(f'"{name}"' for name in kind.columns)
    repeated = connection.execute(
        f"""
        WITH line AS (SELECT DISTINCT file, hash(row({columns})) AS line
                      FROM {kind.name}),
        total AS (SELECT file, count(*) AS n FROM line GROUP BY file),
        pair AS (SELECT min(file) AS one, max(file) AS other FROM line
                 GROUP BY line HAVING count(*) > 1),
        shared AS (SELECT one, other, count(*) AS n FROM pair GROUP BY ALL)
        SELECT one, other, shared.n FROM shared
        JOIN total AS a ON a.file = one JOIN total AS b ON b.file = other
        WHERE 2 * shared.n >= least(a.n, b.n) ORDER BY shared.n DESC LIMIT 1
        """
    ).fetchone()
    if repeated:
        one, other, n = repeated
        raise UnreadableFileError(
            f"{n:,} lines of {one} stand in {other} as well and would count twice: "
            "import one of the two; of usage not billed yet, one export at a time"
        )


def _billed_until(connection: Any, exported_at: datetime) -> dict[str, datetime]:
    """Up to when usage was looked at; of billed usage alone to its last month's end."""
    (seconds,) = connection.execute(
        "SELECT CASE WHEN bool_and(invoicenumber IS NOT NULL) THEN epoch(date_trunc("
        "'month', max(coalesce(chargestartdate, usagedate))) + INTERVAL 1 MONTH) END "
        "FROM usage_line"
    ).fetchone()
    if seconds is None:
        return {}
    return {"usage": min(datetime.fromtimestamp(seconds, UTC), exported_at)}


def _currencies(connection: Any) -> tuple[str, ...]:
    """The currencies of the lines, the most frequent first."""
    rows = connection.execute(
        "SELECT upper(currency) FROM (SELECT billingcurrency AS currency FROM "
        "usage_line UNION ALL SELECT currency FROM license_line) "
        "GROUP BY 1 ORDER BY count(*) DESC, 1"
    ).fetchall()
    return tuple(currency for (currency,) in rows)


PARTNER_CENTER = Source(
    name="partner-center",
    title="Microsoft Partner Center",
    stage=stage,
    sql=Path(__file__).parent / "sql",
    maps=MAPS,
    looks={
        "customers": frozenset({"customer"}),
        "subscriptions": frozenset({"subscriptions"}),
        "usage": frozenset({"usage_line"}),
        "alerts": frozenset({"alerts"}),
        "access": frozenset({"audit_record"}),
        "actions": frozenset({"audit_record"}),
    },
    reads=("customers", "subscriptions", "usage"),
    shares=frozenset({"customers", "subscriptions", "actions"}),
)
