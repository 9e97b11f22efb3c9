#!/bin/sh
# DuckDB 2.0.0: rows that many INSERTs bring into one open transaction are not counted
# by memory_limit, although the database is a file and nothing is refused.
#
# A good engineer who loads a table of many batches into a database file sets
# memory_limit, wraps the load in BEGIN and COMMIT so that it is there whole or not at
# all, and expects the limit to hold, for a file can take what does not fit. It holds
# while each INSERT commits by itself. Within one transaction the resident memory of
# the process grows with the rows, to several times the limit, while duckdb_memory()
# goes on reporting less than the limit. 20 million rows, a limit of 300 MB.
#
# Seen with Python 3.11 on 2026-11-29 (MB, resident beyond the start):
#   one transaction: 1221 MB, DuckDB reports 277 | each by itself: 374 MB, 277
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0 numpy==2.4.6 pyarrow==25.0.1
cat > "$folder/load.py" <<'PYTHON'
import resource
import sys

import duckdb
import numpy as np
import pyarrow as pa


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


file, is_one = sys.argv[1], sys.argv[2] == "one"
duck = duckdb.connect(file, config={"memory_limit": "300MB", "threads": 1})
duck.execute("CREATE TABLE readings (name VARCHAR, moment BIGINT, amount DOUBLE)")
start, n, draw = peak_mb(), 100_000, np.random.default_rng(1)
if is_one:
    duck.execute("BEGIN")
for batch in range(200):
    part = pa.table(
        {
            "name": pa.array([f"customer-{batch}-{k}" for k in range(n)]),
            "moment": draw.integers(0, 2**60, n),
            "amount": draw.random(n),
        }
    )
    duck.register("part", part)
    duck.execute("INSERT INTO readings SELECT * FROM part")
    duck.unregister("part")
if is_one:
    duck.execute("COMMIT")
told = duck.sql("SELECT sum(memory_usage_bytes) // 1000000 FROM duckdb_memory()")
print(peak_mb() - start, int(told.fetchall()[0][0]))
PYTHON
one=$("$folder/venv/bin/python" "$folder/load.py" "$folder/one.duckdb" one)
each=$("$folder/venv/bin/python" "$folder/load.py" "$folder/each.duckdb" each)
echo "one transaction: ${one% *} MB, DuckDB reports ${one#* } | each by itself: ${each% *} MB, ${each#* }"
[ "${one% *}" -gt 800 ] && [ "${one#* }" -lt 400 ] && [ "${each% *}" -lt 500 ] || { echo changed; exit 1; }
