#!/bin/sh
# holidays 0.109: whoever asks for one country imports all of them.
#
# A good engineer reads "lazy loader" in the library's registry, sees that it imports the
# module of the country asked for, and guesses that this is all. But the module lies in
# the package holidays.countries, whose own __init__ imports every country, and Python
# runs a package before its modules: some 250 modules and 8 MB of memory for Belgium, in
# every process. `import holidays` alone loads none of them.
#
# Seen with Python 3.11 on 2026-11-29:
#   countries imported: 0 by the library, 250 for Belgium
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check holidays==0.109
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import holidays


def n_countries():
    return sum(name.startswith("holidays.countries.") for name in sys.modules)


by_library = n_countries()
holidays.country_holidays("BE", years=2026)
print(f"countries imported: {by_library} by the library, {n_countries()} for Belgium")
assert by_library == 0, "changed"
assert n_countries() > 200, "changed"
PYTHON
