#!/bin/sh
# PyArrow 25.0.1: making one scalar, or filling missing values with one, imports all of
# pandas where it is installed, although nothing of pandas was asked for.
#
# A good engineer writes a command that reads tables with PyArrow alone, so that it starts
# quickly, and looks at sys.modules after `import pyarrow`: pandas is not there. But
# pa.scalar(True), pa.array([True]) and pc.fill_null(values, True) ask whether what they
# were given is an object of pandas, and import all of it to find out. Where pandas is not
# installed the same calls give the same values, so a command starts slower because of a
# package that it never uses.
#
# Seen with Python 3.11 on 2026-11-30:
#   modules of pandas after import pyarrow: 0 | after pa.scalar(True): 294
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==25.0.1 pandas==3.1.1
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import pyarrow as pa


def of_pandas():
    return sum(name.partition(".")[0] == "pandas" for name in sys.modules)


before = of_pandas()
value = pa.scalar(True).as_py()
after = of_pandas()
print(f"modules of pandas after import pyarrow: {before} | after pa.scalar({value}): {after}")
assert before == 0 and after > 100, "changed"
PYTHON
