#!/bin/sh
# ibis-framework 12.0.0: of a SQLite column declared TIMESTAMP a time with an offset is
# moved to UTC and then loses its zone, while a time without one stays as it was.
#
# A good engineer keeps times in SQLite as ISO 8601 text with their offset, in a column
# declared TIMESTAMP (as SQLAlchemy and pandas declare it), and reads them with Ibis. The
# column arrives as a timestamp without a zone: 22:00+02:00 became 20:00, and the bare
# 22:00 of the next row stayed 22:00. Nothing tells afterwards which of the two a value
# is; whoever now states the zone in which the clock times were written is two hours off
# in every row that had said its own. Casting the column to text inside the query gives
# what was written.
#
# Seen with Python 3.11 on 2026-11-30:
#   type: timestamp[us] | rows: 20:00 and 22:00 | as text: 2026-06-30T22:00:00+02:00
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "ibis-framework[sqlite]==12.0.0"
cat > "$folder/ask.py" <<'PYTHON'
import sqlite3
import sys

import ibis

file = sys.argv[1]
database = sqlite3.connect(file)
database.executescript(
    """
    CREATE TABLE payments (n INTEGER, paid_at TIMESTAMP);
    INSERT INTO payments VALUES (1, '2026-06-30T22:00:00+02:00'),
        (2, '2026-06-30T22:00:00');
    """
)
database.close()
payments = ibis.sqlite.connect(file).table("payments").order_by("n")
found = payments.to_pyarrow()["paid_at"]
first, second = found.to_pylist()
text = payments.paid_at.cast("string").to_pyarrow()[0].as_py()
print(f"type: {found.type} | rows: {first:%H:%M} and {second:%H:%M} | as text: {text}")
assert found.type.tz is None, "changed"
assert (first.hour, second.hour) == (20, 22), "changed"
assert text == "2026-06-30T22:00:00+02:00", "changed"
PYTHON
"$folder/venv/bin/python" "$folder/ask.py" "$folder/shop.sqlite" 2>/dev/null || { echo changed; exit 1; }
