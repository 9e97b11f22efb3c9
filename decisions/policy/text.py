"""Free texts of a policy: in its own language, or in several."""

from collections.abc import Mapping
from typing import Annotated

from babel import Locale
from pydantic import AfterValidator, Field
from typing_extensions import TypeAliasType


def _is_a_language(code: str) -> str:
    english = Locale("en")
    language, _, country = code.partition("-")
    is_country = not country or country in english.territories
    if language not in english.languages or not is_country:
        raise ValueError(f"{code!r} is no language, write one as fr or pt-BR")
    return code


Language = TypeAliasType(
    "Language",
    Annotated[
        str,
        Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$", description="en, fr, pt-BR …"),
        AfterValidator(_is_a_language),
    ],
)
Text = TypeAliasType(
    "Text",
    Annotated[
        str | dict[Language, Annotated[str, Field(min_length=1)]],
        Field(description="in the policy's language, or by language: {en: …, fr: …}"),
    ],
)


def text_in(text: str | Mapping[str, str], lang: str, own: str) -> str:
    """A free text in one language; empty where the policy does not have it.

    Args:
        text: plain, which is in the language `own`, or by language.
        lang: the language wanted.
        own: the language of the policy.

    >>> text_in("Facture impayée", "en", own="fr")
    ''
    >>> text_in({"en": "Unpaid bill", "fr": "Facture impayée"}, "en", own="fr")
    'Unpaid bill'
    """
    by_language = {own: text} if isinstance(text, str) else text
    return by_language.get(lang, "").strip()


def own_text(text: str | Mapping[str, str], own: str) -> str:
    """A free text for a reader whose language is unknown: the policy's.

    Where it is missing there (the linter warns of that), the first one given.

    >>> own_text({"en": "Unpaid bill", "fr": "Facture impayée"}, own="fr")
    'Facture impayée'
    """
    if isinstance(text, str):
        return text.strip()
    return text_in(text, own, own) or next(iter(text.values()), "").strip()
