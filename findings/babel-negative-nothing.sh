#!/bin/sh
# Babel 2.18.0: an amount that rounds to nothing keeps its minus.
#
# A good engineer guesses that format_currency(-0.004, "EUR") says what
# format_currency(0, "EUR") says, since the first thing it does is to round to the
# currency's two places. It rounds, and then writes the sign of the number that came in.
# So a balance of minus four tenths of a cent, left by a division, is told to a customer
# as "-€0.00". Plain numbers and percentages do the same, in every locale tried.
# Round first, and add 0, which turns Decimal("-0") into Decimal("0").
#
# Seen with Python 3.11 on 2026-11-28:
#   -€0.00 | -0,00 € | (€0.00) | -0 | -0%
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check babel==2.18.0
"$folder/venv/bin/python" - <<'PYTHON'
from decimal import Decimal

from babel.numbers import format_currency, format_decimal, format_percent

seen = [
    format_currency(-0.004, "EUR", locale="en"),
    format_currency(-0.004, "EUR", locale="de").replace("\xa0", " "),
    format_currency(-0.004, "EUR", locale="en", format_type="accounting"),
    format_decimal(-0.0004, locale="en"),
    format_percent(-0.0001, locale="en"),
]
print(" | ".join(seen))
assert seen == ["-€0.00", "-0,00 €", "(€0.00)", "-0", "-0%"], "changed"
rounded = round(Decimal("-0.004"), 2) + 0
assert format_currency(rounded, "EUR", locale="en") == "€0.00", "changed"
PYTHON
