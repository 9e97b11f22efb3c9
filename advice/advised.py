"""A portfolio that was advised, part by part: `AdvisedParts`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from advice.advice_table import SCHEMA
from scoring.level import Level

if TYPE_CHECKING:
    from advice.in_run import RunAnswer

_OF_RUN = ("action_in_run", "is_beyond_budget")


@dataclass(frozen=True)
class AdvisedParts:
    """Rows of advice in the order of the customers' ids, read as often as wanted.

    Args:
        parts: a table, or a file of the rows of a part and what is left of their
            actions within the run.
        metadata: the policy and the bundles that gave the answers, and how often it
            happens by those of few outcomes.
    """

    parts: Sequence[pa.Table | tuple[Path, RunAnswer]]
    metadata: Mapping[str, str]

    @classmethod
    def of(cls, table: pa.Table) -> AdvisedParts:
        """What `advise_portfolio` gave."""
        stated = (table.schema.metadata or {}).items()
        return cls([table], {k.decode(): v.decode() for k, v in stated})

    def level(self, target: str) -> Level | None:
        """How often it happens, and how surely that is known; None where untold."""
        stated = self.metadata.get(f"level_{target}")
        return None if stated is None else Level(*json.loads(stated))

    def __len__(self) -> int:
        return sum(
            len(part) if isinstance(part, pa.Table) else len(part[1].action)
            for part in self.parts
        )

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows part by part, one part held at a time.

        Args:
            columns: those wanted; all by default.
        """
        names = list(SCHEMA.names if columns is None else columns)
        for part in self.parts:
            if isinstance(part, pa.Table):
                yield part.select(names)
            else:
                file, answer = part
                yield _read(file, answer, names)

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[dict[str, object]]:
        """All rows of advice, one after the other; `columns` as `tables` has it."""
        for table in self.tables(columns):
            yield from table.to_pylist()


def _read(file: Path, answer: RunAnswer, names: list[str]) -> pa.Table:
    from advice.in_run import run_columns

    stored = [name for name in names if name not in _OF_RUN]
    rows = pq.read_table(file, columns=stored or ["customer_id"])
    for name, column in run_columns(answer).items():
        if name in names:
            rows = rows.append_column(name, column)
    return rows.select(names)
