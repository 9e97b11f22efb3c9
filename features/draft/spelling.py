"""How the cells of a column are spelt, where that is not the contract's way."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from features.contract import ColumnSpec
from features.draft.words import meant_by

_COMMA = re.compile(r"[-+]?[0-9.' ]*,[0-9]{1,2}")
_GROUPED = re.compile(r"[-+]?[0-9]{1,3}(?P<sign>[., '])[0-9]{3}")
_DATE = re.compile(
    r"(?P<first>[0-9]{1,4})(?P<sign>[./-])(?P<second>[0-9]{1,2})[./-](?P<last>[0-9]{2,4})"
    r"(?P<clock>[ T][0-9]{1,2}:[0-9]{2}(?P<seconds>:[0-9]{2})?)?"
)
_NAIVE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]+")
_MOST_WORDS = 20
UNKNOWN_WORD = (
    "?"  # no value of the contract: reading refuses it until a person decides
)


def spelling_of(column: ColumnSpec, cells: Iterable[str]) -> dict[str, Any]:
    """The options of `columns:` that make the cells readable; {} where they are."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if column.kind in ("money", "number", "integer"):
        return _of_numbers(filled)
    if column.kind in ("moment", "day"):
        return _of_moments(filled)
    if column.kind == "choice":
        return _of_words(column, filled)
    return {}


def _of_numbers(cells: Sequence[str]) -> dict[str, Any]:
    has_comma = any(_COMMA.fullmatch(cell) for cell in cells)
    signs = {m["sign"] for cell in cells if (m := _GROUPED.match(cell))}
    options: dict[str, Any] = {"decimal": ","} if has_comma else {}
    thousands = signs - ({","} if has_comma else {"."})
    if thousands:
        options["thousands"] = min(thousands)
    return options


def _of_moments(cells: Sequence[str]) -> dict[str, Any]:
    dates = [m for cell in cells if (m := _DATE.fullmatch(cell))]
    if not dates:
        return {}
    first = dates[0]
    clock = ("" if first["clock"] is None else f"{first['clock'][0]}hh:mm") + (
        ":ss" if first["seconds"] else ""
    )
    if len(first["first"]) == 4:  # ISO 8601; only a time without offset needs a word
        is_naive = any(_NAIVE.fullmatch(cell) for cell in cells)
        return {"timezone": "UTC"} if is_naive else {}
    if len(first["last"]) != 4:
        return {}
    day_first = ("MM", "DD") if _is_american(dates) else ("DD", "MM")
    form = {"format": first["sign"].join((*day_first, "YYYY")) + clock}
    return form | ({"timezone": "UTC"} if clock else {})


def _is_american(dates: Sequence[re.Match[str]]) -> bool:
    """Whether the month comes first, as far as some day says so."""
    return any(m["sign"] == "/" and int(m["second"]) > 12 for m in dates)


def days_in(cells: Iterable[str]) -> Iterator[date]:
    """The days that cells of moments begin with, in whichever of the spellings.

    >>> [str(day) for day in days_in(["30.06.2026", "2026-06-29T10:00:00Z", "soon"])]
    ['2026-06-30', '2026-06-29']
    """
    dates = [m for cell in cells if (m := _DATE.match(cell.strip()))]
    month_first = _is_american(dates)
    for m in dates:
        first, second, last = (int(m[part]) for part in ("first", "second", "last"))
        day = (last, first, second) if month_first else (last, second, first)
        with suppress(ValueError):
            yield date(first, second, last) if first > 31 else date(*day)


def _of_words(column: ColumnSpec, cells: Sequence[str]) -> dict[str, Any]:
    own = sorted(set(cells) - set(column.choices))
    if not own or len(own) > _MOST_WORDS or column.is_open:
        return {}
    return {"values": {w: meant_by(w, column.choices) or UNKNOWN_WORD for w in own}}
