#!/bin/sh
# DuckDB 2.0.0: one macro call is false in the SELECT list and true in the WHERE clause.
#
# A macro that looks something up, name_of(wanted) AS (SELECT max(name) FROM names
# WHERE id = wanted), takes its argument as an expression of the caller. A good engineer
# expects name_of(id) to mean the id of the row at hand wherever it stands, as it does
# in a SELECT list, in GROUP BY, ORDER BY and FILTER. In a WHERE clause the bare name is
# put into the macro's own query, where `names` has an `id` too: the lookup compares
# names.id with itself, is the same for every row, and nothing warns. It depends on the
# caller's names alone: the same macro over a column of another name, or over orders.id,
# is right. So name the columns of a macro's query as no caller does, or look up in a
# subquery and filter outside.
# (Reported for 1.1 as duckdb/duckdb issue 15296, closed as stale.)
#
# Seen with Python 3.11 on 2026-11-28:
#   list: [(1, False), (2, True)] | where: [(1,), (2,)] | qualified: [(2,)]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import duckdb

connection = duckdb.connect()
connection.execute("CREATE TABLE names (id INT, name VARCHAR)")
connection.execute("INSERT INTO names VALUES (1, 'one'), (2, 'two')")
connection.execute("CREATE TABLE orders AS SELECT unnest([1, 2]) AS id")
connection.execute(
    "CREATE MACRO name_of(wanted) AS (SELECT max(name) FROM names WHERE id = wanted)"
)


def asked(query: str) -> list[tuple[object, ...]]:
    return connection.execute(query).fetchall()


listed = asked("SELECT id, name_of(id) = 'two' FROM orders ORDER BY id")
where = asked("SELECT id FROM orders WHERE name_of(id) = 'two' ORDER BY id")
qualified = asked("SELECT id FROM orders WHERE name_of(orders.id) = 'two'")
print(f"list: {listed} | where: {where} | qualified: {qualified}")
assert listed == [(1, False), (2, True)], "changed"
assert where == [(1,), (2,)], "changed"
assert qualified == [(2,)], "changed"
PYTHON
