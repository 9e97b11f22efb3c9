"""The letter that tells a customer that a step was taken back and counts no more."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from decisions.policy.document import PolicyDocument
from wording.letters.letter import Letter, contact, letter_of, rules
from wording.messages import Wording
from wording.publication.page import Block, Items, Paragraph, Section
from wording.publication.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorationValues:
    """What was given back.

    Args:
        lang: one of `LANGUAGES`.
        policy, policy_url: under which it had been taken, and where that is published.
        reference: of the letter.
        restored_at: when the last of it was back.
        is_access_back: access had been taken, and is back.
        ended_measures: measures that no longer apply, as the policy names them.
        access_to, still_stopped: names of subscriptions: those that are back, and
            others that we stopped and that are not.
    """

    lang: str
    document: PolicyDocument
    policy: str
    policy_url: str
    zone: ZoneInfo
    customer_id: str
    reference: str
    restored_at: datetime
    is_access_back: bool
    ended_measures: tuple[str, ...]
    access_to: tuple[str, ...] = ()
    still_stopped: tuple[str, ...] = ()

    @property
    def is_in_part(self) -> bool:
        """Some of what we stopped is not back."""
        return self.is_access_back and bool(self.still_stopped)


def restoration_letter(told: RestorationValues) -> Letter:
    """The letter that tells what was given back.

    Raises:
        UnknownLanguageError: there is no such translation.
    """
    words = Wording(told.lang, told.document.currency, told.zone)
    s, say = Source(told.document, words), words.sentence
    step = "one_step_back" if told.still_stopped else "nothing_to_do"
    means = (step, "held_against", "owed")
    sentences = tuple(say(f"letter.restoration.{name}") for name in means)
    return letter_of(
        s,
        say(f"letter.restoration.{_subject(told)}"),
        "",
        _facts(words, told),
        (
            _part(
                words,
                "back" if told.is_access_back else "ended",
                *map(Paragraph, _back(words, told)),
            ),
            _part(words, "means", Items(sentences)),
            contact(s),
            rules(s, told.policy, told.policy_url),
        ),
    )


def _subject(told: RestorationValues) -> str:
    if told.is_in_part:
        return "subject_part"
    return "subject" if told.is_access_back else "subject_measures"


def _facts(words: Wording, told: RestorationValues) -> Iterator[tuple[str, str]]:
    written = told.restored_at.astimezone(told.zone).date()
    yield words.say("letter.facts.customer"), told.customer_id
    yield words.say("letter.facts.written"), words.format("{d:date}", d=written)
    yield words.say("letter.facts.reference"), told.reference


def _part(words: Wording, name: str, *blocks: Block) -> Section:
    return Section(name, words.sentence(f"letter.restoration.title.{name}"), blocks)


def _back(words: Wording, told: RestorationValues) -> Iterator[str]:
    at, key = told.restored_at, "letter.restoration"
    if told.is_in_part:
        yield words.sentence(f"{key}.access_part", at=at, names=told.access_to)
    elif told.is_access_back:
        yield words.sentence(f"{key}.access", at=at)
    if told.ended_measures:
        names = words.words("measures", told.ended_measures)
        yield words.sentence("letter.restoration.measures", measures=names)
    if told.still_stopped:
        yield words.sentence(f"{key}.still_stopped", names=told.still_stopped)
