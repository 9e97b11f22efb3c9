#!/bin/sh
# holidays 0.109: Sri Lanka has no holidays from 2027 on, and nothing says so.
#
# A good engineer knows that the library ends in 2100, and guesses that until then a
# supported country has holidays. Those of Sri Lanka follow the moon and the gazette:
# the class ends with 2026 (its attribute end_year says so, 2100 in nearly all others).
# Asked for 2027 it gives an empty calendar, without an error and without a warning,
# where India at least warns from 2036 on ("available only from 2001 to 2035"). Every
# day of 2027 is then a working day. Ask end_year before trusting a calendar.
#
# Seen with Python 3.11 on 2026-11-28:
#   LK 2026: 25, 2027: 0, ends 2026, warnings 0
#   IN 2036: Requested Holidays are available only from 2001 to 2035.
#   countries that end before 2100: LK 2026, JP 2099
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check holidays==0.109
"$folder/venv/bin/python" - <<'PYTHON'
import warnings

import holidays

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    n = {year: len(holidays.country_holidays("LK", years=year)) for year in (2026, 2027)}
end = holidays.country_holidays("LK").end_year
print(f"LK 2026: {n[2026]}, 2027: {n[2027]}, ends {end}, warnings {len(caught)}")
assert (n, end, caught) == ({2026: 25, 2027: 0}, 2026, []), "changed"

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    holidays.country_holidays("IN", years=2036)
print("IN 2036:", *(str(warning.message) for warning in caught))
assert len(caught) == 1, "changed"

ends = {
    country: holidays.country_holidays(country).end_year
    for country in holidays.list_supported_countries(include_aliases=False)
}
early = {country: year for country, year in ends.items() if year < 2100}
told = ", ".join(f"{country} {year}" for country, year in sorted(early.items(), key=lambda e: e[1]))
print("countries that end before 2100:", told)
assert early == {"LK": 2026, "JP": 2099}, "changed"
PYTHON
