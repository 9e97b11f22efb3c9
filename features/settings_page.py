"""The page of documentation about `portfolio.yaml`, made from its schema."""

from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from features.reading.mapping import ColumnMapping
from features.reading.origin import Origin
from features.settings import Attribute, PortfolioSettings
from features.settings_notes import NOTES

# What is filled when a portfolio is opened, and nobody writes
_NOT_WRITTEN = frozenset({"tables"})
_HEAD = """\
# portfolio.yaml

<!-- made by `make docs`; change the code, not this page -->

The one settings file of a portfolio. Every key may be left out; a key that nobody
knows is a warning. Anchors and aliases (`&`, `*`) are not read.

Tables are Parquet, CSV or Excel files beside it, sheets of `portfolio.xlsx`, or tables
of a database or a lake or files of a bucket (`source`). CSV files may be separated by
`,` `;` tab or `|`; they are UTF-8. In Excel a column without any clock time holds plain
dates; a column of clock times needs a `timezone`. A cell that is not spelt as declared
is rejected, not guessed: so are dates in cells that have the format of a number.
"""


def settings_page() -> str:
    """The page as Markdown."""
    return "\n".join(
        (
            _HEAD,
            _table([*keys(Origin), *keys(PortfolioSettings)]),
            "## A column of one's own: `columns: {TABLE: {COLUMN: …}}`\n",
            _table(keys(ColumnMapping, "columns.*.*.")),
            "## An attribute: `attributes: {NAME: …}`\n",
            _table(keys(Attribute, "attributes.*.")),
        )
    )


def keys(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key that can be written, outer before inner, by its path."""
    for name, field in model.model_fields.items():
        if name in _NOT_WRITTEN:
            continue
        key = f"{path}{field.alias or name}"
        yield key, field
        inner = _model_of(field.annotation)
        if inner is not None:
            yield from keys(inner, f"{key}.")


def _model_of(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType):
        return next(filter(None, map(_model_of, get_args(annotation))), None)
    return None


def _table(fields: Iterable[tuple[str, FieldInfo]]) -> str:
    rows = "\n".join(_row(key, field) for key, field in fields)
    return f"| key | meaning, unit | default | example |\n|---|---|---|---|\n{rows}\n"


def _row(key: str, field: FieldInfo) -> str:
    note = NOTES[key]
    return f"| `{key}` | {note.meaning} | {_default(field)} | `{note.example}` |"


def _default(field: FieldInfo) -> str:
    default = field.default
    if (
        default is None
        or isinstance(default, BaseModel)
        or default in ({}, frozenset())
    ):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
