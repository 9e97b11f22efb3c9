"""What a store of decisions promises, whatever keeps it.

* **Durable before answered**: `record` returns when the decision survives a power cut.
  What cannot be recorded is not answered.
* **Append only**: a record is never changed. `erase` and `expire` alone remove any, and
  say so in the chain.
* **Idempotent**: under one idempotency key of one API key there is one decision.
* **Reserved inside the transaction**: a decision and the budget slot it takes are
  recorded together or not at all, over all processes that share the store.

A store knows nothing of policies and answers: what it must find again is a field of
`Decision`. Moments are microseconds since 1970 UTC.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, Protocol

from features.made_often import dataclass
from store.budget_slots import BudgetSlot, Reservation
from store.errors import IdempotencyConflictError
from store.waiting import WaitingCustomer


@dataclass(frozen=True, slots=True)
class Decision:
    """One recorded answer with everything needed to compute it again.

    Args:
        action: what was recommended; None where nothing could be decided.
        notices_due: names of the notices the answer asked for.
        language: of the answer's sentences, as the request or its header asked.
        request, answer: the bodies as received and as sent.
        versions: JSON: bundles, policy, feature sets, release.
        prior_decisions: JSON: what the decision knew of earlier ones.
        policy_hash: names the policy among the documents recorded with it.
        key_id: the API key that asked.
        retain_until: how long the policy keeps it; None where the policy is silent.
        erasure_waits_for: what went on then and must end before the customer may be
            erased: `access_off`, `appeal`, `dispute`.
        inputs: JSON: what decided of stored events, which may be gone some day; None
            where the request holds the events.
    """

    decision_id: str
    recorded_at: int
    as_of: int
    customer_id: str
    action: str | None
    notices_due: tuple[str, ...]
    language: str
    request: bytes
    answer: bytes
    versions: str
    prior_decisions: str
    policy_hash: str
    key_id: str
    idempotency_key: str | None
    request_sha256: bytes
    retain_until: int | None = None
    erasure_waits_for: tuple[str, ...] = ()
    inputs: str | None = None


class Recommended(NamedTuple):
    """What one recorded decision recommended."""

    customer_id: str
    as_of: int
    action: str


class KnownBefore(NamedTuple):
    """What a decision about one customer knows of the decisions before it.

    Args:
        slots: of budgets, committed since it was asked last, by any process.
        last: what was recommended last; None where nothing was, in that time.
        alarm: the clock of monitoring that stops automation; None where none does.
    """

    slots: list[BudgetSlot]
    last: Recommended | None
    alarm: str | None


class ListedDecision(NamedTuple):
    """What a list says of one decision."""

    decision_id: str
    recorded_at: int
    as_of: int
    customer_id: str
    action: str | None


class ErasureResult(NamedTuple):
    """What was removed of one customer, and what stays in the chain about it."""

    n_decisions: int
    chain_position: int


class DecisionReader(Protocol):
    """Looks decisions up; changes nothing.

    Every method raises StoreUnavailableError where the store cannot be read.
    """

    def find(self, decision_id: str) -> Decision:
        """Raises UnknownDecisionError if there is none."""
        ...

    def find_answered(self, key_id: str, idempotency_key: str) -> Decision | None:
        """The decision given before under this idempotency key, if any."""
        ...

    def listed(
        self,
        customer_id: str | None,
        before: str | None,
        most: int,
        beginning: str = "",
    ) -> list[ListedDecision]:
        """Decisions, the latest first, of one customer or of all.

        At most `most`, of those that were made before the decision of id `before`;
        where no customer is named, of those whose id begins with `beginning`.
        """
        ...

    def recorded(
        self,
        customer_id: str | None,
        since: int,
        before: int,
        after: str,
        most: int,
    ) -> list[ListedDecision]:
        """Decisions recorded in [since, before), of one customer or of all.

        The first ones first, at most `most`, of those made after the decision of id
        `after`; an empty id is before all.
        """
        ...

    def last_notices(self, customer_id: str, before: int) -> Mapping[str, int]:
        """Notices that were due at moments before, by name, and at which last."""
        ...

    def slots_taken(self, begin: int, end: int) -> list[BudgetSlot]:
        """Slots taken for a moment in [begin, end), by any process."""
        ...

    def known_before(
        self, customer_id: str, slot_id: int, since: int, before: int
    ) -> KnownBefore:
        """Asked before each decision about a customer, and therefore as one.

        Args:
            customer_id: of the last action.
            slot_id: of the slot that is known already; slots come in their order.
            since: the first moment for which an action counts.
            before: the first one for which it does not count any more.
        """
        ...

    def last_slot_id(self) -> int:
        """Of the slot committed last; 0 before the first."""
        ...

    def standing_alarm(self) -> str | None:
        """The clock of monitoring that stops automation now; None where none does."""
        ...

    def document(self, document_hash: str) -> str:
        """A document recorded with a decision, as it was.

        Raises:
            UnknownDocumentError: if none of this hash was recorded.
        """
        ...

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        ...


class DecisionStore(DecisionReader, Protocol):
    """Records decisions. `record` is called from one event loop."""

    def coming(self) -> AbstractContextManager[None]:
        """While a decision is made that will be recorded: others may wait for it."""
        return nullcontext()

    async def record(
        self,
        decision: Decision,
        documents: Mapping[str, str],
        reservation: Reservation | None = None,
        waiting: WaitingCustomer | None = None,
    ) -> Decision:
        """Make `decision` durable, with the slot it takes, and return it.

        If its idempotency key was recorded before with the same body, that earlier
        decision is returned and nothing is written. `documents` are the policy and the
        settings it was made with, by hash; each is kept once. `waiting`: what a person
        is needed for by it; None: it is not about now, and changes nothing there.

        Raises:
            SlotTakenError: another decision took what `reservation` rests on.
            IdempotencyConflictError: same idempotency key, another body.
            StoreUnavailableError: it could not be made durable, or too many wait.
        """
        ...

    async def erase(
        self, customer_id: str, now: int, *, is_agreed: bool = False
    ) -> ErasureResult:
        """Destroy the customer's key and remove the decisions.

        The chain keeps, for each, its id, when it was recorded and a hash that says
        nothing without the key; and that they were erased, and when. `is_agreed`: the
        customer was erased a moment ago, so nothing that was recorded since is kept.

        Raises:
            ErasureRefusedError: something goes on, or a record must be kept still.
            StoreUnavailableError: it could not be made durable.
        """
        ...

    async def take_back(self, decision_id: str, now: int) -> None:
        """Remove a decision whose customer was erased while it was made.

        Nothing is done where the erasure removed it already.

        Raises:
            StoreUnavailableError: it could not be made durable.
        """
        ...

    async def prove_writable(self) -> None:
        """Commit something that is no decision by the path that decisions take.

        At most one such commit a second, however many ask.

        Raises:
            StoreUnavailableError: a decision could not be recorded now, and why.
        """
        ...

    def close(self) -> None:
        """Record what waits, then end."""
        ...


def same_request(earlier: Decision, request_sha256: bytes) -> Decision:
    """`earlier` if it answered the same body.

    Raises:
        IdempotencyConflictError: if it answered another.
    """
    if earlier.request_sha256 != request_sha256:
        raise IdempotencyConflictError
    return earlier
