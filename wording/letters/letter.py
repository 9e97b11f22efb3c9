"""A letter: what is written on it, in three forms, and what all letters share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wording.publication.page import Block, Items, Link, Page, Paragraph, Section
from wording.publication.source import Source
from wording.templates import render


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter as it goes out.

    Args:
        subject: on one line.
        text: for mail programs that show no HTML.
        html: a whole page, without scripts and without anything from elsewhere.
        print: HTML laid out for A4.
    """

    lang: str
    subject: str
    text: str
    html: str
    print: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterLinks:
    """Addresses a letter leads to; empty: there is none, and the letter says otherwise.

    Args:
        pay: where the customer pays, of the reseller's billing system.
        form: where the customer promises, contests or objects; it is signed.
        form_days: how long `form` works.
        policy: the published policy under which the letter is sent.
    """

    pay: str = ""
    form: str = ""
    form_days: int = 0
    policy: str = ""


NO_LINKS = LetterLinks()


def letter_of(
    s: Source,
    subject: str,
    lead: str,
    facts: Iterable[tuple[str, str]],
    sections: Iterable[Section | None],
) -> Letter:
    """The letter with these parts, in all forms."""
    page = Page(
        lang=s.words.lang,
        title=subject,
        lead=lead,
        facts=tuple(facts),
        sections=tuple(section for section in sections if section is not None),
        contents="",
        footer=s.document.owner,
    )
    return Letter(
        lang=s.words.lang,
        subject=subject,
        text=render("letter.txt", page=page),
        html=render("letter.html", page=page),
        print=render("print.html", page=page),
    )


def section(s: Source, name: str, *blocks: Block) -> Section:
    """A part of a letter under its title."""
    return Section(name, s.words.sentence(f"letter.title.{name}"), blocks)


def contact(s: Source) -> Section | None:
    """How to reach a person; None where the policy names nobody."""
    rule, sentences = s.document.appeals, []
    if rule.human_contact:
        named = {"contact": rule.human_contact}
        sentences.append(s.words.sentence("letter.contact.human", **named))
    if s.document.contact:
        named = {"contact": s.document.contact}
        sentences.append(s.words.sentence("letter.contact.questions", **named))
    return section(s, "contact", Items(tuple(sentences))) if sentences else None


def rules(
    s: Source, reference: str, url: str, key: str = "letter.rules.version"
) -> Section:
    """Under which version of the policy the letter is sent, in the words of `key`."""
    version = s.words.sentence(key, reference=reference)
    blocks: list[Block] = [Paragraph(version)]
    if url:
        blocks.append(Link(s.words.say("letter.rules.link"), url))
    return section(s, "rules", *blocks)


def objection(
    s: Source, name: str, links: LetterLinks, sentences: Iterable[str]
) -> Section:
    """What the customer may do instead of paying, and where; under a title's name."""
    blocks: list[Block] = [Items((*sentences, *_channel(s)))]
    if links.form:
        blocks.append(Link(s.words.say("letter.other.form"), links.form))
        until = s.words.sentence("letter.other.form_until", n=links.form_days)
        blocks.append(Paragraph(until))
    return section(s, name, *blocks)


def _channel(s: Source) -> Iterator[str]:
    channel = s.document.appeals.channel
    if channel:
        yield s.words.sentence("letter.other.channel", channel=channel)
