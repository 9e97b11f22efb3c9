"""What a page's sections are written from: one dated policy, in one language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError

from decisions.policy.document import PolicyDocument
from decisions.policy.text import Text
from wording.explanation.naming import Form, notice_name
from wording.messages import Wording
from wording.publication.page import Block, Items, Paragraph, Section


@dataclass(frozen=True, slots=True)
class Source:
    """A policy's values and the words to say them with."""

    document: PolicyDocument
    words: Wording

    def say(self, key: str, /, **values: object) -> str:
        """One sentence of the page."""
        return self.words.sentence(f"publish.{key}", **values)

    def paragraph(self, key: str, /, **values: object) -> Paragraph:
        """One sentence as a paragraph."""
        return Paragraph(self.say(key, **values))

    def items(self, texts: Iterable[str]) -> tuple[Items, ...]:
        """A list, or nothing where there is nothing to list."""
        listed = tuple(texts)
        return (Items(listed),) if listed else ()

    def section(self, name: str, *blocks: Block) -> Section:
        """A section under its title."""
        return Section(name, self.say(f"title.{name}"), blocks)

    def notice(self, name: str, form: Form = "the") -> str:
        """A notice in running text; forms: name, the, of."""
        return notice_name(self.document, name, self.words, form)

    def own(self, text: Text) -> str:
        """The policy's free text, where it is in this page's language; else nothing."""
        return self.document.text_in(text, self.words.lang)

    def amounts(self, by_currency: Mapping[str, float]) -> str:
        """Amounts by currency, joined with or."""
        written = [self.words.in_currency(m, name) for name, m in by_currency.items()]
        return self.words.joined(written, "or")

    def language(self, code: str) -> str:
        """The name of a language in this page's language."""
        own = Locale.parse(self.words.locale)
        try:
            return Locale.parse(code, sep="-").get_language_name(own) or code
        except UnknownLocaleError:  # a language without conventions of its own
            return str(own.languages.get(code.partition("-")[0], code))

    def country(self, code: str) -> str:
        """The name of a country in this page's language."""
        own = Locale.parse(self.words.locale)
        return str(own.territories.get(code, code))

    def weekday(self, iso: int) -> str:
        """The name of an ISO weekday (Monday is 1)."""
        return str(Locale.parse(self.words.locale).days["format"]["wide"][iso - 1])
