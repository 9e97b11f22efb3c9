"""From a policy to its page: identity, sections, and changes announced for later."""

from datetime import datetime

from decisions.policy.document import PolicyDocument
from decisions.policy_file.load import Policy
from decisions.terms import Terms
from wording.messages import Wording
from wording.publication.access import access, measures, protective, restoring
from wording.publication.changes import changes
from wording.publication.charges import fees, records
from wording.publication.page import Items, Page, Paragraph, Section
from wording.publication.people import appeals, deciding, scope
from wording.publication.protection import arrangements, disputes, essential
from wording.publication.retries import retries
from wording.publication.source import Source
from wording.publication.timeline import counting, notices, timeline

_FINGERPRINT = 12  # characters of the policy's hash: enough to compare by eye


def compose(policy: Policy, lang: str, at: datetime | None = None) -> Page:
    """The policy as a page.

    Args:
        policy: a policy that was read.
        lang: one of `LANGUAGES`.
        at: aware moment whose version is written; None means the first one. Versions
            that begin later follow as announced changes.

    Raises:
        UnknownLanguageError: when there is no such translation.
    """
    versions = policy.versions
    begun = [i for i, (start, _) in enumerate(versions) if at is None or start <= at]
    now = 0 if at is None or not begun else begun[-1]
    source = _source(versions[now][1], lang)
    document = source.document
    sections = (*_sections(source), *_announced(source, versions[now:], lang))
    short = policy.hash[:_FINGERPRINT]
    return Page(
        lang=lang,
        title=source.own(document.title) or source.say("page.title"),
        lead=source.say("page.lead"),
        facts=tuple(_facts(source, policy.reference, versions[now][0])),
        sections=sections,
        contents=source.say("page.contents"),
        footer=source.say("page.footer", reference=policy.reference, fingerprint=short),
    )


def _source(terms: Terms, lang: str) -> Source:
    words = Wording(lang, terms.document.currency, terms.zone)
    return Source(terms.document, words)


def _sections(s: Source) -> list[Section]:
    """In the order in which a customer would ask; empty ones are left out."""
    sections = [
        scope(s),
        timeline(s),
        counting(s),
        notices(s),
        retries(s),
        access(s),
        protective(s),
        measures(s),
        restoring(s),
        disputes(s),
        arrangements(s),
        essential(s),
        fees(s),
        deciding(s),
        appeals(s),
        records(s),
    ]
    return [section for section in sections if section is not None]


def _facts(s: Source, reference: str, start: datetime) -> list[tuple[str, str]]:
    document: PolicyDocument = s.document
    facts = {
        "version": reference,
        "effective_from": s.words.format("{d:date}", d=start.date()),
        "effective_to": document.effective_to
        and s.words.format("{d:date}", d=document.effective_to),
        "jurisdiction": document.jurisdiction and s.country(document.jurisdiction),
        "currency": document.currency,
        "owner": document.owner,
        "approved_by": s.own(document.approved_by or ""),
    }
    return [(s.say(f"facts.{name}"), value) for name, value in facts.items() if value]


def _announced(
    s: Source, versions: list[tuple[datetime, Terms]], lang: str
) -> list[Section]:
    """What later versions say otherwise, each against the one before."""
    blocks: list[Paragraph | Items] = []
    before = _sections(s)
    for start, terms in versions[1:]:
        after = _sections(_source(terms, lang))
        day = start.astimezone(terms.zone).date()
        blocks.append(s.paragraph("changes.from", date=day))
        blocks.extend(s.items(changes(s, before, after)))
        before = after
    return [s.section("changes", *blocks)] if blocks else []
