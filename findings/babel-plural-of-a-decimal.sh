#!/bin/sh
# Babel 2.18.0: equal numbers have different plurals.
#
# A good engineer guesses that 1, 1.0 and Decimal("1.00") get one plural form, for they
# are equal and print alike through format_decimal. The rules of CLDR look at the digits
# that are written ("1.00 days" is right in English), and Babel takes them from the
# number: a float loses its zeros before the rules see it, a Decimal that was rounded to
# two places keeps them. So a count that went through Decimal for exactness becomes
# "1 days" once it is written by format_decimal, which leaves the zeros out.
# Normalise the Decimal before asking; French and Spanish hide the mistake.
#
# Seen with Python 3.11 on 2026-11-28:
#   en one one other | de one one other | it one one other | fr one one one
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check babel==2.18.0
"$folder/venv/bin/python" - <<'PYTHON'
from decimal import Decimal

from babel import Locale
from babel.numbers import format_decimal

equal = (1, 1.0, round(Decimal(1), 2))
assert equal[0] == equal[1] == equal[2]
assert {format_decimal(n, locale="en") for n in equal} == {"1"}, "changed"
seen = " | ".join(
    " ".join([lang, *(Locale(lang).plural_form(n) for n in equal)])
    for lang in ("en", "de", "it", "fr")
)
print(seen)
assert seen == (
    "en one one other | de one one other | it one one other | fr one one one"
), "changed"
assert Locale("en").plural_form(equal[2].normalize()) == "one", "changed"
PYTHON
