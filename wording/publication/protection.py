"""Sections on what protects customers: disputes, promises, plans, essential service."""

from collections.abc import Iterator

from decisions.policy.holds import StandingHold
from wording.publication.page import Section
from wording.publication.source import Source


def disputes(s: Source) -> Section:
    """Contested money."""
    rule = s.document.holds.dispute
    who = s.words.word("teams", rule.decided_by)
    sentences = [
        s.say(f"disputes.{part}") for part in ("not_owed", "right", "rest", "days")
    ]
    if rule.blocks_always:
        sentences.append(s.say("disputes.always"))
    sentences.append(s.say("disputes.decided", n=rule.max_days, who=who))
    return s.section("disputes", *s.items(sentences))


def arrangements(s: Source) -> Section:
    """Promises to pay, instalments and exemptions."""
    holds = s.document.holds
    sentences = [
        s.say("arrangements.promise", n=holds.promise.max_days),
        s.say("arrangements.per_year", n=holds.promise.per_year),
        s.say("arrangements.broken"),
    ]
    sentences += [_hold(s, "instalment_plan", holds.instalment_plan)]
    sentences += [
        s.say(f"arrangements.instalment_plan_{holds.instalment_plan.default}")
    ]
    sentences += [_hold(s, "exemption", holds.exemption)]
    who = s.words.word("teams", holds.exemption.approved_by)
    sentences += [s.say("arrangements.exemption_approved_by", who=who)]
    sentences.append(s.say("arrangements.legal"))
    return s.section("arrangements", *s.items(sentences))


def _hold(s: Source, name: str, rule: StandingHold) -> str:
    if rule.max_days is None:
        return s.say(f"arrangements.{name}_open")
    return s.say(f"arrangements.{name}", n=rule.max_days)


def essential(s: Source) -> Section:
    """Who is never cut off wholly, and other limits on stops."""
    return s.section("essential", *s.items([*_never(s), *_limits(s)]))


def _never(s: Source) -> Iterator[str]:
    """What is never done to essential customers and products."""
    rule = s.document.essential
    if not (rule.segments or rule.products) or not rule.never:
        yield s.say("essential.none")
        return
    never = s.words.joined(
        [s.words.say(f"publish.doing.{action}") for action in rule.never], "or"
    )
    if rule.segments:
        names = s.words.words("segments", rule.segments)
        yield s.say("essential.segments", segments=names, never=never)
    if rule.products:
        names = s.words.joined(list(rule.products))
        yield s.say("essential.products", products=names, never=never)
    ends = rule.unless_fraud_confirmed
    yield s.say("essential.unless_fraud" if ends else "essential.even_fraud")
    if mode := s.own(rule.restricted_mode):
        yield mode


def _limits(s: Source) -> Iterator[str]:
    rails = s.document.guardrails
    if rails.suspend.min_tenure_days:
        yield s.say("essential.new_customer", n=rails.suspend.min_tenure_days)
    if rails.suspend.cool_down_days:
        yield s.say("essential.cool_down", n=rails.suspend.cool_down_days)
    yield s.say("essential.stale", hours=rails.any.stale_hours)
    budget = s.document.budget.model_dump(exclude={"because"})
    if any(limit is not None for limit in budget.values()):
        yield s.say("essential.budget")
