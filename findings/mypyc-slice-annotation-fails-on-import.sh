#!/bin/sh
# mypyc 2.4.1 (of mypy): a class with a field annotated `slice` passes mypy, is compiled
# without a word, and then the module cannot be imported: KeyError: 'slice'.
#
# A good engineer who compiles a module that runs as plain Python and is clean under
# `mypy --strict` expects one of two things: the same behaviour, or a message of the
# compiler that names what it does not take. Columnar code likes to keep a `slice` of
# rows in a small dataclass; written with that annotation it compiles, and fails only
# where the extension is first imported, with an error that names no module of mypyc.
# A field annotated `object`, `range` or `int` does not.
#
# Seen with Python 3.11 and gcc 12 on 2026-11-29:
#   mypy: Success | plain: 3 | compiled: KeyError: 'slice' | with range: 3
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mypy==2.4.1 setuptools==80.9.0
cd "$folder"
mkdir rows spans
touch rows/__init__.py spans/__init__.py
cat > rows/window.py <<'PYTHON'
from dataclasses import dataclass


@dataclass
class Window:
    rows: slice


def length(window: Window) -> int:
    return len(range(8)[window.rows])
PYTHON
sed 's/: slice/: range/; s/range(8)\[window.rows\]/window.rows/' rows/window.py > spans/window.py
checked=$("$folder/venv/bin/mypy" --strict rows/window.py | cut -d: -f1)
ask_rows='from rows.window import Window, length; print(length(Window(slice(1, 4))))'
ask_spans='from spans.window import Window, length; print(length(Window(range(1, 4))))'
plain=$("$folder/venv/bin/python" -c "$ask_rows")
PATH="$folder/venv/bin:$PATH" "$folder/venv/bin/mypyc" rows/window.py > build.log 2>&1
PATH="$folder/venv/bin:$PATH" "$folder/venv/bin/mypyc" spans/window.py >> build.log 2>&1
compiled=$("$folder/venv/bin/python" -c "$ask_rows" 2>&1 | tail -n 1 || true)
other=$("$folder/venv/bin/python" -c "$ask_spans" 2>&1 | tail -n 1)
echo "mypy: $checked | plain: $plain | compiled: $compiled | with range: $other"
[ "$plain" = 3 ] && [ "$compiled" = "KeyError: 'slice'" ] && [ "$other" = 3 ] || { echo changed; exit 1; }
