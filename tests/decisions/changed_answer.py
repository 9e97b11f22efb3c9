"""A recommendation with single fields changed, whichever part holds them."""

from dataclasses import fields, replace
from typing import Any

from decisions import Recommendation

PARTS = ("question", "permission", "people", "follow_up")


def changed(answer: Recommendation, **changes: Any) -> Recommendation:  # noqa: ANN401
    parts: dict[str, Any] = {}
    for name in PARTS:
        part = getattr(answer, name)
        own = {f.name for f in fields(part)} & changes.keys()
        parts[name] = replace(part, **{field: changes.pop(field) for field in own})
    return replace(answer, **parts, **changes)
