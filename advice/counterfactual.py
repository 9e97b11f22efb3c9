"""What would change a recommendation, found by asking again.

Every option was scored and decided by the very path that decided, on the customer's
events and one thing more. Nothing is inferred from contributions of features.
"""

from collections.abc import Callable, Iterator

from advice.remedies import Pair, Remedy, Situation, pairs, remedies
from decisions.actions import SEVERITY, Action
from decisions.follow_up.counterfactual import Counterfactual, Counterfactuals
from decisions.recommendation import Recommendation
from features.additions import with_rows
from features.events import Events
from features.money import major_units

MOST = 3

AskAgain = Callable[[Events], Recommendation]


def counterfactuals(s: Situation, ask_again: AskAgain) -> Counterfactuals:
    """The least that leads to a milder action, and what it leads to.

    Args:
        s: the customer as asked about, with the answer given.
        ask_again: the same question about other events.
    """
    if s.answer.action is None:
        return Counterfactuals("no_decision")
    if s.answer.action == "none":
        return Counterfactuals("not_needed")
    groups = list(remedies(s))
    options = tuple(
        option for group in groups for option in _milder(s, group, ask_again)
    )
    both = tuple(
        option
        for pair in pairs(s)
        for option in _milder(s, (pair.both,), ask_again, _mildest(s, options, pair))
    )
    if options or both:
        return Counterfactuals("found", (*options[: MOST - len(both)], *both))
    has_events = any(groups) or s.facts.source in ("invoices", "ageing")
    return Counterfactuals("needs_person" if has_events else "nothing_to_simulate")


def _mildest(
    s: Situation, options: tuple[Counterfactual, ...], pair: Pair
) -> Action | None:
    """The mildest that one of the two leads to alone."""
    led_to = [o.leads_to for o in options if o.kind in pair.alone]
    return min(led_to, key=SEVERITY.__getitem__, default=s.answer.action)


def _milder(
    s: Situation,
    group: tuple[Remedy, ...],
    ask_again: AskAgain,
    than: Action | None = None,
) -> Iterator[Counterfactual]:
    """Of more and more of the same: each step that leads to something milder still.

    Milder than what is recommended now, or than `than`.
    """
    action = than or s.answer.action
    for remedy in group:
        if action is None or action == "none":
            return
        then = ask_again(with_rows(s.events, remedy.rows))
        if then.action is None:
            continue
        if SEVERITY[then.action] < SEVERITY[action]:
            action = then.action
            yield _option(s, remedy, then, action)


def _option(
    s: Situation, remedy: Remedy, then: Recommendation, leads_to: Action
) -> Counterfactual:
    return Counterfactual(
        kind=remedy.kind,
        leads_to=leads_to,
        p_nonpayment=then.p_nonpayment,
        p_fraud=then.p_fraud,
        currency=s.settings.currency,
        amount=None if remedy.amount is None else major_units(remedy.amount),
        invoices=remedy.invoices,
        until=remedy.until,
        proofs=remedy.proofs,
        reactivation=None
        if s.answer.follow_up.reactivation
        else then.follow_up.reactivation,
    )
