#!/bin/sh
# DuckDB 2.0.0: TRY_CAST over a CSV file that is read as text raises all the same.
#
# A good engineer reads a file of unknown quality with all_varchar = true, so that every
# cell arrives as text, and writes TRY_CAST(amount AS DOUBLE), which by its documentation
# gives NULL where a cell is no number: bad rows can then be found and shown. But a bare
# TRY_CAST of a column is pushed down into the reader as the column's type, and the
# reader raises on the first cell that is no such value ("This type was auto-detected").
# Any harmless function around the column, such as nullif(amount, ''), keeps the cast
# where it was written. In a WHERE clause nothing is pushed down, so a count of the bad
# rows works while the query that shows them does not.
#
# Seen with Python 3.11 on 2026-11-28:
#   bare: ConversionException | nullif: [('1', 12.5), ('2', None)] | where: [(1,)]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0
printf 'id,amount\n1,12.50\n2,n/a\n' > "$folder/invoices.csv"
"$folder/venv/bin/python" - "$folder/invoices.csv" <<'PYTHON'
import sys

import duckdb

file = f"read_csv('{sys.argv[1]}', all_varchar = true)"
try:
    bare = str(
        duckdb.sql(f"SELECT id, TRY_CAST(amount AS DOUBLE) FROM {file}").fetchall()
    )
except duckdb.ConversionException as error:
    bare = type(error).__name__
    assert "auto-detected" in str(error), "changed"
guarded = duckdb.sql(
    f"SELECT id, TRY_CAST(nullif(amount, '') AS DOUBLE) FROM {file}"
).fetchall()
counted = duckdb.sql(
    f"SELECT count(*) FROM {file} WHERE TRY_CAST(amount AS DOUBLE) IS NULL"
).fetchall()
print(f"bare: {bare} | nullif: {guarded} | where: {counted}")
assert bare == "ConversionException", "changed"
assert guarded == [("1", 12.5), ("2", None)], "changed"
assert counted == [(1,)], "changed"
PYTHON
