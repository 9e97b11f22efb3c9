#!/bin/sh
# PyArrow 25.0.1: a slice of a table without columns has as many rows as were asked for.
#
# A good engineer reads a table part by part, table.slice(0, 500_000) and so on, and
# trusts that a slice is never longer than the table: for every table with a column that
# is so. A table without columns has no rows, and its slice says it has 500,000. Whoever
# counts rows read this way counts half a million of them in an empty table.
# Bound the length yourself: slice(start, min(length, table.num_rows - start)).
#
# Seen with Python 3.11 on 2026-11-28:
#   with a column: 0 of 0 rows | without columns: 500000 of 0 rows
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==25.0.1
"$folder/venv/bin/python" - <<'PYTHON'
import pyarrow as pa

one, none = pa.table({"id": pa.array([], pa.string())}), pa.table({})
seen = [table.slice(0, 500_000).num_rows for table in (one, none)]
print(
    f"with a column: {seen[0]} of {one.num_rows} rows"
    f" | without columns: {seen[1]} of {none.num_rows} rows"
)
assert (one.num_rows, none.num_rows) == (0, 0), "changed"
assert seen == [0, 500_000], "changed"
PYTHON
