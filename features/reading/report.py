"""What reading a portfolio found: rows, rejects and warnings, for people to act on."""

from collections.abc import Sequence
from dataclasses import dataclass

from features.reading.rejects import Reject

CLEAN, UNUSABLE, HAS_REJECTS = 0, 2, 3  # exit codes of `forbear validate`


@dataclass(frozen=True, slots=True)
class TableReport:
    """Rows of one table: as found, and as accepted (before corrections apply)."""

    table: str
    n_read: int
    n_accepted: int
    n_without_customer: int = 0  # rejected, and nobody can say whose they are

    @property
    def n_rejected(self) -> int:
        """Rows read and not accepted."""
        return self.n_read - self.n_accepted


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """Everything `forbear validate` says; holds no personal data."""

    tables: Sequence[TableReport]
    rejects: Sequence[Reject]
    warnings: Sequence[str]
    unusable: Sequence[str] = ()  # why the data as a whole cannot be right

    @property
    def n_rejected(self) -> int:
        """Rows read and not accepted, of all tables."""
        return sum(table.n_rejected for table in self.tables)

    @property
    def has_customers(self) -> bool:
        """Whether any customer was accepted: without one nothing can be scored."""
        return any(t.table == "customers" and t.n_accepted for t in self.tables)

    @property
    def is_usable(self) -> bool:
        """Whether anything may be learnt or decided from it."""
        return self.has_customers and not self.unusable

    @property
    def exit_code(self) -> int:
        """0 clean, 3 with rejects, 2 unusable: no customer left, ids do not match."""
        if not self.is_usable:
            return UNUSABLE
        return HAS_REJECTS if self.rejects else CLEAN
