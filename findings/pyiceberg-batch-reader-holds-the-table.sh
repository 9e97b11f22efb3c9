#!/bin/sh
# PyIceberg 0.12.0: a table read batch by batch is held in memory whole.
#
# A good engineer whose table does not fit into memory takes
# scan().to_arrow_batch_reader(), of which the documentation says that it "requires less
# memory than loading an Arrow Table for the same DataScan, because a RecordBatch is read
# one at a time". Every file is handed to a pool of threads at once, each reads all of
# its batches into a list, and nothing waits for whoever takes them: while the first
# batch of 2 MB is looked at, the others arrive. Twelve files of 32 MB each; the reader
# is asked for one batch and then nothing more. One file at a time is held when
# pyiceberg.io.pyarrow.ArrowScan is given the tasks of scan().plan_files() one by one.
#
# Seen with Python 3.11 on 2026-11-29 (MB that Arrow holds after the first batch):
#   by the batch reader: 390 of 384 | file by file: 32
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pyiceberg[sql-sqlite]==0.12.0" pyarrow==25.0.1
cat > "$folder/ask.py" <<'PYTHON'
import sys
import time

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan

place, what = sys.argv[1:]
catalog = load_catalog(
    "here", type="sql", uri=f"sqlite:///{place}/catalog.db", warehouse=f"file://{place}"
)
if what == "write":
    catalog.create_namespace("shop")
    schema = pa.schema([("a", pa.float64()), ("b", pa.float64())])
    table = catalog.create_table("shop.readings", schema=schema)
    for _ in range(12):
        cells = {name: pc.random(2_000_000) for name in ("a", "b")}
        table.append(pa.table(cells))
    raise SystemExit
table = catalog.load_table("shop.readings")
scan = table.scan()
if what == "reader":
    batches = iter(scan.to_arrow_batch_reader())
else:
    rows = ArrowScan(table.metadata, table.io, scan.projection(), AlwaysTrue())
    batches = (b for task in scan.plan_files() for b in rows.to_record_batches([task]))
first = next(batches)
held = -1
for _ in range(60):  # until no more arrives
    time.sleep(1)
    before, held = held, pa.total_allocated_bytes() // 1_000_000
    if held == before:
        break
print(held)
PYTHON
python="$folder/venv/bin/python"
mkdir "$folder/lake"
"$python" "$folder/ask.py" "$folder/lake" write
reader=$("$python" "$folder/ask.py" "$folder/lake" reader)
by_file=$("$python" "$folder/ask.py" "$folder/lake" file)
echo "by the batch reader: $reader of 384 | file by file: $by_file"
[ "$reader" -gt 300 ] && [ "$by_file" -lt 100 ] || { echo changed; exit 1; }
