#!/bin/sh
# holidays 0.109: the category "workday" lists holidays on which work goes on.
#
# A good engineer who wants every kind of day off asks for all supported_categories of a
# country: public, bank, school, optional, and in 27 countries "workday". That one holds
# days that are kept but not taken off (Women's Day in Taiwan), so the longer the list
# of categories, the more ordinary working days `day in holidays` calls holidays, and the
# method is_working_day agrees with it. Leave "workday" out of any list of days off.
#
# Seen with Python 3.11 on 2026-11-28:
#   TW 2025-03-12 (Arbor Day): public only True, all categories False
#   countries with the category: 27
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check holidays==0.109
"$folder/venv/bin/python" - <<'PYTHON'
from datetime import date

import holidays

day = date(2025, 3, 12)  # a Wednesday
public = holidays.country_holidays("TW")
every = holidays.country_holidays("TW", categories=public.supported_categories)
name = every.get(day, "").split(";")[0]
works = public.is_working_day(day), every.is_working_day(day)
print(f"TW {day} ({name}): public only {works[0]}, all categories {works[1]}")
assert (name, works) == ("Arbor Day", (True, False)), "changed"

n = sum(
    "workday" in holidays.country_holidays(country).supported_categories
    for country in holidays.list_supported_countries(include_aliases=False)
)
print("countries with the category:", n)
assert n == 27, "changed"
PYTHON
