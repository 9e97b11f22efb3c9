#!/bin/sh
# PySpark 4.3.0: the session's setting `spark.pyspark.python` does not choose the Python
# of the workers; `python3` of the PATH does.
#
# A good engineer starts a local session from a virtual environment that is not
# activated, reads in Spark's documentation that `spark.pyspark.python` names the Python
# of the workers, and sets it on the builder to sys.executable. The setting is kept and
# shown by the session, and the workers are those of `python3` all the same: what they
# run fails with "No module named ..." for packages that the driver has, or, worse, finds
# other versions of them. Only the environment variable PYSPARK_PYTHON, set before the
# session begins, is looked at (the setting is read by spark-submit, which sets the
# variable). Needs Java 17 or newer.
#
# Seen with Python 3.11 and OpenJDK 17 on 2026-11-29:
#   configured: the environment's python | worker by the setting: another
#   | worker by PYSPARK_PYTHON: the environment's
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyspark==4.3.0
cat > "$folder/ask.py" <<'PYTHON'
import sys

from pyspark.sql import SparkSession

builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
builder = builder.config("spark.log.level", "ERROR")
if "by-setting" in sys.argv:
    builder = builder.config("spark.pyspark.python", sys.executable)
session = builder.getOrCreate()


def worker_prefix(_):
    import sys

    return sys.prefix


[prefix] = session.sparkContext.parallelize([1]).map(worker_prefix).collect()
print("the environment's" if prefix == sys.prefix else "another")
session.stop()
PYTHON
by_setting=$("$folder/venv/bin/python" "$folder/ask.py" by-setting 2>/dev/null)
by_variable=$(PYSPARK_PYTHON="$folder/venv/bin/python" "$folder/venv/bin/python" "$folder/ask.py" 2>/dev/null)
echo "configured: the environment's python | worker by the setting: $by_setting | worker by PYSPARK_PYTHON: $by_variable"
[ "$by_setting" = "another" ] && [ "$by_variable" = "the environment's" ] || { echo changed; exit 1; }
