"""Tables in normal form in DuckDB, and what was found while they were read."""

from dataclasses import dataclass, field
from typing import Any

import ibis.expr.types as ir

from features.reading.cross_row_rules import (
    Expelled,
)
from features.reading.observation import Observation
from features.reading.rejects import RejectCounter
from features.reading.report import TableReport, ValidationReport


@dataclass
class LoadedTables:
    """Tables in normal form and what was found on the way."""

    connection: Any
    tables: dict[str, ir.Table] = field(default_factory=dict)
    reports: dict[str, TableReport] = field(default_factory=dict)
    rejects: RejectCounter = field(default_factory=RejectCounter)
    warnings: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)
    latest: dict[str, int] = field(default_factory=dict)  # known_at; no snapshots
    expelled: dict[str, Expelled] = field(default_factory=dict)
    rejected: dict[str, frozenset[str]] = field(default_factory=dict)
    observation: Observation = field(
        default_factory=lambda: Observation(frozenset(), {}, 0)
    )

    @property
    def report(self) -> ValidationReport:
        """What was read, rejected and noticed."""
        return ValidationReport(
            tuple(self.reports.values()),
            self.rejects.rejects(),
            tuple(self.warnings),
            tuple(self.unusable),
        )
