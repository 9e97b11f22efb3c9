"""Four languages say the same things, each with its own forms."""

import string
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from decisions.actions import ACTIONS
from wording.messages import (
    KINDS,
    LANGUAGES,
    Message,
    UnknownLanguageError,
    UnknownMessageError,
    Wording,
    messages,
)

FORMS = {"name", "phrase", "oblique"}  # of an action


def forms(message: Message) -> list[str]:
    return [message] if isinstance(message, str) else list(message.values())


def places(message: Message) -> Iterator[tuple[str, str]]:
    for text in forms(message):
        for _, name, spec, _ in string.Formatter().parse(text):
            if name is not None:
                yield name, spec or ""


def words(lang: str) -> Wording:
    return Wording(lang, "EUR", ZoneInfo("Europe/Brussels"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_has_the_same_messages_with_the_same_places(lang: str) -> None:
    english, other = messages("en"), messages(lang)
    own = {key for key in other if not key.startswith("units.")}
    assert own == {key for key in english if not key.startswith("units.")}
    for key in own:
        assert {n for n, _ in places(other[key])} == {
            n for n, _ in places(english[key])
        }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_and_unit_that_a_message_asks_for_exists(lang: str) -> None:
    own = messages(lang)
    for key, message in own.items():
        for _, spec in places(message):
            known = not spec or spec in KINDS | FORMS or f"units.{spec}" in own
            assert known, f"{lang}: {key}: {spec}"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_plural_messages_have_the_forms_small_numbers_need(lang: str) -> None:
    needed = {Locale.parse(lang, sep="-").plural_form(n) for n in range(200)}
    for key, message in messages(lang).items():
        if isinstance(message, dict):
            assert needed <= set(message), f"{lang}: {key}"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_action_has_every_form(lang: str) -> None:
    known = messages(lang)
    for action in ACTIONS:
        assert {f"actions.{action}.{form}" for form in FORMS} <= set(known)


@pytest.mark.parametrize("lang", [code for code in LANGUAGES if code != "en"])
def test_no_sentence_was_left_in_english(lang: str) -> None:
    english, other = messages("en"), messages(lang)
    sentences = {k for k, m in english.items() if len(forms(m)[0].split()) > 3}
    assert not [key for key in sentences if other[key] == english[key]]


@pytest.mark.parametrize(
    ("lang", "amount", "expected"),
    [
        pytest.param("en", 1250.0, "€1,250", id="no cents where there are none"),
        pytest.param("en", 12.5, "€12.50", id="cents where there are some"),
        pytest.param("pt-BR", 1250.0, "€ 1.250", id="Brazil"),
        pytest.param("fr", 1250.5, "1 250,50 €", id="France"),
        pytest.param("de", 1250.0, "1.250 €", id="Germany"),
    ],
)
def test_money_is_written_as_the_language_does(
    lang: str, amount: float, expected: str
) -> None:
    said = words(lang).format("{a:money}", a=amount)
    assert said.replace("\xa0", " ").replace("\u202f", " ") == expected


def test_a_currency_without_a_sign_keeps_its_distance() -> None:
    assert words("en").in_currency(25.0, "CHF") == "CHF\xa025"
    assert words("en").in_currency(25.0, "USD") == "US$25"


@pytest.mark.parametrize(
    ("lang", "amount", "currency", "expected"),
    [
        pytest.param("en", -0.004, "EUR", "€0", id="no negative nothing"),
        pytest.param("de", -0.004, "EUR", "0 €", id="nor in German"),
        pytest.param("fr", -0.004, "EUR", "0 €", id="nor in French"),
        pytest.param("pt-BR", -0.004, "EUR", "€ 0", id="nor in Portuguese"),
        pytest.param("en", -0.005, "EUR", "€0", id="half to even"),
        pytest.param("en", -0.006, "EUR", "-€0.01", id="a cent that was given back"),
        pytest.param("en", 2.665, "EUR", "€2.66", id="half to even below"),
        pytest.param("en", 2.675, "EUR", "€2.68", id="half to even above"),
        pytest.param("en", 9.999, "EUR", "€10", id="whole after rounding"),
        pytest.param("en", 10.004, "KWD", "KWD 10.004", id="three places"),
        pytest.param("fr", 10.004, "KWD", "10,004 KWD", id="three places in French"),
        pytest.param("en", 10.0004, "KWD", "KWD 10", id="whole in three places"),
        pytest.param("en", 1250.4, "JPY", "JP¥1,250", id="no places"),
        pytest.param("de", 0.5, "JPY", "0 ¥", id="half a yen"),
        pytest.param("en", 12.34, "RSD", "RSD 12.34", id="cents people seldom write"),
        pytest.param("de", 12.34, "IQD", "12,340 IQD", id="three places by ISO 4217"),
    ],
)
def test_an_amount_has_the_places_of_its_currency(
    lang: str, amount: float, currency: str, expected: str
) -> None:
    said = words(lang).in_currency(amount, currency)
    assert said.replace("\xa0", " ").replace("\u202f", " ") == expected


@given(
    lang=st.sampled_from(LANGUAGES),
    amount=st.floats(-1e12, 1e12),
    currency=st.sampled_from(["EUR", "KWD", "JPY", "CLF"]),
)
def test_an_amount_is_written_as_the_one_it_rounds_to(
    lang: str, amount: float, currency: str
) -> None:
    said = words(lang).in_currency(amount, currency)
    places = get_currency_precision(currency)
    exact = Decimal(str(amount)).quantize(Decimal(1).scaleb(-places))
    assert words(lang).in_currency(float(exact), currency) == said
    assert ("-" in said) == (exact < 0)


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        pytest.param("en", "1 January 2026", id="English"),
        pytest.param("fr", "1er janvier 2026", id="French first"),
        pytest.param("pt-BR", "1º de janeiro de 2026", id="Brazilian first"),
        pytest.param("de", "1. Januar 2026", id="German"),
    ],
)
def test_the_first_of_a_month_is_written_as_the_language_does(
    lang: str, expected: str
) -> None:
    assert words(lang).format("{d:date}", d=date(2026, 1, 1)) == expected
    assert words(lang).format("{d:date}", d=date(2026, 1, 11)).startswith("11")


def test_about_leaves_cents_out_only_of_larger_amounts() -> None:
    said = words("en").format("{a:about} {b:about} {c:about}", a=81.2, b=1.12, c=9.0)
    assert said == "€81 €1.12 €9"


@pytest.mark.parametrize(
    ("lang", "n", "expected"),
    [
        pytest.param("en", 0, "0 days", id="English zero is plural"),
        pytest.param("fr", 0, "0 jour", id="French zero is singular"),
        pytest.param("pt-BR", 1, "1 dia", id="one"),
        pytest.param("de", 2, "2 Tage", id="two"),
        pytest.param("en", 0.9999, "1 day", id="one after rounding"),
        pytest.param("de", 1.0004, "1 Tag", id="German one after rounding"),
        pytest.param("fr", 1.9996, "2 jours", id="French two after rounding"),
        pytest.param("pt-BR", 1.9996, "2 dias", id="two after rounding"),
        pytest.param("en", -0.0004, "0 days", id="no negative nothing"),
        pytest.param("en", 1.5, "1.5 days", id="a day and a half"),
        pytest.param("fr", 1_000_000, "1 000 000 jours", id="a million"),
    ],
)
def test_plurals_follow_the_language(lang: str, n: float, expected: str) -> None:
    said = words(lang).format("{n:days}", n=n)
    assert said.replace("\u202f", " ") == expected


def test_a_share_is_never_less_than_nothing() -> None:
    assert words("en").format("{p:percent}", p=-0.00001) == "0%"


def test_moments_are_told_in_the_policys_timezone() -> None:
    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert words("de").format("{m:moment}", m=at) == "2. Juli 2026, 00:30 Uhr"


def test_french_marks_never_begin_a_line() -> None:
    said = words("fr").say("staff.recommended.action", action="suspend")
    assert said == "Recommandation\xa0: suspension."


def test_an_unknown_language_is_refused_with_the_list() -> None:
    with pytest.raises(UnknownLanguageError, match="pt-BR"):
        words("xx")


def test_an_unknown_message_is_named() -> None:
    with pytest.raises(UnknownMessageError, match=r"no\.such"):
        words("en").say("no.such")
