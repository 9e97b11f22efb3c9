"""Checking a policy file: schema, a linter with stable codes, and its own cases."""

from collections.abc import Iterator
from itertools import product as every

from decisions.actions import ACTIONS
from decisions.engine import recommend
from decisions.money.cost import product, terms_of
from decisions.money.thresholds import Stake, break_even
from decisions.policy.cases import PolicyCase
from decisions.policy.finding import Finding
from decisions.policy.section import instead_of
from decisions.policy_file.examples import case_of, moment_of
from decisions.policy_file.linter import lint
from decisions.policy_file.load import Policy
from decisions.recommendation import Recommendation
from decisions.rules.catalogue import RULE_BY_CODE


def check(policy: Policy, n_customers: int | None = None) -> list[Finding]:
    """Everything that is wrong with a policy; empty when nothing is.

    Args:
        policy: as it was read.
        n_customers: size of the base, to compare budgets with; None skips that.
    """
    findings = _of_every_version(policy, n_customers)
    own = (*_break_evens(policy), *_idle_measures(policy), *run_cases(policy))
    return [*findings, *own]


def _of_every_version(policy: Policy, n_customers: int | None) -> Iterator[Finding]:
    """What the linter finds; with its date, where it is not so in all versions."""
    starts = [None, *(start.date() for start, _ in policy.versions[1:])]
    found = [list(lint(terms.document, n_customers)) for _, terms in policy.versions]
    dated = list(zip(starts, found, strict=True))
    always = [f for f in dated[0][1] if all(f in findings for _, findings in dated)]
    yield from always
    for since, findings in dated:
        for finding in findings:
            if finding not in always:
                yield finding._replace(since=since)


# Open and run-up at cost and lifetime value, from a private customer to a large firm.
_REFERENCE = [
    Stake(open_cost, clv, open_cost, run_up, run_up)
    for open_cost, run_up, clv in every(
        (0.0, 25.0, 500.0, 20_000.0), (0.0, 50.0, 5_000.0), (50.0, 1_000.0, 30_000.0)
    )
]


def _break_evens(policy: Policy) -> Iterator[Finding]:
    model = policy.latest.model
    if model is None:
        return
    for action in ACTIONS[1:]:
        pays = any(
            break_even(model, stake, target, "none", action, 0.0) is not None
            for stake in _REFERENCE
            for target in ("nonpayment", "fraud")
        )
        if not pays:
            text = "costs more than doing nothing at every probability"
            where = f"costs.actions.{action}"
            yield Finding("break_even_outside", "error", where, text)


def _idle_measures(policy: Policy) -> Iterator[Finding]:
    """Measures that save nothing even where somebody is certainly bad."""
    for measure in policy.latest.measures:
        pays = any(
            product(terms_of(*bad, *s.money), m) < 0.0
            for s in _REFERENCE
            for bad in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
            for m in measure.by_action
        )
        if not pays:
            text = "costs more than it saves, whatever is at stake: it is never taken"
            where = f"costs.measures.{measure.name}"
            yield Finding("idle_measure", "error", where, text)


def run_cases(policy: Policy) -> Iterator[Finding]:
    """The policy's own cases that do not come out as the file says.

    A case says what is recommended where nothing is drawn: whether the customer of an
    example would be in an arm on its day is chance.
    """
    undrawn = policy.undrawn()
    for example in policy.document.cases:
        for text in _differences(undrawn, example):
            yield Finding("case_failed", "error", f"cases.{example.name}", text)


def _differences(policy: Policy, example: PolicyCase) -> Iterator[str]:
    recommendation = recommend(case_of(example), policy, moment_of(example))
    outcome = recommendation.action or "no_decision"
    codes = [reason.code for reason in recommendation.permission.withheld]
    if outcome != example.expect:
        why = _why_none(example, recommendation) or f"withheld: {codes}"
        yield f"expected {example.expect}, got {outcome} ({why})"
    if example.withheld is not None and example.withheld not in codes:
        yield _not_withheld(example.withheld, codes)
    prices = [due.fee for due in recommendation.follow_up.notices_due]
    if example.notice_fee is not None and example.notice_fee not in prices:
        yield f"expected a notice for {example.notice_fee:g}, got {prices}"
    for name, expected, got in (
        ("to propose", example.propose, recommendation.proposed_action),
        ("needs_person", example.needs_person, recommendation.people.requires_person),
        ("approvals", example.approvals, recommendation.people.approvals),
    ):
        if expected is not None and got != expected:
            yield f"expected {name} {expected}, got {got}"
    yield from _measure_differences(example, recommendation)
    yield from _retry_differences(policy, example, recommendation)


def _not_withheld(expected: str, codes: list[str]) -> str:
    if expected not in RULE_BY_CODE:
        return f"there is no reason {expected!r}{instead_of(expected, RULE_BY_CODE)}"
    return f"expected {expected!r} among the reasons, got {codes}"


def _why_none(example: PolicyCase, recommendation: Recommendation) -> str:
    """Why there is no decision, and for a policy of another day what to write."""
    if recommendation.code == "not_in_force":
        return f"not_in_force on {example.at}: give the case an `at` within its days"
    return recommendation.code or ""


def _measure_differences(
    example: PolicyCase, recommendation: Recommendation
) -> Iterator[str]:
    names = (one.measure for one in recommendation.permission.measures)
    beside = next(names, "none")
    if example.measure not in (None, beside):
        yield f"expected the measure {example.measure}, got {beside}"


def _retry_differences(
    policy: Policy, example: PolicyCase, recommendation: Recommendation
) -> Iterator[str]:
    if example.retry_in_days is not None:
        calendar, due = policy.latest.calendar, recommendation.follow_up.retry_due
        if due is None:
            yield f"expected a retry, got none ({recommendation.follow_up.no_retry})"
        else:
            days = (
                calendar.local_day(due.at) - calendar.local_day(recommendation.at)
            ).days
            if days != example.retry_in_days:
                yield f"expected a retry in {example.retry_in_days} days, got {days}"
    no_retry = recommendation.follow_up.no_retry
    if example.no_retry not in (None, no_retry):
        yield f"expected no retry by {example.no_retry!r}, got {no_retry!r}"
