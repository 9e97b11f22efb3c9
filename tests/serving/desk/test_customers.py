"""The page of a customer and of a decision: nothing is left out, nothing gets out."""

import re
from asyncio import _get_running_loop
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import Request
from httpx import Client
from markupsafe import escape

from decisions.case import Case
from serving.desk import case_file as case_files
from serving.desk import customer
from serving.desk.addresses import customer_path, decision_path
from serving.desk.case_file import CaseFile, case_file
from serving.desk.history import told
from serving.request import EVENT_TABLES
from serving.settings import ServingSettings
from serving.timeline import TimelineEntry
from store.access_log import customer_hash
from store.decisions import Decision
from store.keys import ROLES, Role
from store.opening import open_access_log, open_key_store
from store.sqlite import SqliteDatabase
from tests.serving.desk.conftest import HOSTILE, LATE, Person, rows_of
from wording.explanation.explanation import Explanation, explain
from wording.messages import LANGUAGES, Wording, messages

Somebody = Callable[..., Person]
UTC_ZONE = ZoneInfo("UTC")
Decided = dict[str, str]


@pytest.mark.parametrize("role", ROLES)
def test_every_role_sees_customers_and_decisions(
    person: Somebody, stored: Decided, role: Role
) -> None:
    one = person(role)
    assert one.opens(customer_path(LATE)).status_code == 200
    assert one.opens(decision_path(stored[LATE])).status_code == 200


@pytest.mark.parametrize("log", ["/desk/log", "/desk/log/acts"])
def test_a_filter_that_names_no_action_is_refused(person: Somebody, log: str) -> None:
    assert person("admin").opens(f"{log}?action=zzz").status_code == 422
    assert person("admin").opens(f"{log}?action=").status_code == 200


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_customer_is_told_of_in_every_language(
    person: Somebody, stored: Decided, lang: str
) -> None:
    one = person("admin")
    page = one.opens(customer_path(LATE), headers={"accept-language": lang}).text
    assert f'<html lang="{lang}">' in page
    assert "i0" in page  # what is owed, item by item
    assert "<svg" in page
    assert "not_again" not in page


def test_a_page_tells_moments_in_one_timezone(
    person: Somebody, stored: Decided, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy's, of a portfolio that counts its days elsewhere, too."""

    def of_a_portfolio_elsewhere(case: Case, *rest: Any) -> Explanation:  # noqa: ANN401
        return explain(replace(case, zone=ZoneInfo("Pacific/Auckland")), *rest)

    monkeypatch.setattr(case_files, "explain", of_a_portfolio_elsewhere)
    page = person("admin").opens(customer_path(LATE)).text
    [above] = re.findall(r"<dt>holds until</dt><dd>\d{4}-\d\d-\d\d (\d\d:\d\d)", page)
    [told] = re.findall(r"Valid until \S+\s\S+ \d{4}, (\d\d:\d\d)", page)
    assert told == above


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_measure_beside_the_action_stands_at_the_top(
    person: Somebody, stored: Decided, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    async def with_measure(request: Request, decision: Decision) -> CaseFile:
        file = await case_file(request, decision)
        expected: dict[str, object] = {"net_gain": 34.5, "approvals": 2}
        measure = {"measure": "limit_spending", "limit": 120.5} | expected
        permission = file.answer["permission"] | {
            "measures": [measure],
            "measures_in_force": ["stop_meter"],
        }
        return replace(file, answer=file.answer | {"permission": permission})

    monkeypatch.setattr(customer, "case_file", with_measure)
    page = person("admin").opens(customer_path(LATE), headers={"accept-language": lang})
    strip = page.text.partition("</dl>")[0]
    assert str(messages(lang)["measures.limit_spending"]) in strip
    assert "120" in strip
    word, mark = (
        messages(lang)["measures.stop_meter"],
        messages(lang)["desk.case.in_force"],
    )
    assert f'{escape(word)} <span class="tag">{mark}</span>' in strip
    assert re.search(r"34[.,]50", strip)
    assert Wording(lang, "EUR", UTC_ZONE).say("desk.case.measure_people", n=2) in strip


@pytest.mark.parametrize(
    ("expires_at", "is_over"), [("2026-01-01", 1), ("2126-01-01", 0)]
)
def test_where_nobody_is_needed_an_expired_recommendation_is_called_so(
    person: Somebody,
    stored: Decided,
    monkeypatch: pytest.MonkeyPatch,
    expires_at: str,
    is_over: int,
) -> None:
    async def until(request: Request, decision: Decision) -> CaseFile:
        file = await case_file(request, decision)
        moment = f"{expires_at}T09:00:00+00:00"
        return replace(file, answer=file.answer | {"expires_at": moment})

    kept = customer._kept
    monkeypatch.setattr(customer, "_kept", lambda *of: kept(*of)._replace(waiting=None))
    monkeypatch.setattr(customer, "case_file", until)
    page = person("admin").opens(customer_path(LATE)).text
    assert "Nobody is needed" in page
    assert page.count("The latest recommendation held until") == is_over


def test_the_list_of_what_happened_has_no_names_of_tables(
    person: Somebody, stored: Decided
) -> None:
    page = person("admin").opens(customer_path(LATE)).text
    assert "<code>invoices</code>" not in page
    assert "active · crypto mining" in page


def test_a_hostile_id_is_text_on_every_page(person: Somebody, stored: Decided) -> None:
    one = person("admin")
    paths = (
        "/desk",
        "/desk/log",
        customer_path(HOSTILE),
        decision_path(stored[HOSTILE]),
    )
    for path in paths:
        answer = one.opens(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;alert" in answer.text, path


def test_a_customer_is_found_by_a_form_that_writes_no_id_into_the_address(
    person: Somebody, stored: Decided
) -> None:
    answer = person("auditor").sends("/desk/find", customer=HOSTILE)
    assert answer.headers["location"] == customer_path(HOSTILE)


def test_what_is_looked_for_is_written_down_and_all_is_nobody(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    one = person("auditor")
    one.sends("/desk/find", customer=LATE)
    one.opens("/desk/log")
    assert one.sends("/desk/find", customer="x" * 2_000).status_code == 404
    with closing(open_access_log(desk_settings.home)) as log:
        noted = [(entry["what"], entry["subject"]) for entry in log.page(8).entries]
    assert ("POST /desk/find", customer_hash(LATE)) in noted
    assert ("GET /desk/log", "") in noted


@pytest.mark.parametrize("code", ["bm9ib2R5", "%21%21", "YQ=", "_"])
def test_nobody_is_at_an_address_of_nobody(
    person: Somebody, stored: Decided, code: str
) -> None:
    answer = person("admin").opens(f"/desk/customers/{code}")
    assert answer.status_code == 404


def test_a_key_for_some_customers_sees_no_others(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    store = open_key_store(desk_settings.home)
    _, text = store.create("north", role="risk_analyst", customers="north-")
    store.close()
    one = person()
    one.signs_in(text)
    assert one.opens(customer_path(LATE)).status_code == 403
    assert one.opens(decision_path(stored[LATE])).status_code == 404
    assert LATE not in one.opens("/desk").text.replace("late", "", 0).split("<main")[1]
    assert stored[LATE][:13] not in one.opens("/desk/log").text
    assert one.sends("/desk/log", customer=LATE).status_code == 403


@pytest.mark.parametrize("query", ["?days=30", "?days=3650&until=2026-01-31"])
def test_the_timeline_is_zoomed_by_links(
    person: Somebody, stored: Decided, query: str
) -> None:
    answer = person("admin").opens(f"{customer_path(LATE)}{query}")
    assert answer.status_code == 200
    assert 'class="timeline"' in answer.text


@pytest.mark.parametrize("query", ["?days=0", "?days=x", "?until=yesterday"])
def test_a_period_that_is_none_is_refused(
    person: Somebody, stored: Decided, query: str
) -> None:
    answer = person("admin").opens(f"{customer_path(LATE)}{query}")
    assert answer.status_code == 422
    assert "invalid_request" in answer.text


def test_who_looks_is_written_down_without_the_id(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    person("auditor").opens(customer_path(LATE))
    log = open_access_log(desk_settings.home)
    entry = log.page(1).entries[0]
    log.close()
    assert entry["what"] == "GET /desk/customers/{code}"
    assert str(entry["subject"]).startswith("customer-")


def test_a_decision_is_computed_again_by_one_click(
    person: Somebody, stored: Decided
) -> None:
    path = decision_path(stored[LATE])
    answer = person("auditor").sends(f"{path}/replay", page=path)
    assert answer.status_code == 200
    assert 'class="done"' in answer.text


def test_the_chain_is_verified(person: Somebody, stored: Decided) -> None:
    answer = person("auditor").sends("/desk/log/chain", page="/desk/log")
    assert answer.status_code == 200
    assert 'class="done"' in answer.text


def test_the_log_is_exported_without_formulas(
    person: Somebody, stored: Decided
) -> None:
    one = person("auditor")
    answer = one.sends("/desk/log/decisions.csv", customer=LATE)
    lines = answer.text.splitlines()
    assert lines[0].startswith("decision_id,recorded_at")
    assert stored[LATE] in answer.text
    assert stored[HOSTILE] not in answer.text


def test_a_row_of_the_timeline_is_in_the_words_of_the_page() -> None:
    words = Wording("de", "EUR", ZoneInfo("UTC"))
    rows: dict[str, dict[str, object]] = {
        "payments": {"status": "succeeded", "invoice_id": "i-1", "amount": "900"},
        "overrides": {"action": "none", "reason": "x"},
        "holds": {"kind": "manual", "reason": "r"},
        "outcomes": {"kind": "fraud_cleared", "source": "Ada"},
        "invoices": {"kind": "invoice", "amount": 12, "currency": "CHF"},
        "actions": {"action": "limit_spending"},
    }
    lines = [
        told(
            words,
            TimelineEntry(at=None, table=t, row=r, is_rejected=False, reject_id=None),
        )
        for t, r in rows.items()
    ]
    assert [line.replace("\xa0", " ") for line in lines] == [
        "eingegangen · i-1 · 900 €",
        f"{words.say('actions.none.name')} · x",
        "anderer Grund · r",
        "kein Betrug · Ada",
        "Rechnung · 12 CHF",
        words.say("measures.limit_spending"),
    ]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_another_method_gets_a_page(person: Somebody, method: str) -> None:
    one = person("collections")
    answer = one.client.request(method, "/desk/models")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.headers["content-type"].startswith("text/html")
    assert "Nothing was done" in answer.text
    assert one.client.request(method, "/desk/nowhere").status_code == 404


@pytest.mark.parametrize("role", ["collections", "account_manager", "approver"])
def test_roles_that_may_not_export_are_told_so(person: Somebody, role: Role) -> None:
    answer = person(role).opens("/desk/log/decisions.csv")
    assert answer.status_code == 403
    assert "role_may_not" in answer.text


@pytest.mark.parametrize("role", ROLES)
def test_who_looked_is_for_auditors(person: Somebody, role: Role) -> None:
    answer = person(role).opens("/desk/log/access")
    assert answer.status_code == (200 if role in ("auditor", "admin") else 403)


def test_who_looked_at_one_customer_is_listed_alone(
    person: Somebody, stored: Decided
) -> None:
    """A page of theirs, and a decision about them; not what others were looked at."""
    one = person("admin")
    for path in (customer_path(LATE), customer_path(HOSTILE)):
        assert one.opens(path).status_code == 200
    assert one.opens(f"/desk/decisions/{stored[LATE]}").status_code == 200
    shown = one.sends("/desk/log/access", page="/desk/log/access", customer=LATE).text
    table = shown.split("<tbody>")[1].split("</tbody>")[0]
    assert stored[LATE][:24] in table
    assert customer_hash(LATE)[:24] in table
    assert customer_hash(HOSTILE)[:24] not in table


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_beyond_all_reckoning_is_refused(
    person: Somebody, stored: Decided, day: str
) -> None:
    one, path = person("admin"), customer_path(LATE)
    assert one.opens(f"{path}?until={day}").status_code == 422
    assert one.opens(f"/desk/log?day={day}").status_code == 422
    assert one.opens(f"/desk/log/acts?day={day}").status_code == 422
    sent = one.sends(f"{path}/snooze", page=path, reason="later", until=day)
    assert sent.status_code == 422


@pytest.mark.parametrize("path", ["/desk/log", "/desk/log/acts"])
@pytest.mark.parametrize("before", ["%00", "x", "d1", "-1"])
def test_what_is_no_place_in_the_log_is_refused(
    person: Somebody, path: str, before: str
) -> None:
    assert person("auditor").opens(f"{path}?before={before}").status_code == 422


def test_no_address_of_the_log_bears_a_customer(
    person: Somebody, stored: Decided, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.desk.log.ON_A_PAGE", 1)
    one = person("auditor")
    for path in ("/desk/log", "/desk/log/acts"):
        page = one.sends(path, customer=LATE, action="none").text
        hrefs = [part.partition('"')[0] for part in page.split('href="')[1:]]
        assert hrefs
        assert not [href for href in hrefs if "?" in href and LATE in href]
        assert "customer=" not in page
    # and none that somebody keeps from before is followed
    assert stored[HOSTILE][:13] in one.opens(f"/desk/log?customer={LATE}").text


def test_the_log_is_filtered(person: Somebody, stored: Decided) -> None:
    one = person("auditor")
    found = one.sends("/desk/log", customer=LATE).text
    assert stored[LATE][:13] in found
    assert stored[HOSTILE][:13] not in found
    assert stored[LATE][:13] not in one.sends("/desk/log", customer="of nobody").text
    assert stored[LATE][:13] not in one.opens("/desk/log?day=2020-02-29").text
    assert one.opens("/desk/log?day=2020-02-30").status_code == 422


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("payments", {"payment_id": "p", "amount": "9"}),
        ("holds", {"kind": "mercy", "until": "2026-01-01"}),
    ],
)
def test_a_customer_one_of_whose_rows_was_rejected_is_shown(
    desk: Client,
    desk_settings: ServingSettings,
    person: Somebody,
    table: str,
    row: dict[str, object],
) -> None:
    who = f"rejected-{table}"
    now = datetime.now(UTC).isoformat()
    events = rows_of(who, 700 + len(table))
    events[table] = [{"customer_id": who, "event_at": now, **row}]
    with closing(open_key_store(desk_settings.home)) as keys:
        _, secret = keys.create(f"feed of {table}")
    headers = {"Authorization": f"Bearer {secret}"}
    body = {"events": events, "observed": dict.fromkeys(EVENT_TABLES, now)}
    assert desk.post("/v1/events", json=body, headers=headers).json()["rejected"] == 1
    answer = desk.post("/v1/score", json={"customer_id": who}, headers=headers).json()
    assert answer["proposal"]["expected_cost"] is None
    for path in customer_path(who), decision_path(answer["decision_id"]):
        assert person("auditor").opens(path).status_code == 200


def test_no_page_looks_decisions_or_budgets_up_on_the_event_loop(
    person: Somebody, stored: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another request would wait for it."""
    one, asked_in_a_loop = person("admin"), []
    rows = SqliteDatabase.rows

    def counted(self: SqliteDatabase, query: str, *values: object) -> list[Any]:
        if "sealed" in query or "budget_slots" in query or "decision_id <" in query:
            asked_in_a_loop.append(_get_running_loop() is not None)
        return rows(self, query, *values)

    monkeypatch.setattr(SqliteDatabase, "rows", counted)
    decision = decision_path(stored[LATE])
    for page in ("/desk", customer_path(LATE), decision, f"{decision}/evidence"):
        asked_in_a_loop.clear()
        answer = one.opens(page)
        assert answer.status_code == 200, answer.text
        assert asked_in_a_loop, page
        assert not any(asked_in_a_loop), page
