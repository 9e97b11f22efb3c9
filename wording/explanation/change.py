"""What would change a recommendation, in sentences: "paying invoice 4711 changes …".

The customer is told what helps and what it helps against, never why it does.
"""

from collections.abc import Iterator
from typing import Any

from decisions.follow_up.counterfactual import Counterfactual
from features.money import ten_thousandths
from wording.explanation.passage import Subject
from wording.explanation.sums import Sums


def staff_change(s: Subject) -> Iterator[str]:
    """What leads to a milder action, or that nothing does."""
    if s.counterfactuals is None:
        return
    for option in s.counterfactuals.options:
        deed = s.words.say(f"staff.change.deed.{_key(option)}", **_quoted(s, option))
        now, then = s.answer.action, option.leads_to
        yield s.words.sentence("staff.change.changes", deed=deed, now=now, then=then)
        if option.reactivation is not None:
            by, restore_by = option.reactivation.by, option.reactivation.restore_by
            yield s.words.sentence(f"staff.change.returns.{by}", restore_by=restore_by)
    if s.counterfactuals.code == "nothing_to_simulate":
        yield s.words.sentence("staff.change.nothing_to_simulate")
    if s.counterfactuals.code == "needs_person":
        yield s.words.sentence(f"staff.change.{_waits_for(s)}")


def customer_change(s: Subject) -> Iterator[str]:
    """What the customer can do, and what does not happen then."""
    if s.counterfactuals is None:
        return
    for option in s.counterfactuals.options:
        is_check = option.kind in ("clearance", "verification_and_clearance")
        if not is_check or s.is_stop:  # else nobody said there is a check
            yield from _told(s, option)
    if s.is_stop and s.counterfactuals.code == "needs_person":
        yield s.words.sentence(f"customer.change.{_waits_for(s)}")


def _waits_for(s: Subject) -> str:
    """What brings access back that is off, where nothing that can be done now does.

    Who contests all, or has paid by a payment on its way, waits for the end of these.
    """
    holds = s.answer.permission.holds
    causes = {hold.kind for hold in holds if not (hold.protects or hold.cure)}
    if not s.answer.permission.in_force:
        return "needs_person"
    if "manual" in causes:
        return "off_by_person"
    if causes != {"nonpayment"}:
        return "needs_person"
    if s.case.facts.contested:
        return "off_contested"
    return "off_in_flight" if s.case.facts.in_flight else "needs_person"


def _told(s: Subject, option: Counterfactual) -> Iterator[str]:
    """A condition, what follows from it, and for how long."""
    within = s.terms.document.reconnection.within_hours
    yield s.words.sentence(
        "customer.change.changes",
        condition=s.words.say(
            f"customer.change.if.{_key(option)}", **_quoted(s, option)
        ),
        consequence=s.words.say(
            f"customer.change.then.{_consequence(s, option)}", within=within
        ),
    )
    if option.kind in ("promise", "pay_and_promise"):
        yield s.words.sentence("customer.change.as_long")
    if option.leads_to != "none":
        yield s.words.sentence(f"customer.change.still.{option.leads_to}")


def _consequence(s: Subject, option: Counterfactual) -> str:
    """What does not happen, or that access returns."""
    if option.reactivation is not None:
        return f"returns_{option.reactivation.by}"
    if not (s.is_stop and s.is_by_fraud):
        return s.action
    if option.kind.endswith("clearance") and s.action == "suspend":
        return "cleared"  # the pause does not wait for the check; it ends with it
    return f"{s.action}_protective"


def _key(option: Counterfactual) -> str:
    """Ageing reports name no invoices."""
    is_payment = option.kind in ("pay_overdue", "pay_open")
    return (
        f"{option.kind}_balance" if is_payment and not option.invoices else option.kind
    )


def _quoted(s: Subject, option: Counterfactual) -> dict[str, Any]:
    return {
        "amount": _amount(s, option),
        "invoices": s.words.joined(list(option.invoices)),
        "until": option.until,
        "proofs": s.words.words("proofs", option.proofs),
    }


def _amount(s: Subject, option: Counterfactual) -> Sums | None:
    """What is to be paid or promised, as the invoices have it."""
    if option.amount is None:
        return None
    whole = ten_thousandths(option.amount)
    if option.kind == "promise":
        return s.sums(s.late_items, lambda item: item.uncovered, whole)
    named = [item for item in s.case.facts.items if item.invoice_id in option.invoices]
    return s.sums(named, lambda item: item.remainder - item.contested, whole)
