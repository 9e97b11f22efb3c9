"""Checking a policy file: schema, a linter with stable codes, and its own cases."""

import re
from collections.abc import Iterator
from itertools import product as every

from decisions.actions import ACTIONS
from decisions.engine import recommend
from decisions.errors import PolicyFileError
from decisions.money.cost import product, terms_of
from decisions.money.thresholds import Stake, break_even
from decisions.policy.cases import PolicyCase
from decisions.policy.finding import Finding
from decisions.policy_file.examples import case_of, moment_of
from decisions.policy_file.lines import Lines
from decisions.policy_file.linter import lint
from decisions.policy_file.load import Policy, parse_policy
from decisions.recommendation import Recommendation

# how errors say where they are: of the file, of a line, of an amendment; then the key
_PLACE = re.compile(r"(?:: )?(?:line (\d+))?(?:: )?(.*)")
_DATED = re.compile(r"^(?:amendment )?from (\d{4}-\d\d-\d\d)(?:: )?")


def check_policy(
    text: str, source: str, n_customers: int | None = None
) -> list[Finding]:
    """Everything that is wrong with a policy file; empty when nothing is.

    Args:
        text: the YAML that it holds.
        source: its name.
        n_customers: size of the base, to compare budgets with; None skips that.
    """
    try:
        policy = parse_policy(text, source)
    except PolicyFileError as error:
        wrong = [(error.where, error.reason), *error.others]
        return [_of_form(error, *each, source, Lines(text)) for each in wrong]
    return on_lines(check(policy, n_customers), text)


def _of_form(
    error: PolicyFileError, where: str, reason: str, source: str, lines: Lines
) -> Finding:
    """What breaks the form, with its line as of any other finding."""
    found = _PLACE.fullmatch(where.removeprefix(source))
    line, key = (None, where) if found is None else found.groups()
    on = lines.of(_DATED.sub(_set_from, key)) if line is None else int(line)
    return Finding(error.code, "error", key, reason, on)


def _set_from(dated: re.Match[str]) -> str:
    """The path of what an amendment sets."""
    return f"amendments.{dated[1]}.set."


def on_lines(findings: list[Finding], text: str) -> list[Finding]:
    """The findings with their lines in the text of the file."""
    lines = Lines(text)
    # what is dated comes of an amendment, laid over the file
    places = [_DATED.sub(_set_from, finding.where) for finding in findings]
    pairs = zip(findings, places, strict=True)
    return [finding._replace(line=lines.of(place)) for finding, place in pairs]


def check(policy: Policy, n_customers: int | None = None) -> list[Finding]:
    """`check_policy` for a policy that was read."""
    findings = _of_every_version(policy, n_customers)
    own = (*_break_evens(policy), *_idle_measures(policy), *run_cases(policy))
    return [*findings, *own]


def _of_every_version(policy: Policy, n_customers: int | None) -> Iterator[Finding]:
    """What the linter finds; with its date, where it is not so in all versions."""
    dated = [
        (start, list(lint(terms.document, n_customers)))
        for start, terms in policy.versions
    ]
    always = [f for f in dated[0][1] if all(f in findings for _, findings in dated)]
    yield from always
    for start, findings in dated:
        for finding in findings:
            if finding not in always:
                where = f"from {start:%Y-%m-%d}: {finding.where}"
                yield finding._replace(where=where)


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
    """The policy's own cases that do not come out as the file says."""
    for example in policy.document.cases:
        for text in _differences(policy, example):
            yield Finding("case_failed", "error", f"cases.{example.name}", text)


def _differences(policy: Policy, example: PolicyCase) -> Iterator[str]:
    recommendation = recommend(case_of(example), policy, moment_of(example))
    outcome = recommendation.action or "no_decision"
    codes = [reason.code for reason in recommendation.permission.withheld]
    if outcome != example.expect:
        why = _why_none(example, recommendation) or f"withheld: {codes}"
        yield f"expected {example.expect}, got {outcome} ({why})"
    if example.withheld is not None and example.withheld not in codes:
        yield f"expected {example.withheld!r} among the reasons, got {codes}"
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
