#!/bin/sh
# deltalake 1.6.6: asked for a table as it was at a moment before its first version, it
# gives the first version; and in a copied table any past moment gives the first version.
#
# A good engineer who must not look into the future reads a Delta table as of a moment
# with load_as_version(moment), and expects that a moment before the table began is
# refused, as Delta on Spark refuses it, and that the moments are those that the table's
# log states (commitInfo's timestamp, shown by history()). Neither holds: the moment is
# compared with the times of the log's files. A table that was copied or restored from a
# backup has younger files, so every moment before the copy is one before the table, and
# that gives version 0 without a word: rows of an old day are taken for those asked for.
# By history() the version can be found by the log's own stamps.
#
# Seen with Python 3.11 on 2026-11-29:
#   a year before the table: version 0 | between versions 1 and 2: version 1
#   | the same of a copy: version 0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check deltalake==1.6.6 pyarrow==25.0.1
cat > "$folder/ask.py" <<'PYTHON'
import shutil
import sys
import time
from datetime import UTC, datetime

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

place = sys.argv[1]
for number in range(3):
    write_deltalake(place, pa.table({"n": [number]}), mode="append")
    time.sleep(0.3)
stamps = {entry["version"]: entry["timestamp"] for entry in DeltaTable(place).history()}


def version_at(place, stamp_ms):
    table = DeltaTable(place)
    table.load_as_version(datetime.fromtimestamp(stamp_ms / 1000, UTC))
    return table.version()


between = (stamps[1] + stamps[2]) // 2
before = version_at(place, stamps[0] - 365 * 86_400_000)
there = version_at(place, between)
shutil.copytree(place, f"{place}-copy", copy_function=shutil.copyfile)
print(before, there, version_at(f"{place}-copy", between))
PYTHON
seen=$("$folder/venv/bin/python" "$folder/ask.py" "$folder/table")
set -- $seen
echo "a year before the table: version $1 | between versions 1 and 2: version $2 | the same of a copy: version $3"
[ "$seen" = "0 1 0" ] || { echo changed; exit 1; }
