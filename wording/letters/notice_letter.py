"""The letter of a notice: what is open, how to pay, until when, and what else helps.

It states facts and the policy: no probability, no finding, no reproach. That access is
paused for suspected misuse is told as a precaution, without amounts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from decisions.actions import Action
from decisions.policy.document import PolicyDocument
from features.money import currency_places
from wording.explanation.naming import notice_part
from wording.letters.letter import (
    NO_LINKS,
    Letter,
    LetterLinks,
    contact,
    letter_of,
    objection,
    rules,
    section,
)
from wording.messages import Wording
from wording.publication.page import Block, Link, Paragraph, Section, Table
from wording.publication.source import Source

_OWN_SUBJECT = frozenset({"pause", "early", "usage", "final"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterItem:
    """An open invoice; amounts in major units.

    Args:
        currency: of the invoice itself.
        remainder: what of `amount` is still open.
        covered: what of it is contested, promised or on its way, and not asked for.
    """

    invoice_id: str
    due_on: date
    currency: str
    amount: float
    remainder: float
    covered: float

    @property
    def to_pay(self) -> float:
        """What is asked for now."""
        return max(self.remainder - self.covered, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeValues:
    """All that a notice's letter says.

    Args:
        lang: one of `LANGUAGES`.
        notice: its name in the policy.
        reference: of the letter, which the customer may quote.
        policy: name and version under which it is sent.
        currency: of the fee and the interest; each invoice has its own.
        zone: in which days end.
        written_on: local day.
        items: invoices it is about, the oldest first; empty where it is about none.
        fee: what the notice costs, in major units.
        interest: so far, in major units; None where none is charged.
        next_action, next_on: what becomes possible next, and from which day on; None
            where that does not depend on days alone.
        pause_ends_at: of a pause that ends by itself.
    """

    lang: str
    notice: str
    document: PolicyDocument
    policy: str
    currency: str
    zone: ZoneInfo
    customer_id: str
    reference: str
    written_on: date
    items: Sequence[LetterItem] = ()
    fee: float = 0.0
    interest: float | None = None
    next_action: Action | None = None
    next_on: date | None = None
    pause_ends_at: datetime | None = None
    links: LetterLinks = NO_LINKS


def notice_letter(values: NoticeValues) -> Letter:
    """The letter of a notice.

    Raises:
        UnknownLanguageError: there is no such translation.
    """
    s = Source(values.document, Wording(values.lang, values.currency, values.zone))
    part, _ = notice_part(values.document, values.notice)
    kind = part if part in _OWN_SUBJECT else "reminder"
    text = values.document.notices.kinds[values.notice].text
    is_pause = kind == "pause"
    middle = (_pause(s, values),) if is_pause else (_owed(s, values), _pay(s, values))
    return letter_of(
        s,
        s.words.sentence(f"letter.subject.{kind}"),
        s.own(text),
        _facts(s, values),
        (
            *middle,
            objection(
                s,
                "object" if is_pause else "other",
                values.links,
                _instead(s, is_pause=is_pause),
            ),
            contact(s),
            rules(s, values.policy, values.links.policy),
        ),
    )


def _facts(s: Source, values: NoticeValues) -> Iterator[tuple[str, str]]:
    written = s.words.format("{d:date}", d=values.written_on)
    yield s.words.say("letter.facts.customer"), values.customer_id
    yield s.words.say("letter.facts.written"), written
    yield s.words.say("letter.facts.reference"), values.reference


def _owed(s: Source, values: NoticeValues) -> Section | None:
    """The invoices, item by item, and what of them is asked for."""
    if not values.items:
        return None
    say = s.words.sentence
    is_covered = any(item.covered for item in values.items)
    names = ["invoice", "due", "amount", *(["covered"] if is_covered else []), "to_pay"]
    rows = []
    for item in values.items:
        sums = [item.remainder, *([item.covered] if is_covered else []), item.to_pay]
        due = s.words.format("{d:date}", d=item.due_on)
        shown = [s.words.in_currency(amount, item.currency) for amount in sums]
        rows.append((item.invoice_id, due, *shown))
    head = tuple(s.words.say(f"letter.owed.head.{name}") for name in names)
    caption = s.words.say("letter.owed.caption")
    blocks: list[Block] = [Table(caption, head, tuple(rows))]
    if is_covered:
        blocks.append(Paragraph(say("letter.owed.covered")))
    total: dict[str, float] = {}
    for item in values.items:
        total[item.currency] = total.get(item.currency, 0.0) + item.to_pay
    blocks.append(Paragraph(say("letter.owed.total", total=_without_zeros(total))))
    if values.fee:
        blocks.append(Paragraph(say("letter.owed.fee", fee=values.fee)))
    if values.interest:
        blocks.append(Paragraph(say("letter.owed.interest", interest=values.interest)))
    return section(s, "owed", *blocks)


def _without_zeros(total: dict[str, float]) -> dict[str, float]:
    """Sums that are not written as zero; the first zero where there is nothing else."""
    sums = {
        code: sum_ for code, sum_ in total.items() if round(sum_, currency_places(code))
    }
    return sums or dict([*total.items()][:1])


def _pay(s: Source, values: NoticeValues) -> Section:
    """How to pay, until when, and what is possible afterwards."""
    say, blocks = s.words.sentence, list[Block]()
    if values.next_on is not None:
        last_day = values.next_on - timedelta(days=1)
        blocks.append(Paragraph(say("letter.pay.until", day=last_day)))
    if values.links.pay:
        blocks.append(Link(s.words.say("letter.pay.link"), values.links.pay))
    else:
        blocks.append(Paragraph(say("letter.pay.otherwise")))
    blocks.append(Paragraph(say("letter.pay.already")))
    if values.next_on is not None and values.next_action is not None:
        key = f"letter.next.{values.next_action}"
        blocks.append(Paragraph(say(key, day=values.next_on)))
    return section(s, "pay", *blocks)


def _pause(s: Source, values: NoticeValues) -> Section:
    """What a pause is and when it ends; neutral, as the policy is published."""
    path = values.document.fraud_path
    blocks: list[Block] = [s.paragraph("protective.no_finding")]
    if path is not None and (wording := s.own(path.wording)):
        blocks.append(Paragraph(wording))
    if values.pause_ends_at is not None:
        ends = s.words.sentence("letter.pause.ends", at=values.pause_ends_at)
        blocks.append(Paragraph(ends))
    return section(s, "pause", *blocks)


def _instead(s: Source, *, is_pause: bool) -> Iterator[str]:
    """What may be done instead of paying; where nothing is owed, only to object."""
    document, say = s.document, s.words.sentence
    if not is_pause:
        yield say("letter.other.promise", n=document.holds.promise.max_days)
        yield say("letter.other.dispute")
    yield say("letter.other.appeal", n=document.appeals.decide_days)
