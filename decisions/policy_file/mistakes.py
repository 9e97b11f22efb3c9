"""What breaks the form of a policy file: where it stands, and what to write there."""

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from decisions.policy.document import PolicyDocument
from decisions.policy.finding import Finding, malformed


def mistakes(error: ValidationError, values: object) -> list[Finding]:
    """Every mistake in a file, each at the deepest key that shows it."""
    text_by_key: dict[str, str] = {}
    for detail in error.errors():
        text_by_key.setdefault(".".join(_path(detail, values)), _advice(detail))
    return [
        malformed(text, where)
        for where, text in text_by_key.items()
        if not any(other.startswith(f"{where}.") for other in text_by_key)
    ]


def _path(detail: ErrorDetails, values: object) -> Iterator[str]:
    """Keys as they are written; rows by their name, as people look for them."""
    here = values
    for part in detail["loc"]:
        if isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
            row = here if isinstance(here, dict) else {}
            yield str(row.get("state") or row.get("name") or part + 1)
        elif isinstance(here, dict) and part in here:
            here = here[part]
            yield str(part)
    if detail["type"] == "missing":
        yield str(detail["loc"][-1])


def _advice(detail: ErrorDetails) -> str:
    kind, value = detail["type"], detail["input"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        near = get_close_matches(str(detail["loc"][-1]), _keys(), 1)
        hint = f"did you mean {near[0]!r}?" if near else "leave it out"
        return f"there is no such key here; {hint}"
    if kind in ("model_type", "dict_type"):
        is_number = detail.get("ctx", {}).get("class_name", "").startswith("Uncertain")
        number = "should be a number, or {value: …, low: …, high: …}"
        return number if is_number else "needs keys with values below it"
    text = detail["msg"].removeprefix("Value error, ")
    text = text.replace("Input should", "should").replace("String should", "should")
    if kind == "value_error" or not isinstance(value, str | int | float):
        return text
    return f"{text}; it is {value!r}"


@cache
def _keys() -> tuple[str, ...]:
    """Every key of the schema, to guess what was meant."""
    schema = PolicyDocument.model_json_schema(by_alias=True)
    sections = (schema, *schema["$defs"].values())
    return tuple({key for section in sections for key in section.get("properties", ())})
