"""Letters: the same values in every language and form; neutral, and without markup."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.policy_file.load import default_policy
from tests.wording.test_templates import OWN_TAGS, Reading
from wording.letters import (
    AppealAnswer,
    LetterItem,
    LetterLinks,
    NoticeValues,
    RestorationValues,
    appeal_letter,
    notice_letter,
    restoration_letter,
)
from wording.messages import LANGUAGES, Wording

DOCUMENT = default_policy().document
LINKS = LetterLinks(
    pay="https://pay.example/i-1",
    form="https://us.example/appeal/signed",
    form_days=30,
    policy="https://us.example/policy/abc?lang=en",
)
ITEMS = (
    LetterItem(
        invoice_id="i-1",
        due_on=date(2026, 11, 1),
        currency="EUR",
        amount=300.0,
        remainder=234.0,
        covered=100.0,
    ),
    LetterItem(
        invoice_id="i-2",
        due_on=date(2026, 11, 3),
        currency="EUR",
        amount=20.5,
        remainder=20.5,
        covered=0.0,
    ),
)


def values(**changes: Any) -> NoticeValues:  # noqa: ANN401 - fields
    described: dict[str, Any] = {
        "lang": "en",
        "notice": "final_notice",
        "document": DOCUMENT,
        "policy": "reseller-default@1",
        "currency": "EUR",
        "zone": ZoneInfo("Europe/Brussels"),
        "customer_id": "acme",
        "reference": "l0123",
        "written_on": date(2026, 11, 29),
        "items": ITEMS,
        "next_action": "suspend",
        "next_on": date(2026, 12, 10),
        "links": LINKS,
    }
    return NoticeValues(**(described | changes))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("notice", sorted(DOCUMENT.notices.kinds))
def test_every_notice_is_a_letter_in_every_language(notice: str, lang: str) -> None:
    letter = notice_letter(values(lang=lang, notice=notice))
    assert letter.lang == lang
    assert f'<html lang="{lang}">' in letter.html
    for form in (letter.text, letter.html, letter.print):
        assert LINKS.form in form
        assert LINKS.policy in form
        assert "appeals@example.org" in form
        assert "l0123" in form
    assert "<script" not in letter.html
    assert "\n" not in letter.subject


def test_what_is_owed_is_told_item_by_item() -> None:
    letter = notice_letter(values(fee=5.0, interest=1.25))
    assert "To pay: €154.50." in letter.text
    assert "Not asked for now: €100" in letter.text
    assert "Please pay by 9 December 2026." in letter.text
    assert "From 10 December 2026 on, we may suspend access" in letter.text
    assert "this notice costs €5." in letter.text
    assert "Interest so far: €1.25." in letter.text
    for form in (letter.html, letter.print):
        assert LINKS.pay in form
        assert "€154.50" in form


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_invoice_is_told_in_its_own_currency(lang: str) -> None:
    yen = LetterItem(
        invoice_id="i-3",
        due_on=date(2026, 11, 5),
        currency="JPY",
        amount=150_000.0,
        remainder=150_000.0,
        covered=0.0,
    )
    wording = Wording(lang, "EUR", ZoneInfo("Europe/Brussels"))
    in_yen = wording.in_currency(150_000.0, "JPY")
    text = notice_letter(values(lang=lang, items=(ITEMS[1], yen))).text
    total = wording.joined([wording.in_currency(20.5, "EUR"), in_yen])
    assert total in text
    assert text.count(in_yen) == 3  # still open, to pay, in all


def test_a_currency_of_which_nothing_is_to_pay_is_not_in_the_total() -> None:
    promised = replace(ITEMS[1], currency="USD", covered=ITEMS[1].remainder)
    text = notice_letter(values(items=(promised, ITEMS[0]))).text
    assert "To pay: €134." in text
    in_euros = replace(ITEMS[0], covered=ITEMS[0].remainder)
    assert "To pay: US$0." in notice_letter(values(items=(promised, in_euros))).text


def test_without_cover_no_column_speaks_of_it() -> None:
    plain = notice_letter(values(items=ITEMS[1:], links=LetterLinks(), next_on=None))
    assert "Not asked for" not in plain.text
    assert "Please pay in the way that your invoice states." in plain.text
    assert "Please pay by" not in plain.text
    assert "http" not in plain.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_pause_is_told_without_amounts_and_without_a_reproach(lang: str) -> None:
    ends = datetime(2026, 12, 2, tzinfo=UTC)
    paused = values(lang=lang, notice="access_paused", items=(), pause_ends_at=ends)
    text = notice_letter(paused).text
    assert "€" not in text
    assert LINKS.pay not in text
    reproach = r"fraud|betrug|betrüg|missbrauch|abus|%|probab|wahrscheinlich"
    assert not re.search(reproach, text, re.IGNORECASE)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_letter_states_a_probability(lang: str) -> None:
    for notice in DOCUMENT.notices.kinds:
        text = notice_letter(values(lang=lang, notice=notice)).text
        assert "%" not in text
        assert not re.search(r"score|risk|risiko|risque|risco", text, re.IGNORECASE)


@given(st.text(max_size=30))
def test_whatever_a_customer_is_called_brings_no_markup(name: str) -> None:
    letter = notice_letter(values(customer_id=name))
    reading = Reading()
    reading.feed(letter.html)
    assert reading.tags <= OWN_TAGS
    ours = {LINKS.pay, LINKS.form, LINKS.policy}
    assert all(one.startswith("mailto:") or one in ours for one in reading.links)
    assert "\x1b" not in letter.text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("result", ["upheld", "denied"])
def test_an_answer_gives_the_reasons_of_a_person(result: Any, lang: str) -> None:  # noqa: ANN401 - a Literal
    answer = AppealAnswer(
        lang=lang,
        document=DOCUMENT,
        policy="reseller-default@1",
        policy_url=LINKS.policy,
        zone=ZoneInfo("UTC"),
        customer_id="acme",
        reference="r1",
        filed_on=date(2026, 11, 2),
        written_on=date(2026, 11, 3),
        result=result,
        reasons="First <b>line</b>.\n\nSecond.",
        until=date(2027, 1, 10) if result == "upheld" else None,
    )
    letter = appeal_letter(answer)
    assert ("2027" in letter.text) is (result == "upheld")
    assert "First <b>line</b>.\nSecond." in letter.text
    assert "&lt;b&gt;" in letter.html
    assert LINKS.policy in letter.html
    # it is no letter of that policy: another may be in force when it is written
    words = Wording(lang, DOCUMENT.currency, answer.zone)
    named = {"reference": answer.policy}
    assert words.sentence("letter.rules.contested", **named) in letter.text
    assert words.sentence("letter.rules.version", **named) not in letter.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_given_back_is_told_without_a_reproach(lang: str) -> None:
    told = RestorationValues(
        lang=lang,
        document=DOCUMENT,
        policy="reseller-default@1",
        policy_url=LINKS.policy,
        zone=ZoneInfo("UTC"),
        customer_id="acme",
        reference="l1",
        restored_at=datetime(2026, 11, 3, 9, 30, tzinfo=UTC),
        is_access_back=True,
        ended_measures=("limit_spending",),
    )
    letter, words = restoration_letter(told), Wording(lang, "EUR", ZoneInfo("UTC"))
    measure = words.word("measures", "limit_spending")
    assert measure in letter.text
    assert words.sentence("letter.restoration.held_against") in letter.text
    access = words.sentence("letter.restoration.access", at=told.restored_at)
    assert access in letter.text
    assert LINKS.policy in letter.html
    ended = restoration_letter(replace(told, is_access_back=False))
    assert access not in ended.text
    assert ended.subject == words.say("letter.restoration.subject_measures")
    assert letter.subject == words.say("letter.restoration.subject") != ended.subject
    for back in (words.say("letter.restoration.title.back"), letter.subject):
        assert back in letter.text
        assert back not in ended.text  # nothing was stopped that could be given back
    kept = restoration_letter(replace(told, ended_measures=()))
    assert measure not in kept.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_still_stopped_is_said(lang: str) -> None:
    told = RestorationValues(
        lang=lang,
        document=DOCUMENT,
        policy="reseller-default@1",
        policy_url=LINKS.policy,
        zone=ZoneInfo("UTC"),
        customer_id="acme",
        reference="l1",
        restored_at=datetime(2026, 11, 3, 9, 30, tzinfo=UTC),
        is_access_back=True,
        ended_measures=(),
        access_to=("Mail (s1)",),
        still_stopped=("Backup (s2)",),
    )
    letter, words = restoration_letter(told), Wording(lang, "EUR", ZoneInfo("UTC"))
    assert letter.subject == words.say("letter.restoration.subject_part")
    assert "Mail (s1)" in letter.text
    assert "Backup (s2)" in letter.text
    whole = words.sentence("letter.restoration.access", at=told.restored_at)
    assert whole not in letter.text
    assert words.sentence("letter.restoration.nothing_to_do") not in letter.text
