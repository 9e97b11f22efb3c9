"""The form of a letter: its link alone opens it, and what is sent protects at once."""

import re
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decisions.policy_file.load import SHIPPED, parse_policy
from features.facts import OtherCurrency
from serving.language import Language
from serving.public.replies import _looked_up, _rows
from serving.public.reply_money import LetterMoney, MistakeError
from store.opening import open_replies
from store.replies import Reply
from tests.execution.letters.conftest import a_late_customer
from tests.execution.test_with_the_service import TABLES, ago
from tests.serving.public.conftest import (
    Public,
    a_letter_about,
    link_of,
)
from wording.messages import LANGUAGES


def scored(public: Public, name: str) -> dict[str, Any]:
    """A late customer of this name, and what is decided."""
    events = deepcopy(a_late_customer())
    events["invoices"][0]["invoice_id"] = f"i-{name}"
    sent = {"customer_id": name, "events": events}
    sent["observed"] = dict.fromkeys(TABLES, ago(seconds=0))
    assert public.staff.post("/v1/events", json=sent).json()["rejected"] == 0
    answer: dict[str, Any] = public.staff.post(
        "/v1/score", json={"customer_id": name}
    ).json()
    return answer


def again(public: Public, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = public.staff.post(
        "/v1/score", json={"customer_id": name}
    ).json()
    return answer


def form_id(page: str) -> str:
    return str(re.findall(r'name="form_id" value="([0-9a-f]{32})"', page)[0])


def replies_of(public: Public, name: str) -> list[Reply]:
    replies = open_replies(*public.settings.store)
    kept = replies.of_customer(name)
    replies.close()
    return kept


def in_days(n: int) -> str:
    return (datetime.now(UTC) + timedelta(days=n)).date().isoformat()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_form_opens_in_each_language(public: Public, lang: str) -> None:
    link = link_of(a_letter_about(public, scored(public, f"form-{lang}")))
    page = public.client.get(f"{link}?lang={lang}")
    assert page.status_code == 200
    assert f'<html lang="{lang}">' in page.text
    assert page.text.count("<form ") == 3
    assert f"i-form-{lang}" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in page.text


def test_a_promise_is_waited_for(public: Public) -> None:
    link = link_of(a_letter_about(public, scored(public, "promises")))
    fields = {"kind": "promise", "form_id": form_id(public.client.get(link).text)}
    answer = public.client.post(link, data=fields | {"day": in_days(5)})
    assert answer.status_code == 200, answer.text
    assert "You promised to pay by" in answer.text
    facts = again(public, "promises")
    assert facts["exposure"]["promised"] == 234.0
    assert facts["follow_up"]["notices_due"] == []
    [kept] = replies_of(public, "promises")
    assert (kept.kind, kept.until, kept.is_counted) == ("promise", in_days(5), True)


@pytest.mark.parametrize("link", ["/appeal", "/appeal/"])
def test_a_link_that_is_cut_off_is_told_as_a_page(public: Public, link: str) -> None:
    answer = public.client.get(link)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_a_promised_day_ends_where_the_letter_counts_days(public: Public) -> None:
    letter_id = a_letter_about(public, scored(public, "far away"))
    asked = _looked_up(public.settings, letter_id)
    text = (SHIPPED / "reseller-default.yaml").read_text()
    policy = parse_policy(text.replace("Europe/Brussels", "America/Sao_Paulo"))
    reply = Reply(
        reply_id="r1",
        letter_id=letter_id,
        customer_id="far away",
        kind="promise",
        language="en",
        filed_at=1,
        until="2026-12-05",
    )
    [row] = _rows(asked._replace(terms=policy.latest), reply)["contacts"]
    assert row["until"] == "2026-12-06T02:59:59.999999+00:00"


def test_a_contested_invoice_is_not_owed(public: Public) -> None:
    link = link_of(a_letter_about(public, scored(public, "contests")))
    fields = {"kind": "dispute", "form_id": form_id(public.client.get(link).text)}
    fields |= {"invoice_id": "i-contests", "amount": "100,50", "text": "Too much."}
    answer = public.client.post(link, data=fields)
    assert answer.status_code == 200
    assert "You contest €100.50." in answer.text
    assert again(public, "contests")["exposure"]["contested"] == 100.5
    assert replies_of(public, "contests")[0].content == "Too much."


def test_an_objection_starts_its_clock_and_counts_once(public: Public) -> None:
    link = link_of(a_letter_about(public, scored(public, "objects")))
    fields = {"kind": "appeal", "form_id": form_id(public.client.get(link).text)}
    fields |= {"text": "I paid <script>alert(1)</script>"}
    answer = public.client.post(f"{link}?lang=fr", data=fields)
    assert answer.status_code == 200
    assert "Une personne qui peut changer la décision" in answer.text
    for _ in range(2):  # the button pressed again
        assert public.client.post(link, data=fields).status_code == 200
    [kept] = replies_of(public, "objects")
    assert (kept.language, kept.is_counted) == ("fr", True)
    due = again(public, "objects")["follow_up"]["appeal"]
    opened = datetime.fromtimestamp(kept.filed_at / 1e6, UTC)
    decide_by = datetime.fromisoformat(due["decide_by"])
    assert decide_by - opened == timedelta(days=5)  # `appeals.decide_days`


def test_a_pause_can_only_be_objected_to(public: Public) -> None:
    answer = scored(public, "paused")
    link = link_of(a_letter_about(public, answer, "access_paused"))
    page = public.client.get(link).text
    assert page.count("<form ") == 1
    fields = {"kind": "promise", "form_id": form_id(page), "day": in_days(5)}
    assert public.client.post(link, data=fields).status_code == 422
    assert replies_of(public, "paused") == []


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("de", "1.234,50"),
        ("pt-BR", "1.234,50"),
        ("fr", "1\u202f234,50"),
        ("fr", "1 234,50"),
        ("en", "1,234.50"),
        ("de", "1234,50"),
    ],
)
def test_an_amount_is_read_as_the_form_s_language_writes_it(
    lang: Language, text: str
) -> None:
    money = LetterMoney("EUR", ("i-1",), {})
    assert money.counted(text, "i-1", lang) == "1234.50"


def in_yen(public: Public, name: str) -> dict[str, Any]:
    """A late customer whose invoice is in yen, and what is decided."""
    events = deepcopy(a_late_customer())
    events["invoices"][0] |= {"amount": 150_000, "currency": "JPY"}
    events["invoices"][0]["invoice_id"] = f"i-{name}"
    sent = {"customer_id": name, "events": events}
    sent["observed"] = dict.fromkeys(TABLES, ago(seconds=0))
    assert public.staff.post("/v1/events", json=sent).json()["rejected"] == 0
    return again(public, name)


@pytest.mark.parametrize("invoice", ["", "i-of-kyoto"])
def test_a_sum_is_written_in_the_currency_of_the_invoice(
    public: Public, invoice: str
) -> None:
    name = f"of-kyoto{invoice and '-all'}"
    invoice = invoice and f"i-{name}"
    link = link_of(a_letter_about(public, in_yen(public, name)))
    page = public.client.get(link).text
    assert "(JPY)" in page
    fields = {"kind": "promise", "form_id": form_id(page), "day": in_days(5)}
    fields |= {"amount": "50000", "invoice_id": invoice}
    answer = public.client.post(link, data=fields)
    assert "You promised to pay JP¥50,000 by" in answer.text
    exposure = again(public, name)["exposure"]
    assert exposure["promised"] == 300.0
    assert exposure["items"][0]["in_own_currency"]["promised"] == 50_000.0


def test_of_several_currencies_the_customer_says_which() -> None:
    yen = OtherCurrency("JPY", Decimal("0.006"))
    money = LetterMoney("EUR", ("i-1", "i-2"), {"i-2": yen})
    assert money.currencies == ("EUR", "JPY")
    with pytest.raises(MistakeError, match="which"):
        money.counted("10", "", "en")
    assert money.counted("10", "i-1", "en") == "10.00"
    assert money.counted("10", "i-2", "en") == "0.06"
    with pytest.raises(MistakeError, match="whole"):  # half a yen
        money.counted("10.5", "i-2", "en")


def test_the_remainder_that_a_letter_rounded_up_is_promised(public: Public) -> None:
    in_yen(public, "of-osaka")
    paid = {"payment_id": "p-1", "invoice_id": "i-of-osaka", "amount": "10.01"}
    paid |= {"event_at": ago(days=1), "status": "succeeded"}
    sent = {"customer_id": "of-osaka", "events": {"payments": [paid]}}
    assert public.staff.post("/v1/events", json=sent).json()["rejected"] == 0
    answer = again(public, "of-osaka")
    [item] = answer["exposure"]["items"]
    assert item["remainder"] == 889.99  # 148,331.67 yen, which a letter rounds
    link = link_of(a_letter_about(public, answer))
    fields = {"kind": "promise", "form_id": form_id(public.client.get(link).text)}
    fields |= {"day": in_days(5), "amount": "JP¥148,334"}
    assert "You cannot promise more" in public.client.post(link, data=fields).text
    told = public.client.post(link, data=fields | {"amount": "JP¥148,332"}).text
    assert "You promised to pay JP¥148,332 by" in told
    assert again(public, "of-osaka")["exposure"]["promised"] == 889.99


def test_a_promise_is_never_of_more_than_is_open() -> None:
    dollars = {"i-1": OtherCurrency("USD", Decimal("0.92"))}
    money = LetterMoney("EUR", ("i-1",), dollars)
    amount = money.counted("63.74", "i-1", "en")
    assert amount == "58.6408"
    assert money.promised(amount, "i-1", 58.64) == "58.64"
    assert money.promised("50.0000", "i-1", 58.64) == "50.0000"
    for open_ in (58.63, 0.0):
        with pytest.raises(MistakeError, match="more"):
            money.promised(amount, "i-1", open_)
    euros = LetterMoney("EUR", ("i-1",), {})
    assert euros.promised("58.65", "i-1", 58.646) == "58.646"


def test_a_sum_that_counts_for_nothing_is_asked_again() -> None:
    dong = {"i-1": OtherCurrency("VND", Decimal("0.000037"))}
    money = LetterMoney("EUR", ("i-1",), dong)
    with pytest.raises(MistakeError, match="whole"):
        money.counted("1", "i-1", "en")
    assert money.counted("85025", "i-1", "en") == "3.1459"


def test_an_invoice_that_the_answer_does_not_list_is_not_named() -> None:
    """Nothing would say in which currency a sum of it is."""
    item = {"invoice_id": "i-1", "in_own_currency": {"currency": "JPY", "rate": 0.006}}
    answer = {"question": {"currency": "EUR"}, "exposure": {"items": [item]}}
    money = LetterMoney.of(answer, ("i-1", "i-201"))
    assert (money.invoices, money.currencies) == (("i-1",), ("JPY",))


@pytest.mark.parametrize(
    ("lang", "currency", "text", "amount"),
    [
        ("en", "JPY", "150,000", "150000"),
        ("en", "JPY", "¥1,150,000", "1150000"),
        ("en", "JPY", "JP¥150,000", "150000"),
        ("de", "JPY", "150.000 ¥", "150000"),
        ("pt-BR", "KRW", "₩\u00a0150.000", "150000"),
        ("fr", "JPY", "150\u202f000 JPY", "150000"),
        ("en", "KWD", "1,234.500", "1234.500"),
        ("de", "KWD", "1,234", "1.234"),
        ("en", "KWD", "0,234", "0.234"),
        ("en", "USD", "US$63.74", "63.74"),
        ("fr", "EUR", "1 234,50 €", "1234.50"),
        ("en", "EUR", "€1,234", "1234.00"),
        ("en", "EUR", "EUR 1,234,567", "1234567.00"),
        ("de", "EUR", "1.234 €", "1234.00"),
        ("pt-BR", "BRL", "R$ 1.234", "1234.00"),
    ],
)
def test_a_sum_is_taken_as_a_letter_writes_it(
    lang: Language, currency: str, text: str, amount: str
) -> None:
    money = LetterMoney(currency, ("i-1",), {})
    assert money.counted(text, "i-1", lang) == amount


@pytest.mark.parametrize(
    ("lang", "currency", "text", "told"),
    [
        ("en", "KWD", "1,234", "amount"),
        ("de", "TND", "1.234", "amount"),
        ("pt-BR", "JOD", "1.234", "amount"),
        ("fr", "TND", "1.234", "amount"),
        ("en", "EUR", "1,234", "amount"),
        ("en", "EUR", "€1.234", "amount"),
        ("de", "EUR", "€1,234", "amount"),
        ("en", "KWD", "KWD 1,234", "amount"),
        ("en", "EUR", "$100", "amount"),
        ("en", "JPY", "150,00", "whole"),
        ("en", "JPY", "150.000", "whole"),
        ("de", "JPY", "-150.000", "whole"),
    ],
)
def test_what_may_be_read_in_two_ways_is_asked_again(
    lang: Language, currency: str, text: str, told: str
) -> None:
    money = LetterMoney(currency, ("i-1",), {})
    with pytest.raises(MistakeError, match=told):
        money.counted(text, "i-1", lang)


@pytest.fixture(scope="module")
def link(public: Public) -> str:
    return link_of(a_letter_about(public, scored(public, "mistaken")))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"kind": "promise", "day": in_days(0)}, "Choose a day"),
        ({"kind": "promise", "day": in_days(99)}, "Choose a day"),
        ({"kind": "promise", "day": "soon"}, "Choose a day"),
        (
            {"kind": "promise", "day": in_days(5), "amount": "9999999"},
            "You cannot promise more",
        ),
        ({"kind": "dispute", "text": "x", "amount": "much"}, "Write the amount"),
        ({"kind": "dispute", "text": "x", "amount": "-1"}, "Write the amount"),
        ({"kind": "dispute", "text": "x", "amount": "1,234"}, "Write the amount"),
        ({"kind": "dispute", "text": "x", "amount": "1.234,50"}, "Write the amount"),
        ({"kind": "dispute", "text": "x", "amount": "0.001"}, "Write the amount"),
        ({"kind": "dispute", "text": "x", "amount": "0.00"}, "Write the amount"),
        ({"kind": "dispute", "text": "x", "amount": "1e3"}, "Write the amount"),
        ({"kind": "appeal", "text": " "}, "Write a few words"),
    ],
)
def test_a_mistake_is_told_and_leads_back(
    public: Public, link: str, fields: dict[str, str], told: str
) -> None:
    app = public.staff._transport.app  # type: ignore[attr-defined]
    kept = app.state.settings
    app.state.settings = kept.model_copy(update={"form_rate_limit": "1000/hour"})
    try:
        answer = public.client.post(link, data={"form_id": "0" * 32} | fields)
    finally:
        app.state.settings = kept
    assert answer.status_code == 422
    assert told in answer.text
    assert f'href="{link}?lang=en"' in answer.text
    assert replies_of(public, "mistaken") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "payment", "form_id": "0" * 32},
        {"kind": "appeal", "form_id": "short", "text": "x"},
        {"kind": "dispute", "form_id": "0" * 32, "text": "x", "invoice_id": "i-other"},
        {},
    ],
)
def test_what_is_no_form_of_ours_is_refused(
    public: Public, link: str, fields: dict[str, str]
) -> None:
    answer = public.client.post(link, data=fields)
    assert answer.status_code in (415, 422)
    assert "The form could not be read." in answer.text
    assert replies_of(public, "mistaken") == []


def test_a_link_is_closed_when_it_ends_or_was_not_made_here(public: Public) -> None:
    letter_id = a_letter_about(public, scored(public, "closed"))
    links = (
        link_of(letter_id, ahead=-1_000_000),
        link_of(letter_id, key="j" * 32),
        link_of("l" + "0" * 31),
        link_of(letter_id)[:-1],
        "/appeal/acme",
    )
    for one in links:
        for answer in (public.client.get(one), public.client.post(one)):
            assert answer.status_code == 404
            assert "This link does not work" in answer.text


def test_a_link_takes_so_many_messages(public: Public) -> None:
    link = link_of(a_letter_about(public, scored(public, "busy")))
    fields = {"kind": "appeal", "form_id": "1" * 32, "text": "x"}
    statuses = [public.client.post(link, data=fields).status_code for _ in range(9)]
    assert statuses == [200] * 8 + [429]
    large = link_of(a_letter_about(public, scored(public, "large")))
    answer = public.client.post(large, data=fields | {"text": "x" * 50_000})
    assert answer.status_code == 413


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=120))
def test_no_address_opens_a_form_by_chance(public: Public, token: str) -> None:
    from urllib.parse import quote

    answer = public.client.get(f"/appeal/{quote(token, safe='')}")
    assert answer.status_code == 404


def test_what_signs_links_is_not_shown(public: Public) -> None:
    assert "kkkk" not in repr(public.settings)
