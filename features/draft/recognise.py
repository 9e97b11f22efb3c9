"""Which files of a folder look like tables of the contract, and how they spell it.

A guess to be checked by a person: whatever is not the contract's own name or form is
only proposed, as a line of `columns:` in portfolio.yaml.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from features.contract import TABLES, ColumnSpec, TableSpec
from features.draft.samples import first_part, sample_of, sample_of_part
from features.draft.spelling import days_in, spelling_of
from features.draft.words import COLUMN_WORDS, TABLE_WORDS, plain_word, question_about
from features.reading.excel_file import WORKBOOK, sheets

_NEAR = 0.84
_DUE = ("invoices", "due_at")  # which credit notes alone can do without
_OBSERVED = ("event_at", "known_at")  # a due date may lie ahead


@dataclass(frozen=True, slots=True)
class RecognisedTable:
    """A file that looks like a table.

    Attributes:
        file: its name in the folder; of a table of many files the folder's own.
        sheet: of a workbook; empty: the file is one table.
        distinct: those of `unused` that have another value in each row looked at.
        repeated: those of `unused` that have a value in several rows looked at.
        values: column of `unused` → its values in the rows looked at.
        questions: contract's column → what a person has to answer about its mapping.
        latest: the last day of its rows, as far as they were looked at.
        table: the table of the contract.
        mapping: contract's column → what `columns:` of portfolio.yaml could say.
        missing: required columns for which no column of the file was found.
        unused: columns of the file that nothing in the contract is like.
    """

    file: str
    table: str
    mapping: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    sheet: str = ""
    distinct: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    questions: Mapping[str, str] = field(default_factory=dict)
    latest: date | None = None

    @property
    def is_named_well(self) -> bool:
        """Whether it is read under its present name."""
        return (self.sheet.strip().casefold() or Path(self.file).stem) == self.table

    @property
    def where(self) -> str:
        """The file, and the sheet in it."""
        return f"{self.file}, sheet {self.sheet}" if self.sheet else self.file


def recognise(folder: Path) -> tuple[tuple[RecognisedTable, ...], tuple[str, ...]]:
    """Tables found in a folder, and names of files and sheets that look like none."""
    tables: list[RecognisedTable] = []
    others: list[str] = []
    for file in sorted(folder.iterdir()):
        if file.name in TABLES and (part := first_part(file)):
            spec = TABLES[file.name]
            names, rows = sample_of_part(file, part, spec)
            tables.append(_table(file.name, "", spec, names, rows))
            continue
        is_table = file.suffix.lower() in {".csv", ".parquet", ".xlsx"}
        if file.name.startswith((".", "_")) or not (file.is_file() and is_table):
            continue
        for name, sheet in _names_in(file):
            table = _table_named(name)
            if table is None:
                others.append(f"{file.name}, sheet {sheet}" if sheet else file.name)
            else:
                names, rows = sample_of(file, sheet, TABLES[table])
                tables.append(_table(file.name, sheet, TABLES[table], names, rows))
    return tuple(tables), tuple(others)


def _names_in(file: Path) -> Iterator[tuple[str, str]]:
    """What tables in a file are called: by its name, in the workbook by its sheets."""
    if file.name != WORKBOOK:
        yield file.stem, ""
        return
    for sheet in sheets(file).values():
        yield sheet, sheet


def _table_named(stem: str) -> str | None:
    """By the contract's names first, then by words that offices use for them."""
    word = plain_word(stem)
    named = {
        plain_word(own): table
        for table, own_words in TABLE_WORDS.items()
        for own in (table, *own_words)
    }
    if word in named:
        return named[word]
    near = difflib.get_close_matches(word, named, n=1, cutoff=_NEAR)
    within = [table for own, table in named.items() if len(own) > 4 and own in word]
    return named[near[0]] if near else next(iter(within), None)


def _table(
    file: str,
    sheet: str,
    spec: TableSpec,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> RecognisedTable:
    own = dict(_own_names(names, spec))
    whole = [row for row in rows if len(row) == len(names)]
    columns = [column for column in spec.columns if column.name in own]
    cells = {
        name: [row[names.index(own_name)] for row in whole]
        for name, own_name in own.items()
    }
    declared = {c.name: _declaration(c, own[c.name], cells[c.name]) for c in columns}
    days = [day for name in _OBSERVED for day in days_in(cells.get(name, ()))]
    needed = [
        c.name for c in spec.columns if c.is_required or (spec.name, c.name) == _DUE
    ]
    missing = [name for name in needed if name not in own]
    unused = [name for name in names if name and name not in own.values()]
    filled = {name: _filled(whole, names.index(name)) for name in unused}
    values = {name: frozenset(cells) for name, cells in filled.items()}
    repeated = [name for name in unused if len(values[name]) < len(filled[name])]
    # of a single row nobody can say whether a column names each
    is_full = {name: 1 < len(whole) == len(filled[name]) for name in unused}
    distinct = [name for name in unused if is_full[name] and name not in repeated]
    return RecognisedTable(
        file,
        spec.name,
        {name: said for name, said in declared.items() if said is not None},
        tuple(missing),
        tuple(unused),
        sheet,
        tuple(distinct),
        tuple(repeated),
        values,
        dict(_questions(spec.name, columns, own, cells)),
        max(days, default=None),
    )


def _questions(
    table: str,
    columns: Sequence[ColumnSpec],
    own: Mapping[str, str],
    cells: Mapping[str, Sequence[str]],
) -> Iterator[tuple[str, str]]:
    """(contract column, what a person has to answer) of names that are not its own."""
    for column in columns:
        name = own[column.name]
        words = set(cells[column.name]) if column.choices else ()
        asked = question_about(table, column.name, name, words)
        if name != column.name and asked:
            yield column.name, asked


def _filled(rows: Sequence[Sequence[str]], place: int) -> list[str]:
    """The cells of a column that are not empty."""
    return [cell for row in rows if (cell := row[place].strip())]


def _declaration(column: ColumnSpec, name: str, cells: Sequence[str]) -> Any:  # noqa: ANN401  YAML
    """What `columns:` has to say of one column; None where nothing."""
    spelling = spelling_of(column, cells)
    if not spelling:
        return None if name == column.name else name
    return spelling if name == column.name else {"from": name, **spelling}


def _own_names(names: Sequence[str], spec: TableSpec) -> Iterator[tuple[str, str]]:
    """(contract column, own column): equal names, then known words, then near ones."""
    free = [name for name in names if name not in {c.name for c in spec.columns}]
    for column in spec.columns:
        if column.name in names:
            yield column.name, column.name
            continue
        words = (
            column.name,
            *COLUMN_WORDS.get(f"{spec.name}.{column.name}", ()),
            *COLUMN_WORDS.get(column.name, ()),
        )
        own = _named_like([plain_word(word) for word in words], free)
        if own is not None:
            free.remove(own)
            yield column.name, own


def _named_like(words: Sequence[str], names: Sequence[str]) -> str | None:
    by_word = {plain_word(name): name for name in reversed(names)}
    exact = next((by_word[word] for word in words if word in by_word), None)
    if exact is not None:
        return exact
    near = difflib.get_close_matches(words[0], by_word, n=1, cutoff=_NEAR)
    return by_word[near[0]] if near else None
