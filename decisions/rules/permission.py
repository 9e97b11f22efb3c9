"""From when on time alone would permit what is withheld."""

from datetime import datetime

from decisions.actions import ACTIONS, REMIND, SEVERITY, SUSPEND
from decisions.recommendation import Withheld
from decisions.rules.eligibility import Reasons
from decisions.rules.evidence import counting_evidence
from decisions.rules.retries import charging, retry_pending
from decisions.steps.decided import Decided


def permitted_from(d: Decided, withheld: tuple[Withheld, ...]) -> datetime | None:
    """When the proposal would be permitted if nothing but time went by.

    None where it would not, or where that is not known: a number, a draw or a budget
    does not end by itself; nor is it known what the ladder waits for behind a hold, or
    behind a notice that is still to be sent.
    """
    seen, terms, proposed = d.seen, d.terms, d.choice.proposed
    ordinary, shorter, fraud = seen.ordinary, seen.high_usage or (), seen.fraud or ()
    if not withheld or not {*ordinary, *shorter, *fraud}.issuperset(withheld):
        return None
    found = []
    if _is_brought_by_time(d):
        found.append(_end(ordinary, proposed))
    if proposed >= SUSPEND:
        if d.inputs.p_nonpayment >= terms.min_p_high_usage:
            found.append(_end(shorter, proposed))
        opens = terms.calendar.may_stop_from
        found = [moment and opens(moment)[0] for moment in found]
    ends = _end(fraud, proposed)
    if ends and d.inputs.p_fraud_marginal >= terms.min_p_fraud_path:
        still = counting_evidence(terms, d.case.facts, ends)
        found.append(ends if still else None)  # signs grow old, too
    return min((moment for moment in found if moment is not None), default=None)


def _end(way: Reasons, proposed: int) -> datetime | None:
    """When the last of a way's reasons against an action ends by itself."""
    ends = [r.permitted_from for r in way if ACTIONS[proposed] in r.actions]
    known = [moment for moment in ends if moment is not None]
    return max(known, default=None) if len(known) == len(ends) else None


def _is_brought_by_time(d: Decided) -> bool:
    """Whether nothing but time lies between the ladder and the proposal."""
    position, proposed = d.seen.position, d.choice.proposed
    if proposed < SUSPEND:
        return proposed != REMIND or position.notice_opens is not None
    state, waits = position.next, position.waits
    if state is None or not position.is_told or SEVERITY[state.action] < proposed:
        return False
    opens = None if waits is None else waits.permitted_from
    charges = charging(d.terms, d.case.facts, is_held=False)
    if opens is None or charges is None or not charges.retried:
        return True
    return retry_pending(d.terms, charges, opens, state.state, opens) is None
