"""What the linter looks for in a policy, one rule a function."""

from collections.abc import Callable, Iterable, Iterator
from datetime import MAXYEAR, timedelta

from decisions.actions import SEVERITY, STOPS, Action
from decisions.policy.document import PolicyDocument
from decisions.policy.finding import Finding, Severity
from decisions.policy.ladder import State
from decisions.policy.obligations import endings, fees, retention
from decisions.policy.public_holidays import (
    differing_subdivisions,
    last_known_year,
)
from decisions.policy.text import Text
from decisions.policy_file.idle import amendments, thresholds

ENOUGH_YEAR = 2050  # holidays known to then are known for every policy of today

_SWITCHING = timedelta(days=366)
_ANY_HISTORY = 2000  # a policy from then on is meant for whatever past it is tried on
_NO_YEAR = 2200  # a draft from then on is in force for nobody


def lint(document: PolicyDocument, n_customers: int | None) -> Iterator[Finding]:
    """The linter's rules over one dated version."""
    rules: tuple[Callable[[PolicyDocument], Iterator[Finding]], ...] = (
        _unreachable,
        _count_alone,
        _idle_max_days,
        _notices,
        _accepted_notices,
        _retries,
        _service_requests,
        _holds,
        _fraud_path,
        _appeals,
        _texts,
        _holidays,
        amendments,
        thresholds,
        fees,
        endings,
        retention,
    )
    for rule in rules:
        yield from rule(document)
    yield from _budget(document, n_customers)
    if not document.cases:
        yield Finding("no_cases", "warning", "cases", "a policy should carry examples")


def _stops(document: PolicyDocument) -> list[State]:
    return [state for state in document.ladder if state.action in STOPS]


def _unreachable(document: PolicyDocument) -> Iterator[Finding]:
    reported: set[str] = set()
    stopped: Action | None = None
    for state in document.ladder:
        where = f"ladder.{state.state}"
        needs = {*state.when.days_since, *state.when.business_days_since} - reported
        if needs:
            text = f"counts from {sorted(needs)}, which no earlier state sends"
            yield Finding("unreachable_state", "error", where, text)
        if state.when.days_suspended and stopped is None:
            text = "counts days of suspension, but no earlier state suspends"
            yield Finding("unreachable_state", "error", where, text)
        if stopped is not None and SEVERITY[state.action] <= SEVERITY[stopped]:
            text = f"comes after {stopped!r} and is no harsher: it changes nothing"
            yield Finding("unreachable_state", "error", where, text)
        if state.action in STOPS:
            stopped = state.action
        if state.notice:
            reported.add(state.notice)


def _count_alone(document: PolicyDocument) -> Iterator[Finding]:
    """Three invoices of one euro are three invoices: a count alone misleads."""
    for state in document.ladder:
        when = state.when
        if when.unpaid_invoices and not (when.days_overdue or when.overdue_amount):
            text = "a count of invoices alone says little: add an age or an amount"
            yield Finding("count_alone", "warning", f"ladder.{state.state}", text)


def _idle_max_days(document: PolicyDocument) -> Iterator[Finding]:
    """Whom nothing was taken from waits for nobody: the next state comes by itself."""
    for state in document.ladder:
        if state.max_days is not None and state.action not in STOPS:
            text = "takes no access away, so nobody reviews it after max_days"
            yield Finding("idle_max_days", "warning", f"ladder.{state.state}", text)


def _notices(document: PolicyDocument) -> Iterator[Finding]:
    """Stops that no proven notice precedes, and notices that may be passed over."""
    kinds = document.notices.kinds
    proven: list[str] = []
    last: str | None = None
    stops = _stops(document)
    for state in document.ladder:
        where = f"ladder.{state.state}"
        if state in stops and not proven:
            text = "takes access away, but no earlier notice needs proof of delivery"
            yield Finding("suspension_without_notice", "error", where, text)
        counted = {*state.when.days_since, *state.when.business_days_since}
        if state is next(iter(stops), None) and last and last not in counted:
            text = f"may follow the notice {last!r} at once: count days from it"
            yield Finding("skipped_notice", "error", where, text)
        if state.notice:
            last = state.notice
            proven += [last] if kinds[last].proof == "delivered" else []
    if not stops and document.mode != "timeline":
        text = "no state suspends: for non-payment access is never taken away"
        yield Finding("no_notice_path", "warning", "ladder", text)
    used = {state.notice for state in document.ladder}
    beside = (document.fraud_path, document.high_usage, document.notices.before_due)
    used |= {rule.notice for rule in beside if rule}
    for name in sorted(set(kinds) - used):
        text = "no state and no path sends this notice"
        yield Finding("skipped_notice", "warning", f"notices.kinds.{name}", text)


def _accepted_notices(document: PolicyDocument) -> Iterator[Finding]:
    """Switching over takes a time: neither none, nor for ever."""
    begins = document.effective_from
    for i, accepted in enumerate(document.notices.accept_notices, start=1):
        where = f"notices.accept_notices.{i}.until"
        if accepted.until < begins:
            text = f"{accepted.until} is before the policy begins: it never counts"
            yield Finding("accepted_notice_date", "error", where, text)
        elif accepted.until - begins > _SWITCHING and begins.year > _ANY_HISTORY:
            text = "counts for more than a year: by then every customer was told anew"
            yield Finding("accepted_notice_date", "warning", where, text)


def _retries(document: PolicyDocument) -> Iterator[Finding]:
    rule = document.retries
    if rule is None:
        return
    days = rule.days_after_failure
    if list(days) != sorted(set(days)):
        text = "each retry must come later than the one before"
        yield Finding("retry_order", "error", "retries.days_after_failure", text)
    if not rule.methods:
        text = "names no payment method, so nothing is ever charged again"
        yield Finding("retry_without_method", "error", "retries.methods", text)
    least = document.days_before_stop
    if least is not None and max(days) + rule.days_before_state > least:
        stop = document.way_to_stop[-1].state
        text = f"end after {stop!r}: it will wait, or they come too late"
        yield Finding("retry_after_stop", "warning", "retries.days_after_failure", text)


def _service_requests(document: PolicyDocument) -> Iterator[Finding]:
    """Typed thresholds that come to nothing; costs name every action by their form."""
    if any(state.action == "service_request" for state in document.ladder):
        return
    for i, tier in enumerate(document.thresholds, start=1):
        if "service_request" in tier.nonpayment:
            text = "needs a sign of fraud, unless a state of the ladder asks for it"
            where = f"thresholds.{i}.nonpayment"
            yield Finding("service_request_unasked", "warning", where, text)


def _holds(document: PolicyDocument) -> Iterator[Finding]:
    holds = document.holds
    exemption = holds.exemption
    if not exemption.needs_expiry and exemption.max_days is None:
        text = "an exemption must end: require an expiry or set max_days"
        yield Finding("exemption_without_expiry", "error", "holds.exemption", text)
    for name in ("instalment_plan", "legal", "manual"):
        rule = getattr(holds, name)
        if not rule.needs_expiry and rule.max_days is not None:
            text = "needs no expiry, yet ends after max_days"
            yield Finding("contradictory_holds", "error", f"holds.{name}", text)
    arranged = "arranged" in document.reconnection.when
    if arranged and (holds.promise.max_days == 0 or holds.promise.per_year == 0):
        text = "no promise is ever granted, yet an arrangement restores access"
        yield Finding("contradictory_holds", "error", "holds.promise", text)
    if exemption.covers_fraud and not holds.legal.covers_fraud:
        text = "an exemption would protect from the fraud path and a legal hold not"
        yield Finding("contradictory_holds", "error", "holds.legal", text)


def _fraud_path(document: PolicyDocument) -> Iterator[Finding]:
    path = document.fraud_path
    if path is None:
        return
    if not document.own(path.terms_clause):
        text = "acting without notice needs the clause of the terms that allows it"
        yield Finding("fraud_path_without_terms_clause", "error", "fraud_path", text)
    if path.review_within_hours > path.auto_expire_hours:
        text = "expires before the review is due"
        yield Finding("contradictory_holds", "error", "fraud_path", text)


def _appeals(document: PolicyDocument) -> Iterator[Finding]:
    may_stop = _stops(document) or document.fraud_path
    if may_stop and not document.appeals.channel:
        text = "access can be taken away, but nobody is named to object to"
        yield Finding("no_appeal_channel", "warning", "appeals", text)


def _texts(document: PolicyDocument) -> Iterator[Finding]:
    """Whoever gets a notice in a language should read the policy in it."""
    for where, text, languages in _customer_texts(document):
        needed = dict.fromkeys((document.language, *languages))
        missing = [lang for lang in needed if not document.text_in(text, lang)]
        if text and missing:
            message = f"is read in {', '.join(missing)} too: give it by language"
            yield Finding("text_missing", "warning", where, message)


def _customer_texts(
    document: PolicyDocument,
) -> Iterator[tuple[str, Text, Iterable[str]]]:
    kinds, path = document.notices.kinds, document.fraud_path
    everywhere = [lang for rule in kinds.values() for lang in rule.languages]
    yield "title", document.title, everywhere
    for name, rule in kinds.items():
        yield f"notices.kinds.{name}.text", rule.text, rule.languages
    mode = document.essential.restricted_mode
    yield "essential.restricted_mode", mode, everywhere
    if path is not None:
        yield "fraud_path.wording", path.wording, everywhere


def _holidays(document: PolicyDocument) -> Iterator[Finding]:
    """Days off that nobody would notice to be missing."""
    calendar, starts = document.calendar, document.effective_from.year
    country = calendar.country
    if country is None or starts >= _NO_YEAR:
        return
    last, where = last_known_year(country), "calendar.country"
    ends = document.effective_to.year if document.effective_to else starts
    if last < ENOUGH_YEAR or last < ends < MAXYEAR:
        text = f"the holidays of {country} are known to {last}: then no stop is made"
        severity: Severity = "error" if last < starts else "warning"
        yield Finding("holidays_unknown", severity, where, text)
    own = differing_subdivisions(country, calendar.categories, min(starts, last))
    if own and calendar.subdivision is None:
        text = (
            f"{len(own)} regions of {country}, such as {own[0]}, have days off of their"
            " own, which are working days here: name the subdivision if it is one"
        )
        yield Finding("subdivision_missing", "warning", where, text)


def _budget(document: PolicyDocument, n_customers: int | None) -> Iterator[Finding]:
    rule, code = document.budget, "budget_larger_than_base"
    share = rule.share_of_customers_per_day
    if share is not None and share >= 1.0:
        text = "a share of 1 stops nothing: every customer could lose access in a day"
        yield Finding(code, "error", "budget.share_of_customers_per_day", text)
    hour, day = rule.per_hour, rule.per_day
    if n_customers is not None and day is not None and day >= n_customers:
        text = f"{day} a day for {n_customers} customers limits nothing"
        yield Finding(code, "error", "budget.per_day", text)
    if hour is not None and day is not None and hour > day:
        text = "more per hour than per day"
        yield Finding("budget_order", "warning", "budget.per_hour", text)
