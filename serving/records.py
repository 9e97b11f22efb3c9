"""Where decisions are recorded: the real ones, and apart those of test keys.

A decision of a test key takes no slot of the budgets, is no earlier decision about a
customer, and is in no export: an integration can be tried in production.
"""

from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from serving.access import note_access
from serving.budget_ledger import BudgetLedger
from store.decisions import Decision, DecisionStore
from store.errors import UnknownDecisionError
from store.keys import ApiKey
from store.opening import open_decision_store
from store.places import is_recorded

TEST = "test"  # folder below the state folder, whatever keeps the real decisions


def test_folder(home: Path) -> Path:
    """Where decisions of test keys are."""
    return home / TEST


@dataclass(frozen=True, slots=True)
class DecisionRecords:
    """Decisions, and what they use of the budgets."""

    decisions: DecisionStore
    ledger: BudgetLedger

    @classmethod
    def of(
        cls, decisions: DecisionStore, watched: DecisionStore | None = None
    ) -> "DecisionRecords":
        return cls(decisions, BudgetLedger(decisions, watched))


class RecordsOfKeys:
    """The records of a key; those of tests are opened when a test key first comes."""

    def __init__(self, real: DecisionStore, home: Path) -> None:
        self._home = home
        self._real = DecisionRecords.of(real)
        self._test: DecisionRecords | None = None

    def of(self, key: ApiKey) -> DecisionRecords:
        """Raises StoreUnavailableError where those of tests cannot be opened."""
        return self._of_tests() if key.is_test else self._real

    def of_tests(self) -> DecisionStore | None:
        """Decisions of test keys; None where no test key ever decided.

        Raises StoreUnavailableError where they cannot be opened.
        """
        if self._test is None and not is_recorded(test_folder(self._home)):
            return None
        return self._of_tests().decisions

    def _of_tests(self) -> DecisionRecords:
        if self._test is None:
            apart = open_decision_store(test_folder(self._home), None)
            self._test = DecisionRecords.of(apart, self._real.decisions)
        return self._test

    def close(self) -> None:
        for records in filter(None, (self._real, self._test)):
            records.decisions.close()


def find_for(request: Request, key: ApiKey, decision_id: str) -> Decision:
    """A decision that `key` may read; that it reads it is written down.

    Raises:
        UnknownDecisionError: there is none, or none about customers of this key.
    """
    records: RecordsOfKeys = request.app.state.records
    decision = records.of(key).decisions.find(decision_id)
    if not key.may_name(decision.customer_id):
        raise UnknownDecisionError(decision_id)
    note_access(request, key, decision_id)
    return decision
