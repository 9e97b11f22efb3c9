"""The letter that answers an objection: what a person decided, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from decisions.policy.document import PolicyDocument
from wording.letters.letter import Letter, contact, letter_of, rules
from wording.messages import Wording
from wording.publication.page import Paragraph, Section
from wording.publication.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealAnswer:
    """What the answer says.

    Args:
        lang: one of `LANGUAGES`; `reasons` are in it, too.
        policy, policy_url: of the contested decision, by which the objection is judged
            though another is in force by now; where it is published.
        reference: of the objection.
        filed_on, written_on: local days.
        reasons: in the words of the person who decided.
        until: of what is upheld: the last local day on which nothing is done.
    """

    lang: str
    document: PolicyDocument
    policy: str
    policy_url: str
    zone: ZoneInfo
    customer_id: str
    reference: str
    filed_on: date
    written_on: date
    result: Literal["upheld", "denied"]
    reasons: str
    until: date | None = None


def appeal_letter(answer: AppealAnswer) -> Letter:
    """The letter that answers an appeal.

    Raises:
        UnknownLanguageError: there is no such translation.
    """
    words = Wording(answer.lang, answer.document.currency, answer.zone)
    s = Source(answer.document, words)
    say = words.sentence
    decided = say(f"letter.appeal.{answer.result}", filed=answer.filed_on)
    after = [say(f"letter.appeal.after_{answer.result}")]
    if answer.until is not None:
        after.insert(0, say("letter.appeal.until", until=answer.until))
    return letter_of(
        s,
        say(f"letter.appeal.subject.{answer.result}"),
        "",
        _facts(words, answer),
        (
            _part(words, "decided", decided),
            _part(words, "reasons", *answer.reasons.splitlines()),
            _part(words, "after", *after),
            contact(s),
            rules(s, answer.policy, answer.policy_url, "letter.rules.contested"),
        ),
    )


def _facts(words: Wording, answer: AppealAnswer) -> Iterator[tuple[str, str]]:
    written = words.format("{d:date}", d=answer.written_on)
    yield words.say("letter.facts.customer"), answer.customer_id
    yield words.say("letter.facts.written"), written
    yield words.say("letter.facts.reference"), answer.reference


def _part(words: Wording, name: str, *lines: str) -> Section:
    paragraphs = tuple(Paragraph(line) for line in lines if line.strip())
    return Section(name, words.sentence(f"letter.appeal.title.{name}"), paragraphs)
