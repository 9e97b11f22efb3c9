#!/bin/sh
# bai2 0.15.0: an account record that goes on in the next line loses the comma between.
#
# In BAI2 a slash ends the fields of a line, and a record 88 goes on with the next field:
# the specification's own example breaks an account record after the type code 190 and
# gives its amount, 500000, in the record 88. The library puts a comma there only where
# the commas of the first line are no multiple of four, so that banks that write one
# comma too few are read as well. In the specification's example they are a multiple of
# four, the code and the amount become one word, 190500000, and the file is refused as if
# that were a type code. Broken after the amount, the same record is read.
#
# Seen with Python 3.11 on 2026-11-28:
#   after the code: NotSupportedYetException: Type code '190500000' is not supported yet
#   after the amount: [('010', -500000), ('190', 500000)]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check bai2==0.15.0
"$folder/venv/bin/python" - <<'PYTHON'
from bai2 import bai2

FILE = """\
01,122099999,123456789,040621,0200,1,65,,2/
02,031001234,122099999,1,040620,2359,,2/
{account}
49,0,3/
98,0,1,5/
99,0,1,7/
"""
BROKEN = {
    "after the code": "03,9876543210,,010,-500000,,,190/\n88,500000,,/",
    "after the amount": "03,9876543210,,010,-500000,,,190,500000/\n88,,/",
}


def seen(account: str) -> str:
    try:
        file = bai2.parse_from_string(FILE.format(account=account), check_integrity=False)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    items = file.children[0].children[0].header.summary_items
    return str([(item.type_code.code, item.amount) for item in items])


results = {name: seen(account) for name, account in BROKEN.items()}
for name, result in results.items():
    print(f"{name}: {result}")
assert "190500000" in results["after the code"], "changed"
assert results["after the amount"] == "[('010', -500000), ('190', 500000)]", "changed"
PYTHON
