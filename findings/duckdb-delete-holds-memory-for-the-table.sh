#!/bin/sh
# DuckDB 2.0.0: deleting a few rows spread over a table holds memory for every row of
# it, and goes on holding it after the commit, until a checkpoint.
#
# A good engineer who takes some corrected rows out of a long table in a file expects
# the cost of the rows that go, or of the blocks touched one after the other, and that
# memory_limit makes DuckDB write to disk whatever is more. What is held is some eight
# bytes for each row of the table, which cannot be written to disk: with a limit of
# 200 MB one row in 155 can be deleted of 10 million rows, and of 40 million DuckDB
# reports that it is out of memory. Deleted in four parts, each of which commits by
# itself, it reports the same; with a CHECKPOINT after each part, all is well.
#
# Seen with Python 3.11 on 2026-11-29:
#   10 million at once: done, 87 MB held | 40 million at once: out of memory
#   40 million in parts: out of memory | with checkpoints: done, 6 MB held
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0
cat > "$folder/delete.py" <<'PYTHON'
import sys

import duckdb

file, millions, n_parts, checkpoints = sys.argv[1], *map(int, sys.argv[2:])
n = millions * 1_000_000
duck = duckdb.connect(file, config={"memory_limit": "200MB", "threads": 1})
duck.execute("CREATE TABLE readings (a BIGINT, b BIGINT)")
for first in range(0, n, 2_000_000):
    duck.execute(f"INSERT INTO readings SELECT range, range * 7 FROM range({first}, {first + 2_000_000})")
length = n // n_parts
try:
    for first in range(0, n, length):
        last = first + length - 1
        duck.execute(f"DELETE FROM readings WHERE a BETWEEN {first} AND {last} AND a % 155 = 0")
        if checkpoints:
            duck.execute("CHECKPOINT")
except duckdb.OutOfMemoryException:
    print("out of memory")
else:
    sql = "SELECT sum(memory_usage_bytes) // 1000000 FROM duckdb_memory() WHERE tag = 'BASE_TABLE'"
    print(f"done, {int(duck.sql(sql).fetchall()[0][0])} MB held")
PYTHON
seen() { "$folder/venv/bin/python" "$folder/delete.py" "$folder/$1-$2-$3.duckdb" "$1" "$2" "$3"; }
few=$(seen 10 1 0); many=$(seen 40 1 0); parts=$(seen 40 4 0); written=$(seen 40 4 1)
echo "10 million at once: $few | 40 million at once: $many"
echo "40 million in parts: $parts | with checkpoints: $written"
held=${few#done, }
[ "${held% MB held}" -gt 60 ] && [ "$many" = "out of memory" ] && [ "$parts" = "out of memory" ] || { echo changed; exit 1; }
case $written in done*) ;; *) echo changed; exit 1 ;; esac
