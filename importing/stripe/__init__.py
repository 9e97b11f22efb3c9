"""Stripe: objects of its API as JSON, and its exports as CSV.

Facts about the objects: Stripe's API reference and OpenAPI document; see
docs/importing.md for versions and for what was checked.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from importing.errors import NothingToImportError
from importing.json_files import OBJECTS, add_objects, stage_json
from importing.pages import keep_pages, lists_with_gaps
from importing.report import BadRow
from importing.source import Source, StagedSource
from importing.staging import staged
from importing.stripe.columns import COLUMNS, MOMENTS, REFERENCES, REQUIRED
from importing.stripe.export_columns import TABLES
from importing.stripe.exports import finer_than_currency, stage_exports
from importing.stripe.values import MAPS
from importing.table_files import is_table
from importing.told_twice import look_for_told_twice
from importing.unread import keep_unread


def stage(
    connection: Any,
    files: Sequence[Path],
    exported_at: datetime | None,
) -> StagedSource:
    """Read the files into table `objects`; objects of other kinds stay unread.

    The moment of the export, where it is not given, is the latest moment in the files.
    A unit price of the contract is in the portfolio's currency, so those of
    subscriptions need a rate.
    """
    tables = [file for file in files if is_table(file)]
    objects = [file for file in files if not is_table(file)]
    bad = stage_json(connection, objects, COLUMNS, REQUIRED)
    asked, unread = stage_exports(connection, tables)
    for table, columns in TABLES.items():
        if "id" in columns:
            look_for_told_twice(connection, table, "id", keep_last=True)
    connection.execute((SQL / "exports.sql").read_text(encoding="utf-8"))
    unread += finer_than_currency(connection)
    add_objects(connection, COLUMNS, "FROM exported")
    looked_at = _looked_at(connection) | asked
    connection.execute(  # what is left of it is its id
        f"UPDATE {OBJECTS} SET object = 'deleted ' || object "
        "WHERE deleted AND created IS NULL"
    )
    bad += [*unread, *_incomplete(connection)]
    connection.execute(
        "DELETE FROM objects WHERE row IN (SELECT row FROM incomplete "
        "WHERE incomplete.file = objects.file)"
    )
    if not looked_at:
        known = ", ".join(sorted(REQUIRED))
        raise NothingToImportError(
            f"no object of Stripe in these files; known: {known}"
        )
    latest = [f"SELECT max({seconds}) FROM {OBJECTS}" for seconds in MOMENTS]
    looked_at -= lists_with_gaps(connection)
    source = staged(connection, exported_at, latest, looked_at, bad)
    connection.execute(
        f"UPDATE {OBJECTS} SET seen_at = ? WHERE seen_at IS NULL", [source.exported_at]
    )
    _look_for_told_twice(connection, [file.name for file in tables])
    return replace(source, currencies=_priced_in(connection))


def _look_for_told_twice(connection: Any, tables: Sequence[str]) -> None:
    """Objects of one moment; two exports may share their ids."""
    kinds = ", ".join(f"'{kind}'" for kind in sorted(REQUIRED))
    quoted = ", ".join("'" + name.replace("'", "''") + "'" for name in ["", *tables])
    where = f"object IN ({kinds}) AND file NOT IN ({quoted})"
    look_for_told_twice(
        connection,
        OBJECTS,
        "id",
        ["object", "seen_at"],
        where,
        references=REFERENCES,
        keep_last=True,
    )


def _priced_in(connection: Any) -> tuple[str, ...]:
    """Currencies of unit prices, after the one of most documents."""
    documents = connection.execute(
        f"SELECT upper(currency) FROM {OBJECTS} WHERE object IN ('invoice', 'charge') "
        "AND currency IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    ).fetchall()
    prices = connection.execute(
        'SELECT upper(entry.price.currency) FROM (SELECT unnest("items".data) AS entry '
        f"FROM {OBJECTS} WHERE object = 'subscription' AND status NOT IN "
        "('incomplete', 'incomplete_expired')) WHERE entry.price.currency IS NOT NULL "
        "AND entry.price.recurring.usage_type IS DISTINCT FROM 'metered' "
        "GROUP BY 1 ORDER BY count(*) DESC, 1"
    ).fetchall()
    rows = [*documents, *prices] if prices else []
    return tuple(dict.fromkeys(currency for (currency,) in rows))


def _incomplete(connection: Any) -> list[BadRow]:
    """Rows without what their kind cannot do without; also in table `incomplete`."""
    checks = " UNION ALL ".join(
        f"SELECT file, row, '{column}' AS column_name FROM {OBJECTS} "
        f"WHERE object = '{kind}' AND \"{column}\" IS NULL"
        for kind, columns in REQUIRED.items()
        for column in columns
    )
    connection.execute(f"CREATE TEMP TABLE incomplete AS {checks}")
    keep_unread(
        connection,
        OBJECTS,
        f"SELECT file, row, to_json(o) FROM {OBJECTS} AS o "
        "WHERE (file, row) IN (SELECT (file, row) FROM incomplete)",
    )
    rows = connection.execute("FROM incomplete ORDER BY file, row").fetchall()
    return [
        BadRow(file, row, column, "missing, or not of the type that Stripe documents")
        for file, row, column in rows
    ]


def _looked_at(connection: Any) -> frozenset[str]:
    """Kinds of object that are there, or whose list was asked for and was empty."""
    there = connection.execute(
        f"SELECT DISTINCT object FROM {OBJECTS} WHERE object IS NOT NULL"
    ).fetchall()
    keep_pages(
        connection,
        "SELECT CASE kind WHEN 'radar/early_fraud_warnings' THEN "
        "'radar.early_fraud_warning' ELSE rtrim(kind, 's') END AS list, file, "
        "NULL AS number, CASE WHEN has_more THEN 'another' END AS next FROM ("
        "SELECT *, regexp_extract(url, '/v1/([a-z_/]+)$', 1) AS kind "
        f"FROM {OBJECTS} WHERE object IS NULL) WHERE kind <> ''",
    )
    asked = connection.execute("SELECT DISTINCT list FROM page").fetchall()
    return frozenset(kind for (kind,) in [*there, *asked]) & REQUIRED.keys()


SQL = Path(__file__).parent / "sql"
STRIPE = Source(
    name="stripe",
    title="Stripe",
    stage=stage,
    sql=SQL,
    maps=MAPS,
    looks={
        "customers": frozenset({"customer"}),
        "subscriptions": frozenset({"subscription"}),
        "invoices": frozenset({"invoice"}),
        "payments": frozenset({"charge"}),
        "disputes": frozenset({"dispute"}),
        "alerts": frozenset({"radar.early_fraud_warning"}),
        "outcomes": frozenset({"radar.early_fraud_warning", "review"}),
    },
)
