"""Each field of the answer is described in the OpenAPI document by its docstring."""

import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from inspect import cleandoc
from typing import Any, get_args, get_type_hints

from serving.answer import ScoreAnswer

_ENTRY = re.compile(r"^    (\w+(?:, \w+)*): (.*(?:\n {8}.*)*)", re.MULTILINE)


def describe_fields(document: dict[str, Any]) -> None:
    """Move what an `Args` section says of a field to the field, as JSON has it."""
    for kind in set(_dataclasses(ScoreAnswer)):
        schema = document["components"]["schemas"][kind.__name__]
        schema["description"] = _summary(kind)
        for name, text in _descriptions(kind).items():
            field = schema["properties"].get(name, {})
            field.setdefault("description", text)


def _dataclasses(hint: Any) -> Iterator[type]:  # noqa: ANN401 - any type hint
    """The dataclasses that a type is made of, and those that these are made of."""
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
        for inner in get_type_hints(hint).values():
            yield from _dataclasses(inner)
    for argument in get_args(hint):
        yield from _dataclasses(argument)


def _summary(kind: type) -> str:
    return _as_json(cleandoc(kind.__doc__ or "").partition("\n\nArgs:\n")[0])


def _descriptions(kind: type) -> dict[str, str]:
    """By field; a class says again only what it does not have from its base."""
    texts: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        entries = cleandoc(base.__doc__ or "").partition("\n\nArgs:\n")[2]
        for names, text in _ENTRY.findall(entries):
            described = _as_json(" ".join(text.split()))
            texts |= dict.fromkeys(names.split(", "), described)
    return texts


def _as_json(text: str) -> str:
    return re.sub(r"\bNone\b", "null", text)
