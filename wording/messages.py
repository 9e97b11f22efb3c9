"""Reads `messages/`, where every sentence stands, and fills in numbers and dates.

A message is a text with named places: `{amount:money}`, `{wait:days}`. After the colon
stands a kind below or a unit of the language's own list, so each language chooses the
form it needs ("nach {wait:days_dative}") and no sentence is glued together from parts.
"""

import re
import string
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from math import floor
from typing import Any, TypeGuard
from zoneinfo import ZoneInfo

import yaml
from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import (
    format_currency,
    format_decimal,
    format_percent,
)

from decisions.errors import DecisionError
from features.money import currency_places

LANGUAGES = ("en", "pt-BR", "fr", "de")
LOCALES = {"en": "en_GB", "pt-BR": "pt_BR", "fr": "fr", "de": "de"}
_PLURALS = {"one", "many", "other"}
Message = str | dict[str, str]
_CODE_BEFORE_AMOUNT = re.compile(r"(?<=[A-Za-z])(?=\d)")  # CHF 25, but US$25
ROUGHLY_FROM = 10.0  # from here on `about` leaves the cents out
NUMBER_PLACES = 3  # of a plain number, as Babel writes it
PERCENT_PLACES = 2


class UnknownLanguageError(DecisionError):
    code = "unknown_language"

    def __init__(self, lang: str) -> None:
        super().__init__(
            f"no translation into {lang!r}: use one of {', '.join(LANGUAGES)}"
        )
        self.lang = lang


class UnknownMessageError(DecisionError):
    code = "unknown_message"

    def __init__(self, lang: str, key: str) -> None:
        super().__init__(f"{lang}.yaml has no message {key!r}: add it in all languages")
        self.lang, self.key = lang, key


# libyaml's where there is one: who is answered first in a language waits for it
_OwnLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=len(LANGUAGES))
def messages(lang: str) -> Mapping[str, Message]:
    """All messages of a language, by dotted key.

    Those of explanations and of the policy, then those of letters and of the desk.

    Raises:
        UnknownLanguageError: when there is no such translation.
    """
    if lang not in LANGUAGES:
        raise UnknownLanguageError(lang)
    by_key: dict[str, Message] = {}
    folder = files("wording").joinpath("messages")
    for part in ("", "letters", "desk"):
        for file in sorted(folder.joinpath(part).iterdir(), key=lambda one: one.name):
            if file.name == f"{lang}.yaml" or file.name.endswith(f".{lang}.yaml"):
                text = file.read_text("utf-8")
                _flatten("", yaml.load(text, _OwnLoader), by_key)  # noqa: S506 - safe
    return by_key


def _flatten(
    prefix: str, values: Mapping[str, Any], by_key: dict[str, Message]
) -> None:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and "other" in value and set(value) <= _PLURALS:
            by_key[name] = {form: _typeset(text) for form, text in value.items()}
        elif isinstance(value, dict):
            _flatten(f"{name}.", value, by_key)
        else:
            by_key[name] = _typeset(value)


def _typeset(text: object) -> str:
    """French spaces before a mark never break the line."""
    typeset = str(text)
    for mark in ":;?!»":
        typeset = typeset.replace(f" {mark}", f"\N{NO-BREAK SPACE}{mark}")
    return typeset.replace("« ", "«\N{NO-BREAK SPACE}")


_parsed = cache(Locale.parse)  # an answer in words is asked for with every decision


class Wording(string.Formatter):
    r"""One language, for one currency and timezone.

    >>> from zoneinfo import ZoneInfo
    >>> words = Wording("de", "EUR", ZoneInfo("Europe/Berlin"))
    >>> words.format("{a:money}, {n:days}", a=1250, n=1).replace("\xa0", " ")
    '1.250 €, 1 Tag'
    """

    def __init__(self, lang: str, currency: str, zone: ZoneInfo) -> None:
        self.lang, self.currency, self.zone = lang, currency, zone
        self._messages = messages(lang)
        self.locale = LOCALES[lang]
        self._locale = _parsed(self.locale)

    def has(self, key: str) -> bool:
        """Whether there is a message with this key."""
        return key in self._messages

    def say(self, key: str, /, **values: object) -> str:
        """One message, its places filled; a plural message is chosen by `n`.

        Raises:
            UnknownMessageError: when the translation has no such message.
        """
        message = self._messages.get(key)
        if message is None:
            raise UnknownMessageError(self.lang, key)
        if isinstance(message, dict):
            message = self._plural(message, values["n"])  # type: ignore[arg-type]
        if "{" not in message and "}" not in message:  # most of a page has no places
            return message
        return self.vformat(message, (), values)

    def sentence(self, key: str, /, **values: object) -> str:
        """`say`, with a capital letter first."""
        text = self.say(key, **values)
        return text[:1].upper() + text[1:]

    def word(self, group: str, name: str) -> str:
        """The word for a name of the policy; unknown names are read out as they are."""
        key = f"{group}.{name.replace(' ', '_')}"
        return self.say(key) if self.has(key) else name.replace("_", " ")

    def words(self, group: str, names: Iterable[str], style: str = "standard") -> str:
        """A list of `word`s, joined as the language does."""
        return self.joined([self.word(group, name) for name in names], style)

    def joined(self, texts: list[str], style: str = "standard") -> str:
        """Texts as a list in words: `standard` joins with and, `or` with or."""
        return str(format_list(texts, style=style, locale=self._locale))  # type: ignore[arg-type]

    def _plural(self, forms: dict[str, str], n: float) -> str:
        """The form of the number as it is written, not as it was before rounding."""
        form = self._locale.plural_form(_rounded(n, NUMBER_PLACES))
        return forms.get(form, forms["other"])

    def format_field(self, value: object, format_spec: str) -> str:
        """Babel's forms by name, then the language's units, then words."""
        if not format_spec:
            return self._number(value) if _is_number(value) else self._listed(value)
        if format_spec in KINDS:
            return str(getattr(self, f"_{format_spec}")(value))
        if isinstance(value, str):
            return self._action(value, format_spec)
        return self.say(f"units.{format_spec}", n=value)

    def _listed(self, value: object) -> str:
        return self.joined([*value]) if isinstance(value, tuple) else str(value)

    def _action(self, action: str, form: str) -> str:
        """An action in one of its forms; a person may have written one of their own."""
        key = f"actions.{action}.{form}"
        return self.say(key) if self.has(key) else action.replace("_", " ")

    def _number(self, value: float) -> str:
        return _decimal(value, self.locale)

    def in_currency(self, value: float, currency: str) -> str:
        """An amount in any currency, with its own decimal places where it has any."""
        return self._amount(_rounded(value, currency_places(currency)), currency)

    def _money(self, value: float | Mapping[str, float]) -> str:
        """A sum, or one for each currency."""
        if isinstance(value, Mapping):
            sums = [self.in_currency(sum_, code) for code, sum_ in value.items()]
            return self.joined(sums)
        return self.in_currency(value, self.currency)

    def _about(self, value: float) -> str:
        if abs(value) < ROUGHLY_FROM:
            return self._money(value)
        return self._amount(_rounded(value, 0), self.currency)

    def _amount(self, value: Decimal, currency: str) -> str:
        pattern = self._locale.currency_formats["standard"].pattern
        is_whole = value == value.to_integral_value()
        cents = "" if is_whole else f".{'0' * currency_places(currency)}"
        amount = format_currency(
            value,
            currency,
            pattern.replace(".00", cents),
            locale=self._locale,
            currency_digits=False,
        )
        return _CODE_BEFORE_AMOUNT.sub("\N{NO-BREAK SPACE}", str(amount))

    def _percent(self, value: float) -> str:
        pattern = self._locale.percent_formats[None].pattern.replace("0", "0.##")
        shown = _rounded(value, PERCENT_PLACES + 2)
        return str(format_percent(shown, pattern, locale=self._locale))

    def _percent_about(self, value: float) -> str:
        return self._percent(round(value, PERCENT_PLACES))

    def _percent_below(self, value: float) -> str:
        """Never up: what is below a floor must not look equal to it."""
        return self._percent(floor(round(value * 1000, 6)) / 1000)

    def _date(self, value: date) -> str:
        date_text = str(format_date(value, "long", locale=self._locale))
        is_first = value.day == 1
        return (
            date_text.replace("1", self.say("words.first"), 1)
            if is_first
            else date_text
        )

    def _time(self, value: time) -> str:
        return str(format_time(value, "short", locale=self._locale))

    def _moment(self, value: datetime) -> str:
        local = value.astimezone(self.zone)
        return self.say(
            "words.moment", day=self._date(local.date()), at=self._time(local.time())
        )


@lru_cache(4_000)
def _decimal(value: float, locale: str) -> str:
    """Babel takes longer for one number than a template for a line of a table."""
    number = _rounded(value, NUMBER_PLACES)
    return str(format_decimal(number, locale=_parsed(locale)))


KINDS = frozenset(
    {"number", "money", "about", "percent", "percent_about", "percent_below"}
    | {"date", "time", "moment"}
)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rounded(value: float, places: int) -> Decimal:
    """A number as it is written: half-even on its decimal digits, and never -0.

    Without zeros at the end, which Babel's plural rules would count as places.

    >>> [_rounded(x, 2) for x in (2.665, 2.675, -0.004, 120.0)]
    [Decimal('2.66'), Decimal('2.68'), Decimal('0'), Decimal('120')]
    """
    return round(Decimal(str(value)), places).normalize() + 0
