"""The language of an answer's sentences: of the request, else of its header."""

from typing import Literal, get_args

Language = Literal["en", "de", "fr", "pt-BR"]
_BY_PRIMARY_TAG: dict[str, Language] = {
    language.partition("-")[0]: language for language in get_args(Language)
}


def language_of(requested: Language | None, accepted: str | None) -> Language:
    """What the request says, else what `Accept-Language` wants most, else English.

    A header never refuses a request: a language without messages is passed over, and a
    variety (de-AT, pt-PT) gets the language it belongs to.

    >>> language_of(None, "it, pt-PT;q=0.5, de-AT;q=0.9")
    'de'
    """
    if requested is not None:
        return requested
    wanted = [_preference(part) for part in (accepted or "").split(",")]
    for quality, tag in sorted(wanted, key=lambda preference: -preference[0]):
        if quality > 0.0 and tag in _BY_PRIMARY_TAG:
            return _BY_PRIMARY_TAG[tag]
    return "en"


def _preference(part: str) -> tuple[float, str]:
    """How much a language is wanted, 1 where nothing is said, and its primary tag."""
    tag, _, weight = part.partition(";")
    try:
        quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
    except ValueError:
        quality = 0.0
    return quality, tag.strip().lower().partition("-")[0]
