"""The page of an answer to an access request, in the customer's language."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from decisions.policy.document import PolicyDocument
from execution.access_request import AccessRequest
from execution.evidence import Row, moment_of
from features.catalogue import CATALOGUE
from features.moments import to_datetime
from wording.answer import customer_reason
from wording.explanation.naming import notice_name
from wording.messages import Wording
from wording.publication.page import Block, Items, Page, Paragraph, Section, Table
from wording.templates import render

LEAST_SHOWN = 0.01  # a smaller estimate is told as below it
MOST_SHOWN = 50  # decisions on the page; the file holds all


def access_html(
    request: AccessRequest,
    document: PolicyDocument,
    zone: ZoneInfo,
    lang: str,
    at: date,
) -> str:
    """The page as HTML that prints well.

    Args:
        request: of one customer.
        document: the policy in force.
        zone: in which moments are written.
        lang: one of `LANGUAGES`.
        at: local day on which it is written.

    Raises:
        UnknownLanguageError: there is no such translation.
    """
    words = Wording(lang, document.currency, zone)
    return render("print.html", page=_AccessPage(request, document, words).page(at))


class _AccessPage:
    """Writes the page of one request."""

    def __init__(
        self, request: AccessRequest, document: PolicyDocument, words: Wording
    ) -> None:
        self._request, self._document, self._words = request, document, words

    def page(self, at: date) -> Page:
        say = self._words.say
        facts = {
            "customer": self._request.customer_id,
            "written": self._words.format("{d:date}", d=at),
            "responsible": self._document.owner,
            "n_decisions": self._words.format("{n}", n=len(self._request.decisions)),
        }
        return Page(
            lang=self._words.lang,
            title=say("access.title"),
            lead=say("access.lead"),
            facts=tuple((say(f"access.facts.{k}"), v) for k, v in facts.items()),
            sections=(
                self._section("held", self._held()),
                self._section("decisions", *self._decisions()),
                self._section("letters", self._letters()),
                self._section("replies", self._replies()),
                self._section("how", self._how()),
                self._section("rights", self._rights()),
            ),
            contents="",
            footer=self._document.owner,
        )

    def _section(self, name: str, *blocks: Block) -> Section:
        return Section(name, self._words.sentence(f"access.sections.{name}"), blocks)

    def _table(
        self, part: str, names: Sequence[str], rows: Sequence[tuple[str, ...]]
    ) -> Block:
        """A table, or the sentence that there is nothing."""
        if not rows:
            return Paragraph(self._words.say(f"access.{part}.nothing"))
        head = tuple(self._words.say(f"access.{part}.head.{name}") for name in names)
        return Table(self._words.say(f"access.sections.{part}"), head, tuple(rows))

    def _held(self) -> Block:
        rows = [
            (
                self._words.word("access.tables", table),
                self._words.format("{n}", n=len(listed)),
                *self._span(listed),
            )
            for table, listed in self._request.rows.items()
            if listed
        ]
        return self._table("held", ("table", "n", "first", "last"), rows)

    def _span(self, rows: Sequence[Row]) -> tuple[str, str]:
        names = "event_at", "known_at", "created_at"
        moments = [moment_of(row, self._words.zone, *names) for row in rows]
        known = [moment for moment in moments if moment is not None]
        if not known:
            return "", ""
        return self._day(min(known)), self._day(max(known))

    def _day(self, moment: int) -> str:
        day = to_datetime(moment).astimezone(self._words.zone).date()
        return self._words.format("{d:date}", d=day)

    def _decisions(self) -> Iterator[Block]:
        answers = self._request.answers[::-1]
        names = "at", "action", "nonpayment", "fraud", "reasons"
        rows = [self._decision(answer) for answer in answers[:MOST_SHOWN]]
        if len(answers) > MOST_SHOWN:
            yield Paragraph(self._words.say("access.decisions.shown", n=MOST_SHOWN))
        if len(answers) > 1:
            yield Paragraph(self._words.say("access.decisions.latest"))
        yield self._table("decisions", names, rows)

    def _decision(self, answer: Mapping[str, Any]) -> tuple[str, ...]:
        action = answer["action"]
        if action is None:
            result = self._words.say("access.decisions.no_decision")
        else:
            result = self._words.say(f"actions.{action}.name")
        estimates = [
            answer["scores"][target]["probability"]
            for target in ("nonpayment", "fraud")
        ]
        shown = ["" if p is None else self._estimate(p) for p in estimates]
        reasons = " ".join(map(self._reason, answer["reasons"] or ()))
        at = datetime.fromisoformat(answer["as_of"])
        return self._words.format("{at:moment}", at=at), result, *shown, reasons

    def _estimate(self, p: float) -> str:
        """In whole percent; a small one is not written as none."""
        if 0 < p < LEAST_SHOWN:
            return self._words.say("access.decisions.below", p=LEAST_SHOWN)
        return self._words.format("{p:percent_about}", p=p)

    def _reason(self, reason: Mapping[str, Any]) -> str:
        """In the page's language, whatever the decision was asked in."""
        own = _customer_texts().get(reason["feature"])
        if own is None:  # the portfolio's own
            return str(reason["customer"])
        return customer_reason(self._words.lang, reason["family"], own)

    def _letters(self) -> Block:
        rows = []
        for one in self._request.letters:
            at = to_datetime(one.planned_at if one.sent_at is None else one.sent_at)
            what = (
                notice_name(self._document, one.notice, self._words)
                if one.kind == "notice"
                else self._words.say(f"access.kind.{one.kind}")
            )
            told = self._words.say(f"access.state.{one.state}")
            rows.append((self._words.format("{at:moment}", at=at), what, told))
        return self._table("letters", ("at", "what", "state"), rows)

    def _replies(self) -> Block:
        rows = []
        for one in self._request.replies:
            at = self._words.format("{at:moment}", at=to_datetime(one.filed_at))
            what = self._words.say(f"access.kind.{one.kind}")
            result = ""
            if one.kind == "appeal":
                result = self._words.say(f"access.result.{one.result or 'open'}")
            rows.append((at, what, one.content or one.until or "", result))
        return self._table("replies", ("at", "what", "text", "result"), rows)

    def _how(self) -> Block:
        parts = "estimates", "policy", "data"
        return Items(tuple(self._words.say(f"access.how.{part}") for part in parts))

    def _rights(self) -> Block:
        rule, say = self._document.appeals, self._words.say
        sentences = []
        if rule.channel:
            sentences.append(say("access.rights.contest", channel=rule.channel))
        if rule.human_contact:
            sentences.append(say("access.rights.human", contact=rule.human_contact))
        return Items((*sentences, say("access.rights.correct")))


@cache
def _customer_texts() -> Mapping[str, str]:
    return {feature.name: feature.customer_text for feature in CATALOGUE}
