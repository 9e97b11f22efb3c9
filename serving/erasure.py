"""Whether stored events show that a customer must not be erased yet."""

from contextlib import closing
from datetime import datetime

from serving.champions import InForce, in_force_now
from serving.decide import decide, new_decision_id, waits_for
from serving.prior_decisions import PriorDecisions
from serving.settings import ServingSettings
from serving.stored_customers import question_of_all
from store.errors import ErasureRefusedError
from store.events import EventReader
from store.opening import has_events, open_event_reader


def refuse_erasure_now(
    settings: ServingSettings, customer_id: str, now: datetime
) -> None:
    """As a service would: by all that is stored of a customer now.

    Raises:
        ErasureRefusedError: access is off, or an appeal or a dispute runs.
        StoreUnavailableError: the store of events cannot be read.
        ScoringError, DecisionError, AdviceError: what decides cannot be loaded.
    """
    if not has_events(*settings.store):
        return
    with closing(open_event_reader(*settings.store)) as events:
        if events.rows(customer_id, events.last_sequence(), 1):
            in_force = in_force_now(settings)
            refuse_while_events_need_it(events, customer_id, in_force, now)


def refuse_while_events_need_it(
    events: EventReader, customer_id: str, in_force: InForce, now: datetime
) -> None:
    """Look at everything stored of a customer, whoever vouches for it.

    What was decided last says the same as of that moment; what arrived since is here.

    Raises:
        ErasureRefusedError: access is off, or an appeal or a dispute runs.
        StoreUnavailableError: the store of events cannot be read.
    """
    if not events.rows(customer_id, events.last_sequence(), 1):
        return
    question = question_of_all(customer_id, events, in_force, now)
    answer, _ = decide(question, in_force, new_decision_id(), now, PriorDecisions())
    if because := tuple(waits_for(answer)):
        raise ErasureRefusedError(because, None)
