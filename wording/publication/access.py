"""Sections on access: every way in which it can be taken away, and how it returns."""

from collections.abc import Iterator

from decisions.policy.measures import Measure
from decisions.policy.text import Text
from decisions.policy.ways import EvidenceRule, FraudPath
from wording.publication.page import Section
from wording.publication.source import Source


def access(s: Source) -> Section:
    """The ordinary way and the way of abnormally high use."""
    sentences = [*_ordinary(s), *_high_usage(s), *_ending(s)]
    return s.section("access", *s.items(sentences))


def _ordinary(s: Source) -> Iterator[str]:
    days = s.document.days_before_stop
    if days is None:
        yield s.say("access.never")
        return
    yield s.say(f"access.earliest_{s.document.clock.anchor}", n=days)
    yield s.say("access.proven")
    yield s.say(f"access.{s.document.service.suspend}")


def _high_usage(s: Source) -> Iterator[str]:
    rule = s.document.high_usage
    if rule is not None:
        yield s.say(
            "access.high_usage",
            ratio=rule.usage_ratio,
            cost=rule.min_usage_daily_cost,
            notice=s.notice(rule.notice, "of"),
            hours=rule.hours_after_notice,
        )


def _ending(s: Source) -> Iterator[str]:
    """What happens to data and debt when a contract has ended."""
    rule = s.document.termination
    yield s.say("access.data_export", n=rule.data_export_days)
    if rule.deletion_after_days is not None:
        yield s.say("access.deleted", n=rule.deletion_after_days)
    if rule.write_off_after_days is not None:
        yield s.say("access.write_off", n=rule.write_off_after_days)


def protective(s: Source) -> Section | None:
    """The fraud path: protective suspension without a prior notice."""
    path = s.document.fraud_path
    if path is None:
        return None
    return s.section(
        "protective",
        s.paragraph("protective.lead"),
        *s.items(_sign(s, rule) for rule in path.evidence_any),
        s.paragraph("protective.rules"),
        *s.items(_terms_of_pause(s, path)),
    )


def _sign(s: Source, rule: EvidenceRule) -> str:
    text = s.words.word("signs", "any" if rule.kind == "*" else rule.kind)
    if rule.min_confidence is not None:
        sure = s.words.say(f"publish.confidence.{rule.min_confidence}")
        text = s.words.say("publish.protective.confidence", sign=text, level=sure)
    if rule.min_severity is not None:
        grave = s.words.say(f"publish.severity.{rule.min_severity}")
        text = s.words.say("publish.protective.severity", sign=text, level=grave)
    return s.say("protective.sign", sign=text, n=rule.max_age_days)


def _terms_of_pause(s: Source, path: FraudPath) -> Iterator[str]:
    """What customers read of a pause: notice, review, end and scope."""
    if clause := _clause(s, path.terms_clause):
        yield s.say("protective.clause", clause=clause)
    yield s.say("protective.estimate")
    yield s.say(f"protective.confirmed_{path.confirmed}")
    if path.notice is not None:
        notice, hours = s.notice(path.notice), path.notice_within_hours
        yield s.say("protective.notice", notice=notice, hours=hours)
    else:
        yield s.say("protective.no_notice")
    yield s.say("protective.review", hours=path.review_within_hours)
    yield s.say("protective.expires", hours=path.auto_expire_hours)
    yield s.say("protective.once")
    if path.suspicion is not None:
        yield s.say("protective.suspicion", n=path.suspicion.approvals)
    if path.linked is not None:
        things = [s.words.word("shared", kind) for kind in path.linked.kinds]
        yield s.say("protective.linked", things=s.words.joined(things, "or"))
    yield s.say("protective.scope")
    yield s.say("protective.any_hour")
    yield s.say("protective.ending")
    if path.stop_charging:
        yield s.say("protective.stop_charging")
    yield s.say(f"protective.refund_{path.refund}")
    yield s.say("protective.no_finding")
    yield s.say("protective.questions")
    if wording := s.own(path.wording):
        yield s.say("protective.wording", wording=wording)


def _clause(s: Source, clause: Text) -> str:
    """The clause; where it is not in this page's language its number alone, if any."""
    own = s.document.own(clause)
    number = own.partition(" ")[0]
    is_number = number[:1].isdigit() or number[:1] == "§"
    return s.own(clause) or (number if is_number else own)


def measures(s: Source) -> Section | None:
    """Steps beside the action, milder than a suspension."""
    costs = s.document.costs
    if costs is None or not costs.measures:
        return None
    sentences = [_measure(s, name, rule) for name, rule in costs.measures.items()]
    if all(measure.approvals for measure in costs.measures.values()):
        sentences.append(s.say("measures.person"))
    return s.section("measures", s.paragraph("measures.lead"), *s.items(sentences))


def _measure(s: Source, name: str, rule: Measure) -> str:
    if rule.limit is None:
        return s.say(f"measures.{name}")
    return s.say("measures.limit_spending_to", limit=rule.limit)


def restoring(s: Source) -> Section:
    """How access returns."""
    rule = s.document.reconnection
    causes = [s.words.say(f"publish.restoring.{cause}") for cause in rule.when]
    sentences = [
        s.say("restoring.when", causes=s.words.joined(causes, "or")),
        s.say("restoring.within", hours=rule.within_hours),
        s.say("restoring.all"),
        s.say(f"restoring.order_{rule.order}"),
        s.say(f"restoring.bill_{rule.bill_suspended_period}"),
    ]
    return s.section("restoring", *s.items(sentences))
