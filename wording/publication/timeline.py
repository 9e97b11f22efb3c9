"""Sections on time: what happens when, how days are counted, which notices go out."""

from collections.abc import Iterator

from decisions.actions import STOPS
from decisions.policy.ladder import NoticeRule, State
from wording.publication.page import Section, Table
from wording.publication.source import Source


def timeline(s: Source) -> Section:
    """Every rung of the ladder, in its order."""
    if not s.document.ladder:
        return s.section("timeline", s.paragraph("timeline.none"))
    head = tuple(
        s.say(f"timeline.head.{column}")
        for column in ("step", "when", "what", "restrict", "team")
    )
    rows = tuple(_row(s, n, state) for n, state in enumerate(s.document.ladder, 1))
    return s.section(
        "timeline",
        s.paragraph("timeline.lead"),
        Table(s.say("title.timeline"), head, rows),
        s.paragraph("timeline.order"),
        s.paragraph("timeline.milder"),
    )


def _row(s: Source, n: int, state: State) -> tuple[str, ...]:
    restricted = s.words.words("restrictions", state.restrict) if state.restrict else ""
    return (
        str(n),
        s.words.joined(list(_when(s, state))),
        " ".join(_what(s, state)),
        restricted or "–",
        s.words.word("teams", state.owner),
    )


def _when(s: Source, state: State) -> Iterator[str]:
    """The conditions of a state, each in its words."""
    when, clock = state.when, s.document.clock
    waits = when.days_since or when.business_days_since or when.days_suspended
    n = when.days_overdue + clock.grace_days
    if n:
        yield s.words.say(f"publish.when.after_{clock.anchor}", n=n)
    elif not (waits or when.unpaid_invoices or when.overdue_amount):
        yield s.words.say("publish.when.due")
    if when.unpaid_invoices:
        yield s.words.say("publish.when.unpaid", n=when.unpaid_invoices)
    if when.overdue_amount:
        yield s.words.say("publish.when.amount", amount=when.overdue_amount)
    for unit, since in (
        ("days", when.days_since),
        ("business", when.business_days_since),
    ):
        for name, days in since.items():
            proof = s.document.notices.kinds[name].proof
            yield s.words.say(
                f"publish.when.{unit}_{proof}", n=days, notice=s.notice(name, "of")
            )
    if when.days_suspended:
        yield s.words.say("publish.when.suspended", n=when.days_suspended)


def _what(s: Source, state: State) -> Iterator[str]:
    if state.notice is not None:
        yield s.say("what.notice", notice=s.notice(state.notice))
    if state.notice is None or state.action != "remind":
        yield s.say(f"what.{state.action}")
    if state.max_days is not None and state.action in STOPS:
        yield s.say("what.max_days", n=state.max_days)


def counting(s: Source) -> Section:
    """From what the days are counted, what counts as paid, and on which days we act."""
    return s.section(
        "counting",
        *s.items([*_clock(s), *_full_days(s), *_in_flight(s), *_working_days(s)]),
    )


def _full_days(s: Source) -> Iterator[str]:
    """What a full day is, by an example, where a step waits for some."""
    whens = [state.when for state in s.document.ladder]
    if any(w.days_since or w.business_days_since or w.days_suspended for w in whens):
        yield s.say("counting.full_days")


def _clock(s: Source) -> Iterator[str]:
    clock, document = s.document.clock, s.document
    yield s.say(f"counting.anchor_{clock.anchor}")
    if clock.min_invoice:
        yield s.say("counting.min_invoice", least=clock.min_invoice)
    if clock.grace_days:
        yield s.say("counting.grace", n=clock.grace_days)
    if clock.substantially_paid_share < 1.0:
        yield s.say("counting.substantially", share=clock.substantially_paid_share)
    least = {name: money for name, money in document.materiality.items() if money}
    if least:
        yield s.say("counting.materiality", amounts=s.amounts(least))


def _in_flight(s: Source) -> Iterator[str]:
    methods = [
        s.words.say(
            "publish.counting.method", method=s.words.word("methods", method), n=days
        )
        for method, days in s.document.in_flight_days.items()
        if days
    ]
    if methods:
        yield s.say("counting.in_flight", methods=s.words.joined(methods))


def _working_days(s: Source) -> Iterator[str]:
    """Which days count, by country and by what the file adds."""
    calendar = s.document.calendar
    days = s.words.joined([s.weekday(day) for day in calendar.working_days])
    if calendar.country is None:
        yield s.say("counting.working_days", days=days)
    else:
        country = s.country(calendar.country)
        region = f", {calendar.subdivision}" if calendar.subdivision else ""
        yield s.say("counting.working_days_of", days=days, country=country + region)
    if calendar.categories:
        kinds = s.words.words("holidays", calendar.categories)
        yield s.say("counting.holidays_also", kinds=kinds)
    if calendar.days_off:
        off = s.words.joined(
            [s.words.format("{d:date}", d=d) for d in calendar.days_off]
        )
        yield s.say("counting.days_off", days=off)
    yield from _hours(s)


def _hours(s: Source) -> Iterator[str]:
    calendar = s.document.calendar
    opens, closes = calendar.from_time, calendar.cut_off
    if closes is not None:
        yield s.say("counting.hours", opens=opens, closes=closes)
    elif opens.hour or opens.minute:
        yield s.say("counting.hours_from", opens=opens)
    else:
        yield s.say("counting.no_hours")
    if calendar.not_before_day_off:
        yield s.say("counting.eve")
    yield s.say("counting.timezone", zone=calendar.timezone.replace("_", " "))


def notices(s: Source) -> Section:
    """Every notice: how it comes, and when it counts."""
    kinds = s.document.notices.kinds
    if not kinds:
        return s.section("notices", s.paragraph("notices.none"))
    columns = ["notice", "channels", "languages", "counts", "again"]
    head = tuple(s.say(f"notices.head.{column}") for column in columns)
    rows = tuple(_notice(s, name, rule) for name, rule in kinds.items())
    sentences = [
        "notices.always" if s.document.notices.send == "always" else "notices.useful",
        "notices.consolidated",
    ]
    sentences += ["notices.of_what_was_overdue"] if s.document.ladder else []
    return s.section(
        "notices",
        Table(s.say("title.notices"), head, rows),
        *s.items(
            [
                *(s.say(key) for key in sentences),
                *_early(s),
                *_accepted(s),
                *_own_texts(s),
            ]
        ),
    )


def _notice(s: Source, name: str, rule: NoticeRule) -> tuple[str, ...]:
    then = s.words.say("publish.notices.then")
    channels = then.join(s.words.word("channels", c) for c in rule.channels)
    called = s.notice(name, "name")
    called = called[:1].upper() + called[1:]
    if rule.is_final_warning:
        called = f"{called}. {s.say('notices.final')}"
    return (
        called,
        channels,
        s.words.joined([s.language(code) for code in rule.languages]),
        *_arrival(s, name, rule),
    )


def _arrival(s: Source, name: str, rule: NoticeRule) -> tuple[str, str]:
    """When a notice counts, and what happens where it does not arrive."""
    path = s.document.fraud_path
    if path is not None and path.notice == name:
        return s.say("notices.counts_pause", hours=path.notice_within_hours), "–"
    early = s.document.notices.before_due
    if early is not None and early.notice == name:
        return s.say(f"notices.counts_{rule.proof}", n=rule.send_within_days), "–"
    only = "_only" if len(rule.channels) == 1 else ""
    return (
        s.say(f"notices.counts_{rule.proof}", n=rule.send_within_days),
        s.say(f"notices.again_{rule.proof}{only}", n=rule.retry_after_days),
    )


def _early(s: Source) -> Iterator[str]:
    """The reminder before the due date, which is no step of the ladder."""
    rule = s.document.notices.before_due
    if rule is not None:
        yield s.say("notices.before_due", notice=s.notice(rule.notice), n=rule.days)


def _accepted(s: Source) -> Iterator[str]:
    """Notices of before that count for a time."""
    for accepted in s.document.notices.accept_notices:
        yield s.say(
            f"notices.accepted_{accepted.proof}",
            old=accepted.notice,
            notice=s.notice(accepted.counts_as),
            until=accepted.until,
        )


def _own_texts(s: Source) -> Iterator[str]:
    for name, rule in s.document.notices.kinds.items():
        if text := s.own(rule.text):
            yield s.say("notices.own", notice=s.notice(name, "name"), text=text)
