"""Section on charging again after a payment that failed."""

from collections.abc import Iterator

from decisions.policy.retries import Retries
from wording.publication.page import Section
from wording.publication.source import Source


def retries(s: Source) -> Section | None:
    """When we charge again, when never, and what waits for it."""
    rule = s.document.retries
    if rule is None or not rule.methods:
        return None
    return s.section("retries", *s.items(_rules(s, rule)))


def _rules(s: Source, rule: Retries) -> Iterator[str]:
    days = [s.words.say("publish.retries.day", n=n) for n in rule.days_after_failure]
    methods = s.words.words("methods", rule.methods)
    yield s.say("retries.schedule", days=s.words.joined(days), methods=methods)
    if rule.never_after:
        reasons = s.words.words("failures", rule.never_after, "or")
        yield s.say("retries.never", reasons=reasons)
        if rule.notice_at_once_on_hard_decline:
            yield s.say("retries.at_once")
    n = rule.days_before_state
    yield s.say("retries.before", n=n) if n else s.say("retries.before_0")
    n = rule.missed_after_days
    yield s.say("retries.missed", n=n) if n else s.say("retries.missed_0")
    yield s.say("retries.not_while")
