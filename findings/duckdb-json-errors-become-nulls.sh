#!/bin/sh
# DuckDB 2.0.0: ignore_errors means one thing for CSV and another for JSON.
#
# A good engineer who reads lines of unknown quality sets ignore_errors = true and
# expects what read_csv does: a row with a cell of the wrong type is left out, and can be
# counted by what is missing. read_json keeps the row and leaves that cell NULL, so a
# charge whose captured amount is "n/a" looks like one whose captured amount the API did
# not send. Without ignore_errors the first such row ends the whole read. And in both
# settings a fraction in a column of whole numbers is rounded without a word: 1.5 is 2.
#
# Seen with Python 3.11 on 2026-11-28:
#   csv: [('a', 5)] | json: [('a', 5), ('b', None)] | fraction: [(2,)]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0
printf 'id,amount\na,5\nb,n/a\n' > "$folder/rows.csv"
printf '{"id":"a","amount":5}\n{"id":"b","amount":"n/a"}\n' > "$folder/rows.ndjson"
printf '{"amount":1.5}\n' > "$folder/fraction.ndjson"
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys

import duckdb

folder = sys.argv[1]
columns = "columns = {id: 'VARCHAR', amount: 'BIGINT'}, ignore_errors = true"
csv = duckdb.sql(f"FROM read_csv('{folder}/rows.csv', {columns})").fetchall()
json = duckdb.sql(f"FROM read_json('{folder}/rows.ndjson', {columns})").fetchall()
fraction = duckdb.sql(
    f"FROM read_json('{folder}/fraction.ndjson', columns = {{amount: 'BIGINT'}})"
).fetchall()
print(f"csv: {csv} | json: {json} | fraction: {fraction}")
assert csv == [("a", 5)], "changed"
assert json == [("a", 5), ("b", None)], "changed"
assert fraction == [(2,)], "changed"
PYTHON
