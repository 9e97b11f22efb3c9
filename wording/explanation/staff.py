"""The explanation for the staff: risk, money, break-even, and why not more."""

from collections.abc import Iterator

from decisions.actions import SEVERITY
from decisions.follow_up.parts import ProviderEffect
from decisions.rules.evidence import counting_evidence, is_proven
from decisions.rules.linked import linked_frauds
from wording.explanation.change import staff_change
from wording.explanation.comparison import compare
from wording.explanation.frequency import BASES, fitting_base, frequency
from wording.explanation.naming import notice_name
from wording.explanation.passage import Passage, Subject
from wording.explanation.reason import (
    hold_sentences,
    instead_of_stop,
    no_decision_sentence,
    withheld_sentences,
)
from wording.explanation.responsible import responsible
from wording.explanation.weighing import IN_TEXTS, weighed

_SMALLEST = 0.005  # major units; less is written as nothing


def staff_passages(s: Subject) -> tuple[Passage, ...]:
    """All passages in the order in which somebody would ask."""
    return (
        *s.passage("risk", _risk(s)),
        *s.passage("stake", _stake(s)),
        *s.passage("comparison", weighed(s)),
        *s.passage("recommended", _recommended(s)),
        *s.passage("withheld", _withheld(s)),
        *s.passage("change", staff_change(s)),
        *s.passage("holds", _holds(s)),
        *s.passage("notice", _notices(s)),
        *s.passage("retry", _retry(s)),
        *s.passage("person", responsible(s)),
        *s.passage("reactivation", _reactivation(s)),
        *s.passage("provider", _provider(s)),
        *s.passage("validity", _validity(s)),
    )


def _risk(s: Subject) -> Iterator[str]:
    """How many of 100 such customers, by what may happen."""
    compared = compare(s.answer, s.terms)
    known = {"nonpayment": s.answer.p_nonpayment, "fraud": s.answer.p_fraud}
    for target in IN_TEXTS:
        p = known[target]
        if p is None:
            continue
        beside = [compared.break_even] if compared and compared.target == target else []
        n, base = frequency(p, fitting_base(p, *beside))
        key = f"staff.risk.{target}"
        if n == 0:
            key, base = f"{key}_rare", BASES[-1]
        yield s.words.sentence(
            key, n=n, base=base, horizon=s.answer.question.horizon_days
        )
    if known["fraud"] is None and known["nonpayment"] is not None:
        yield s.words.sentence("staff.risk.no_fraud_model")
    if s.case.is_nonpayment and known["nonpayment"] is not None:
        late, least = s.case.facts.days_overdue, s.case.nonpayment_days
        yield s.words.sentence("staff.risk.is_nonpayment", days=late, least=least)
    yield from _confirmed_fraud(s)
    signs = counting_evidence(s.terms, s.case.facts, s.answer.at)
    if signs:
        names = s.words.words("signs", dict.fromkeys(sign.kind for sign in signs))
        yield s.words.sentence("staff.risk.signs", signs=names)
    for shared in linked_frauds(s.terms, s.case.facts, s.answer.at):
        yield s.words.sentence(
            "staff.risk.linked",
            n=shared.n_others,
            frauds=len(shared.frauds_known_at),
            thing=s.words.word("shared", shared.kind),
        )
    yield from _weak_models(s)


def _weak_models(s: Subject) -> Iterator[str]:
    """Which probabilities no outcomes bear out; named where it is one of two."""
    known = {"nonpayment": s.answer.p_nonpayment, "fraud": s.answer.p_fraud}
    asked = {target for target, p in known.items() if p is not None}
    for key, weak in (("starter", s.case.starter), ("unproven", s.case.unproven)):
        if weak:
            which = "" if weak >= asked else f"_{min(weak)}"
            yield s.words.sentence(f"staff.risk.{key}{which}")


def _confirmed_fraud(s: Subject) -> Iterator[str]:
    """Since when fraud is no question: training leaves such customers out."""
    confirmed = [sign.at for sign in s.case.facts.evidence if sign.is_confirmed]
    if not confirmed:
        return
    is_beside = s.answer.p_fraud is not None
    key = "fraud_confirmed_beside" if is_beside else "fraud_confirmed"
    day = max(confirmed).astimezone(s.words.zone).date()
    yield s.words.sentence(f"staff.risk.{key}", at=day)
    if not is_proven(s.terms, s.case.facts, s.answer.at):
        yield s.words.sentence("staff.risk.fraud_confirmed_uncounted")


def _stake(s: Subject) -> Iterator[str]:
    """The money at our cost: what is open and what would still accrue."""
    yield from _immaterial(s)
    if s.answer.proposal is None:
        return
    stake = s.answer.proposal.stake
    by = "" if s.terms.document.costs is not None else "_at_price"
    if stake.exposure == 0.0:
        yield s.words.sentence("staff.stake.none")
    elif not (stake.open or stake.open_cost):
        yield s.words.sentence(f"staff.stake.run_up{by}", run_up=stake.run_up_cost)
    else:
        accrues = stake.run_up_cost >= _SMALLEST
        yield s.words.sentence(
            f"staff.stake.full{by}" if accrues else f"staff.stake.open{by}",
            exposure=stake.exposure,
            open=stake.open or 0.0,
            open_cost=stake.open_cost,
            run_up=stake.run_up_cost,
        )
    if s.answer.question.assumed:
        assumed = s.words.words("assumed", s.answer.question.assumed)
        yield s.words.sentence("staff.stake.assumed", assumed=assumed)
    if s.answer.follow_up.interest_accrued:
        yield s.words.sentence(
            "staff.stake.interest", interest=s.answer.follow_up.interest_accrued
        )


def _immaterial(s: Subject) -> Iterator[str]:
    """What is past due and yet not overdue, for it is too little."""
    late = [item for item in s.case.facts.items if item.days_overdue > 0]
    whole = sum(item.remainder - item.contested for item in late)
    if whole > 0 and s.case.facts.overdue == 0:
        amount = s.sums(late, lambda item: item.remainder - item.contested, whole)
        yield s.words.sentence("staff.stake.immaterial", amount=amount)


def _recommended(s: Subject) -> Iterator[str]:
    """The action, how it was found, and why it is another than costs least."""
    answer, words = s.answer, s.words
    if answer.no_decision is not None:
        yield words.sentence("staff.recommended.no_decision")
        yield no_decision_sentence(s, answer.no_decision)
        return
    if answer.question.mode != s.terms.mode:
        yield words.sentence("staff.recommended.by_days")
    elif answer.is_by_days and not answer.asks_for_probability(s.terms):
        yield words.sentence("staff.recommended.by_ladder")
    if answer.proposed_action != answer.action:
        key = {"cost": "by_cost", "thresholds": "by_thresholds"}.get(
            answer.question.mode, "by_timeline"
        )
        yield words.sentence(f"staff.recommended.{key}", action=answer.proposed_action)
    yield words.sentence("staff.recommended.action", action=answer.action)
    if answer.permission.raised_by is not None:
        yield words.sentence(f"staff.recommended.raised.{answer.permission.raised_by}")
    if answer.permission.in_force:
        yield words.sentence("staff.recommended.in_force")
    if answer.permission.restrict:
        names = words.words("restrictions", answer.permission.restrict)
        yield words.sentence("staff.recommended.restrict", restrictions=names)
    yield from _measures(s)
    if answer.permission.subscriptions:
        names = words.joined(list(answer.permission.subscriptions))
        yield words.sentence("staff.recommended.subscriptions", subscriptions=names)


def _measures(s: Subject) -> Iterator[str]:
    """What stands; the step beside the action, what it saves, and who must agree."""
    standing = s.answer.permission.measures_in_force
    if standing:
        names = s.words.words("measures", standing)
        yield s.words.sentence("staff.recommended.measure_in_force", measures=names)
    for one in s.answer.permission.measures:
        name = s.words.word("measures", one.measure)
        yield s.words.sentence(
            "staff.recommended.measure", measure=name, net_gain=one.net_gain
        )
        if one.limit is not None:
            yield s.words.sentence("staff.recommended.measure_limit", limit=one.limit)
        if one.approvals:
            key = "measure_person" if one.approvals == 1 else "measure_two"
            yield s.words.sentence(f"staff.recommended.{key}")


def _withheld(s: Subject) -> Iterator[str]:
    """Which actions are withheld, why, and from when they are not."""
    actions = sorted(
        {a for reason in s.answer.permission.withheld for a in reason.actions},
        key=SEVERITY.__getitem__,
    )
    if not actions:
        return
    names = [s.words.say(f"actions.{action}.name") for action in actions]
    yield s.words.sentence("staff.withheld_line", actions=s.words.joined(names))
    passages = [
        tuple(withheld_sentences(s, reason)) for reason in s.answer.permission.withheld
    ]
    for sentences in dict.fromkeys(passages):  # two ways may wait for the same
        yield from sentences
    yield from _permitted_from(s)


def _permitted_from(s: Subject) -> Iterator[str]:
    """The moment at which the proposal would be permitted, where time alone decides."""
    answer = s.answer
    if answer.permission.permitted_from is not None:
        action, at = answer.proposed_action, answer.permission.permitted_from
        yield s.words.sentence("staff.permitted_from", action=action, at=at)


def _holds(s: Subject) -> Iterator[str]:
    """What several disputes or promises have in common is said once."""
    passages = [tuple(hold_sentences(s, hold)) for hold in s.answer.permission.holds]
    for sentences in dict.fromkeys(passages):
        yield from sentences


def _notices(s: Subject) -> Iterator[str]:
    """Which notices are due, about what, by when."""
    for due in s.answer.follow_up.notices_due:
        yield s.words.sentence(
            "staff.notice.due",
            notice=notice_name(s.terms.document, due.notice, s.words),
            channel=s.words.word("channels", due.channel),
            send_by=due.send_by,
        )
        if due.invoices:
            invoices = s.words.joined(list(due.invoices))
            n = len(due.invoices)
            yield s.words.sentence("staff.notice.invoices", n=n, invoices=invoices)
        if due.fee:
            yield s.words.sentence("staff.notice.fee", fee=due.fee)
        if due.is_final_warning:
            yield s.words.sentence("staff.notice.final")


def _retry(s: Subject) -> Iterator[str]:
    due = s.answer.follow_up.retry_due
    if due is not None:
        yield s.words.sentence(
            "staff.retry.due",
            at=due.at,
            invoices=s.words.joined(list(due.invoices)),
            method=s.words.word("methods", due.method),
            n=due.attempt,
        )
    elif s.answer.follow_up.no_retry is not None:
        yield s.words.sentence(f"staff.retry.{s.answer.follow_up.no_retry}")


def _reactivation(s: Subject) -> Iterator[str]:
    back = s.answer.follow_up.reactivation
    if back is not None:
        cure = s.words.say(f"staff.cure.{back.cure}")
        yield s.words.sentence(
            f"staff.reactivation.{back.by}", cure=cure, restore_by=back.restore_by
        )


def _provider(s: Subject) -> Iterator[str]:
    for effect in s.answer.follow_up.provider:
        if effect.share_stopped >= 1.0:
            continue
        yield from _effect(s, effect)


def _effect(s: Subject, effect: ProviderEffect) -> Iterator[str]:
    product = effect.product or effect.subscription_id
    quoted = {"product": product, "share": effect.share_stopped}
    if effect.cancel_until is not None:
        yield s.words.say(
            "staff.provider.cancel", cancel_until=effect.cancel_until, **quoted
        )
        return
    if effect.share_stopped == 0.0 and effect.instead is None:
        yield s.words.say("staff.provider.nothing", **quoted)
        return
    yield s.words.say("staff.provider.stops", **quoted)
    if way := instead_of_stop(s, effect):
        yield s.words.sentence("staff.provider.instead", instead=way)


def _validity(s: Subject) -> Iterator[str]:
    if s.answer.action is not None:
        yield s.words.sentence("staff.validity.until", expires_at=s.answer.expires_at)
    if s.answer.follow_up.retain_until is not None:
        yield s.words.sentence(
            "staff.validity.retained", day=s.answer.follow_up.retain_until
        )
    if s.answer.question.missing:
        names = [_not_known(s, name) for name in s.answer.question.missing]
        yield s.words.sentence("staff.validity.missing", missing=s.words.joined(names))


def _not_known(s: Subject, name: str) -> str:
    """What was not known, in words; of `tables.NAME` the table, by its own name."""
    kind, _, table = name.partition(".")
    if kind == "tables":
        return s.words.say("missing.table", table=table)
    return s.words.word("missing", name)
