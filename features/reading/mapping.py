"""`columns:` of portfolio.yaml: a table's own names and words → the contract's.

A column is renamed here, before any rule is applied, and its cells are put into
the contract's spelling by `features.reading.spelling`, while the row as found stays
what a person sees among the rejected ones.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Self, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from features.contract import MOMENT_KINDS, ColumnSpec
from features.errors import ColumnMappingError
from features.reading.sources import Part, Source
from features.reading.spelling import (
    NUMBER_KINDS,
    Spelling,
    date_format,
)
from features.settings import PortfolioSettings

OPTIONS = ("from", "value", "values", "decimal", "thousands", "format", "timezone")


def _short_forms(value: object) -> object:
    """A text renames; a mapping without any option maps values."""
    if isinstance(value, str):
        return {"from": value}
    if isinstance(value, Mapping) and not value.keys() & set(OPTIONS):
        return {"values": value}
    return value


class ColumnMapping(BaseModel):
    """How one column of the contract is found in a table of one's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    source: str | None = Field(
        default=None,
        alias="from",
        min_length=1,
        description="the column's own name; absent: the contract's",
        examples=["betrag"],
    )
    value: str | None = Field(
        default=None,
        description="the same for every row, where the table has no such column",
        examples=["succeeded"],
    )
    values: Mapping[str, str] = Field(
        default={},
        description="own words → the contract's; an empty text is a missing cell",
        examples=[{"paid": "succeeded"}],
    )
    decimal: str = Field(
        default=".",
        pattern=r"^[.,]$",
        description="the decimal sign of numbers and money written as text",
        examples=[","],
    )
    thousands: str | None = Field(
        default=None,
        pattern=r"^[.,' _]$",
        description="what separates groups of three digits",
        examples=["."],
    )
    format: str | None = Field(
        default=None,
        description="how dates are written, of YYYY MM DD hh mm ss",
        examples=["DD.MM.YYYY"],
    )
    timezone: str | None = Field(
        default=None,
        description="where times without an offset were written",
        examples=["Europe/Berlin"],
    )

    @field_validator("format")
    @classmethod
    def _is_a_date_format(cls, value: str | None) -> str | None:
        if value is not None:
            date_format(value)  # refuses what is none
        return value

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str | None) -> str | None:
        try:
            return name and ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("unknown time zone") from error

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.value is not None and (self.source or self.values):
            raise ValueError("`value` is the same for every row: no `from`, no values")
        if self.thousands == self.decimal:
            raise ValueError("decimal and thousands must differ")
        return self

    @property
    def spelling(self) -> Spelling:
        """How the cells are spelt."""
        zone = None if self.timezone is None else ZoneInfo(self.timezone)
        return Spelling(self.values, self.decimal, self.thousands, self.format, zone)


ColumnMappings: TypeAlias = Mapping[
    str, Mapping[str, Annotated[ColumnMapping, BeforeValidator(_short_forms)]]
]


def check_mappings(mappings: ColumnMappings, settings: PortfolioSettings) -> None:
    """Refuse what can mean nothing in this portfolio.

    Raises:
        ColumnMappingError: with the code of what is wrong.
    """
    for table, by_column in mappings.items():
        if table not in settings.columns:
            tables = ", ".join(settings.columns)
            raise ColumnMappingError(
                "unknown_table", f"columns: no table {table!r}; one of {tables}"
            )
        columns = {column.name: column for column in settings.columns[table]}
        for name, mapping in by_column.items():
            where = f"columns.{table}.{name}"
            if name not in columns:
                raise ColumnMappingError(
                    "unknown_column",
                    f"{where}: the contract's name comes first, your own after it; "
                    f"{table} has {', '.join(columns)}",
                )
            _check_column(where, mapping, columns[name])


def _check_column(where: str, mapping: ColumnMapping, column: ColumnSpec) -> None:
    if column.kind == "choice":
        allowed = {*column.choices, "", *(["other"] if column.is_open else [])}
        words = {*mapping.values.values(), *filter(None, [mapping.value])}
        if unknown := sorted(words - allowed):
            raise ColumnMappingError(
                "unknown_choice",
                f"{where}: {unknown[0]!r} is no value of the contract; one of "
                f"{', '.join(column.choices)}",
            )
    is_spelt_as_number = mapping.decimal != "." or mapping.thousands is not None
    if is_spelt_as_number and column.kind not in NUMBER_KINDS:
        raise ColumnMappingError("not_a_number", f"{where}: no column of numbers")
    if (mapping.format or mapping.timezone) and column.kind not in MOMENT_KINDS:
        raise ColumnMappingError("not_a_moment", f"{where}: no column of moments")


def wanted_columns(
    mappings: ColumnMappings, settings: PortfolioSettings
) -> Mapping[str, Collection[str]]:
    """By table, the columns as found that the contract or portfolio.yaml names."""
    return {
        table: {
            *(column.name for column in columns),
            *(m.source for m in mappings.get(table, {}).values() if m.source),
        }
        for table, columns in settings.columns.items()
    }


class MappedSource:
    """A source whose tables bear their own names of columns."""

    def __init__(
        self,
        source: Source,
        mappings: ColumnMappings,
        warnings: Collection[str] = (),
    ) -> None:
        self._source, self._mappings = source, mappings
        self._warnings = warnings
        self.tables = source.tables
        self.empty_is_none = source.empty_is_none
        self._noticed: set[str] = set()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Of the source, and columns that gave way to renamed ones."""
        return (*self._warnings, *self._source.warnings, *sorted(self._noticed))

    def parts(self, table: str) -> Iterator[Part]:
        """One table's rows under the contract's names, part by part."""
        mappings = self._mappings.get(table, {})
        spellings = {name: mapping.spelling for name, mapping in mappings.items()}
        for part in self._source.parts(table):
            rows = self._renamed(table, part, mappings)
            yield replace(part, rows=rows, spellings=spellings)

    def _renamed(
        self, table: str, part: Part, mappings: Mapping[str, ColumnMapping]
    ) -> pa.Table:
        """The rows under the contract's names and words, as portfolio.yaml says."""
        rows, names = part.rows, part.rows.column_names
        if len(set(names)) < len(names):
            return rows  # refused by whoever reads it
        columns: dict[str, pa.ChunkedArray] = {}
        for name, mapping in mappings.items():
            if mapping.value is not None:
                value = pa.scalar(mapping.value, pa.string())
                columns[name] = pa.chunked_array([pa.repeat(value, len(rows))])
            elif (own := mapping.source or name) in names:
                columns[name] = rows.column(own)
            elif mapping.source is not None:
                raise ColumnMappingError(
                    "column_not_found",
                    f"columns.{table}.{name}: {part.where} has no column {own!r}; it "
                    f"has {', '.join(names)}",
                )
        taken = {mapping.source or name for name, mapping in mappings.items()}
        for name in names:
            if name not in columns and name not in taken:
                columns[name] = rows.column(name)
            elif name not in taken:
                self._noticed.add(
                    f"{table}: its own column {name!r} gives way to the one that "
                    "portfolio.yaml names"
                )
        return pa.table(columns)
