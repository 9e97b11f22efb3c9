"""What to do about a request of another form, in the place of pydantic's words.

Rules keep pydantic's names (`missing`, `list_type`): programs read those.
"""

from collections.abc import Mapping
from typing import Any

# parts of a place that are in no request: pydantic's for a name, ours for a choice
NO_PART = frozenset({"[key]", "[moment]", "[by table]"})
_MOMENT = "write a moment with offset: 2026-06-30T22:00:00Z or …+02:00"
_WORDS = {
    "missing": "it has to be there",
    "extra_forbidden": "there is no such name here; /docs has those there are",
    "dict_type": "write an object: {{…}}",
    "model_type": "write an object: {{…}}",
    "model_attributes_type": "write an object: {{…}}",
    "list_type": "write a list: […]",
    "string_type": 'write text: "…"',
    "bool_type": "write true or false",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "timezone_aware": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "string_pattern_mismatch": "write text that is not blank and has no NUL",
    "string_too_short": "its length is {min_length} or more",
    "string_too_long": "at most {max_length} characters",
    "too_short": "send at least {min_length}",
    "too_long": "send at most {max_length}, these are {actual_length}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "literal_error": "use one of {expected}",
}


def what_to_write(rule: str, told: str, context: Mapping[str, Any]) -> str:
    """The sentence about a broken rule of form.

    >>> what_to_write("less_than_equal", "Input should be …", {"le": 500})
    'at most 500'
    >>> what_to_write("value_error", "Value error, tables are …", {})
    'tables are …'

    Args:
        rule: pydantic's name of it.
        told: what pydantic says.
        context: the rule's numbers and names.
    """
    words = _WORDS.get(rule)
    if words is None:
        return told.removeprefix("Value error, ")
    return words.format_map(context)


def pointer(place: tuple[int | str, ...]) -> str:
    """The JSON pointer (RFC 6901) of a place.

    >>> pointer(("events", "a/b", 0)), pointer(("observed_until", "[moment]"))
    ('/events/a~1b/0', '/observed_until')
    """
    parts = [str(part) for part in place if part not in NO_PART]
    return "".join(f"/{p.replace('~', '~0').replace('/', '~1')}" for p in parts)
