"""What people do at the desk: who may, what comes of it, and what is refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from httpx import Client
from markupsafe import escape

from execution.intent import intent_of
from serving.desk import deciding
from serving.desk.addresses import customer_path, decision_path
from serving.desk.roles import MAY
from serving.errors import ProblemError
from serving.request import EVENT_TABLES
from serving.settings import ServingSettings
from store.act import Act, act_id_of
from store.acts import Acts
from store.keys import ROLES, Role
from store.opening import open_acts, open_event_reader, open_key_store
from tests.serving.desk.conftest import HOSTILE, LATE, Person, rows_of
from wording.messages import LANGUAGES, messages

Somebody = Callable[..., Person]
Decided = dict[str, str]
TOMORROW = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
REASON = "<b>they called</b>"
NOT_ASKED = "no longer asked for"


def kept(settings: ServingSettings, table: str, customer_id: str = LATE) -> list[str]:
    reader = open_event_reader(settings.home)
    rows = reader.rows(customer_id, reader.last_sequence(), 1_000)
    reader.close()
    return [row.content for row in rows if row.table == table]


def planned_act(
    settings: ServingSettings,
    decision_id: str,
    n_approvals: int,
) -> Act:
    act = Act(
        act_id=act_id_of("partner-center", decision_id, "suspend", "s0"),
        run_id="run-1",
        decision_id=decision_id,
        customer_id=LATE,
        subscription_id="s0",
        kind="suspend",
        reason="nonpayment",
        provider="partner-center",
        policy_hash="p",
        n_approvals=n_approvals,
        planned_at=1,
        due_at=1,
    )
    acts = open_acts(settings.home)
    acts.plan([act])
    acts.close()
    return act


def planned_as_decided(settings: ServingSettings, desk: Client) -> Act:
    """An act that the decision about a new customer asks for; two must agree."""
    store = open_key_store(settings.home)
    headers = {"Authorization": f"Bearer {store.create('feed')[1]}"}
    store.close()
    observed = dict.fromkeys(EVENT_TABLES, datetime.now(UTC).isoformat())
    body = {"events": rows_of("planned", 7), "observed": observed}
    assert desk.post("/v1/events", json=body, headers=headers).status_code == 200
    asked = {"customer_id": "planned"}
    answer = desk.post("/v1/score", json=asked, headers=headers).json()
    intent = intent_of(answer)
    assert intent is not None
    act = Act(
        act_id="a-planned",
        run_id="run-1",
        decision_id=answer["decision_id"],
        customer_id="planned",
        subscription_id="",
        kind=intent.kind,
        reason=intent.reason,
        provider="partner-center",
        policy_hash=answer["question"]["policy_hash"],
        n_approvals=2,
        planned_at=1,
        due_at=1,
    )
    acts = open_acts(settings.home)
    acts.plan([act])
    acts.close()
    return act


def approved_by(settings: ServingSettings, act_id: str) -> list[str]:
    acts: Acts = open_acts(settings.home)
    names = acts.approved_by(act_id)
    acts.close()
    return names


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("deed", "fields"),
    [
        ("score", {}),
        ("snooze", {"reason": REASON, "until": TOMORROW}),
        ("hold", {"reason": REASON, "until": TOMORROW, "kind": "manual"}),
    ],
)
def test_a_form_is_for_the_roles_of_the_table(
    person: Somebody,
    stored: Decided,
    role: Role,
    deed: str,
    fields: dict[str, str],
) -> None:
    path = customer_path(HOSTILE)
    answer = person(role).sends(f"{path}/{deed}", page=path, **fields)
    if deed in MAY[role]:
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == f"{path}?done={deed}"
    else:
        assert answer.status_code == 403
        assert "role_may_not" in answer.text


def test_an_override_is_a_row_with_its_author_and_counts_at_once(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    one, path = person("risk_analyst"), customer_path(LATE)
    fields = {"reason": REASON, "until": TOMORROW, "action": "none"}
    answer = one.sends(
        f"{path}/override", page=path, decision_id=stored[LATE], **fields
    )
    assert answer.status_code == 303, answer.text
    [row] = kept(desk_settings, "overrides")
    assert '"one risk_analyst"' in row
    page = one.opens(answer.headers["location"]).text
    assert "<b>they" not in page
    assert 'class="done"' in page


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        pytest.param({"reason": " "}, "Reason", id="no reason"),
        pytest.param({"until": ""}, "Until the end of", id="no end"),
        pytest.param(
            {"until": "2020-01-01"}, "Until the end of", id="an end that is over"
        ),
        pytest.param({"action": "block"}, "Instead", id="not milder"),
        pytest.param({"action": "nonsense"}, "Instead", id="no action"),
    ],
)
def test_an_override_that_says_too_little_is_refused(
    desk_settings: ServingSettings,
    person: Somebody,
    stored: Decided,
    changes: dict[str, str],
    label: str,
) -> None:
    path, before = customer_path(HOSTILE), kept(desk_settings, "overrides", HOSTILE)
    fields = {"reason": REASON, "until": TOMORROW, "action": "none"} | changes
    answer = person("risk_analyst").sends(
        f"{path}/override", page=path, decision_id=stored[HOSTILE], **fields
    )
    assert answer.status_code == 422
    assert f"<strong>{label}</strong>: " in answer.text
    assert f'<a href="{path}">' in answer.text  # back to where it was written
    assert "see `errors`" not in answer.text
    assert kept(desk_settings, "overrides", HOSTILE) == before


def test_an_empty_field_is_told_in_the_readers_language(
    person: Somebody, stored: Decided
) -> None:
    path, one = customer_path(HOSTILE), person("collections")
    one.client.headers["accept-language"] = "de"
    fields = {"reason": "", "until": TOMORROW, "kind": "manual"}
    answer = one.sends(f"{path}/hold", page=path, **fields)
    one.client.headers.pop("accept-language")
    assert answer.status_code == 422
    assert "Das Feld ist leer." in answer.text
    one.client.headers["accept-language"] = "de"
    answer = one.sends(f"{path}/snooze", page=path, reason="", until=TOMORROW)
    one.client.headers.pop("accept-language")
    assert "Das Feld ist leer." in answer.text
    assert "should have" not in answer.text


@pytest.mark.parametrize("until", ["", "soon", "2026-02-30"])
@pytest.mark.parametrize("deed", ["override", "hold"])
def test_what_is_no_day_is_told_in_the_readers_language(
    person: Somebody, stored: Decided, deed: str, until: str
) -> None:
    path, one = customer_path(HOSTILE), person("risk_analyst")
    one.client.headers["accept-language"] = "de"
    fields = {"reason": REASON, "until": until, "kind": "manual", "action": "none"}
    answer = one.sends(
        f"{path}/{deed}", page=path, decision_id=stored[HOSTILE], **fields
    )
    one.client.headers.pop("accept-language")
    assert answer.status_code == 422
    assert "2026-06-30" in answer.text  # written so
    assert "invalid_rows" not in answer.text


def test_a_hold_ends_no_later_than_the_policy_lets_it(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    path, one = customer_path(HOSTILE), person("collections")
    assert "at most 90 days" in one.opens(path).text
    before = kept(desk_settings, "holds", HOSTILE)
    fields = {"reason": REASON, "until": "2099-01-01", "kind": "manual"}
    answer = one.sends(f"{path}/hold", page=path, **fields)
    assert answer.status_code == 422
    assert "at most 90 days ahead" in answer.text
    assert kept(desk_settings, "holds", HOSTILE) == before


def test_a_legal_hold_stands_until_somebody_ends_it(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    """The shipped policy asks for no end of it; of an exemption it does."""
    path, one = customer_path(HOSTILE), person("risk_analyst")
    fields = {"reason": "before the court", "until": ""}
    answer = one.sends(f"{path}/hold", page=path, kind="exemption", **fields)
    assert answer.status_code == 422
    answer = one.sends(f"{path}/hold", page=path, kind="legal", **fields)
    assert answer.status_code == 303
    [row] = [r for r in kept(desk_settings, "holds", HOSTILE) if "the court" in r]
    assert "until" not in json.loads(row)
    page = one.opens(path).text
    since = page.split('name="kind" value="legal"')[1].split('name="since" value="')[1]
    fields = {"kind": "legal", "since": since.split('"')[0], "reason": "settled"}
    ended = one.sends(f"{path}/release", page=path, **fields)
    assert ended.status_code == 303
    assert 'name="kind" value="legal"' not in one.opens(path).text


def test_an_override_of_another_customers_decision_is_refused(
    person: Somebody, stored: Decided
) -> None:
    path = customer_path(LATE)
    answer = person("risk_analyst").sends(
        f"{path}/override",
        page=path,
        decision_id=stored[HOSTILE],
        reason=REASON,
        until=TOMORROW,
        action="none",
    )
    assert answer.status_code == 422


def test_where_nothing_milder_is_left_the_refusal_says_so(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    one, path = person("risk_analyst"), customer_path(HOSTILE)
    fields = {"reason": REASON, "until": TOMORROW, "decision_id": stored[HOSTILE]}
    first = one.sends(f"{path}/override", page=path, action="none", **fields)
    assert first.status_code == 303  # from now on nothing is recommended
    assert f"{path}/override" not in one.opens(path).text
    before = kept(desk_settings, "overrides", HOSTILE)
    for lang in LANGUAGES:
        one.client.headers["accept-language"] = lang
        answer = one.sends(f"{path}/override", page=path, action="remind", **fields)
        one.client.headers.pop("accept-language")
        assert answer.status_code == 422
        sentence = messages(lang)["desk.problem_rule.nothing_milder"]
        assert str(escape(sentence)) in answer.text
    assert kept(desk_settings, "overrides", HOSTILE) == before


@pytest.mark.parametrize("until", ["", "2020-01-01", "9999-12-31"])
def test_a_snooze_ends_within_three_months(
    person: Somebody, stored: Decided, until: str
) -> None:
    path = customer_path(LATE)
    answer = person("collections").sends(
        f"{path}/snooze", page=path, reason=REASON, until=until
    )
    assert answer.status_code == 422


def test_nobody_is_put_off_of_whom_nothing_is_known(
    person: Somebody, stored: Decided
) -> None:
    answer = person("collections").sends(
        f"{customer_path('of nobody')}/snooze", reason=REASON, until=TOMORROW
    )
    assert answer.status_code == 404


def test_what_nobody_types_is_refused(person: Somebody, stored: Decided) -> None:
    path = customer_path(LATE)
    answer = person("collections").sends(
        f"{path}/snooze", page=path, reason="a\x00b", until=TOMORROW
    )
    assert answer.status_code == 422


def test_two_people_agree_and_one_of_them_twice_is_one(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    act = planned_act(desk_settings, stored[LATE], 2)
    page = decision_path(stored[LATE])
    told = []
    for role in ("approver", "approver", "admin"):
        answer = person(role).sends(f"/desk/acts/{act.act_id}/approve", page=page)
        assert answer.status_code == 303, answer.text
        told.append(answer.headers["location"].partition("=")[2])
    assert told == ["approve", "approved_before", "approve"]
    assert "agreed already" in person("admin").opens(f"{page}?done={told[1]}").text
    assert approved_by(desk_settings, act.act_id) == ["one approver", "one admin"]


def test_an_act_has_its_form_while_the_latest_decision_asks_for_it(
    desk_settings: ServingSettings, desk: Client, person: Somebody
) -> None:
    act, path = planned_as_decided(desk_settings, desk), customer_path("planned")
    analyst = person("risk_analyst")
    assert analyst.sends(f"{path}/score", page=path).status_code == 303
    form = f'action="/desk/acts/{act.act_id}/approve"'
    page = person("approver").opens(path).text
    assert form in page
    assert decision_path(act.decision_id) in page
    fields = {"reason": REASON, "until": TOMORROW, "kind": "manual"}
    assert NOT_ASKED not in act_on_today(person, "planned")
    held = person("collections").sends(f"{path}/hold", page=path, **fields)
    assert held.status_code == 303
    assert NOT_ASKED in act_on_today(person, "planned")
    for shown in (path, decision_path(act.decision_id)):
        page = person("approver").opens(shown).text
        assert form not in page
        assert "does not ask for it any more" in page
        assert "<code>milder_now</code>" in page


def act_on_today(person: Somebody, customer_id: str) -> str:
    """The row of a customer among the acts that wait."""
    section = person("approver").opens("/desk").text.split('id="acts"')[1]
    return section.split(f">{customer_id}<")[1].split("</tr>")[0]


@pytest.mark.parametrize("role", [r for r in ROLES if "approve" not in MAY[r]])
def test_whoever_may_not_agree_does_not(
    desk_settings: ServingSettings, person: Somebody, stored: Decided, role: Role
) -> None:
    act = planned_act(desk_settings, stored[LATE], 2)
    before = approved_by(desk_settings, act.act_id)
    answer = person(role).sends(f"/desk/acts/{act.act_id}/approve")
    assert answer.status_code == 403
    assert approved_by(desk_settings, act.act_id) == before


def test_there_is_no_agreeing_to_what_is_not_there(person: Somebody) -> None:
    assert person("approver").sends("/desk/acts/a0/approve").status_code == 404


def test_a_request_to_the_provider_is_planned_in_a_persons_name(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    page = decision_path(stored[HOSTILE])
    answer = person("collections").sends(f"{page}/request", page=page)
    assert answer.status_code == 303, answer.text
    acts = open_acts(desk_settings.home)
    [act] = acts.of_decision(stored[HOSTILE])
    acts.close()
    assert (act.kind, act.ordered_by) == ("open_request", "one collections")


def test_a_request_that_was_planned_before_is_told_as_such(
    person: Somebody, stored: Decided
) -> None:
    page = decision_path(stored[LATE])
    one = person("collections")
    assert one.sends(f"{page}/request", page=page).status_code == 303
    again = one.sends(f"{page}/request", page=page)
    assert again.status_code == 409
    assert "act_was_planned" in again.text
    assert "is planned" in again.text


def test_what_is_kept_is_not_refused_where_deciding_again_is(
    desk_settings: ServingSettings,
    person: Somebody,
    stored: Decided,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def overloaded(*_: object) -> None:
        raise ProblemError("overloaded", "too much is asked")

    monkeypatch.setattr(deciding, "score_one", overloaded)
    path, before = customer_path(HOSTILE), kept(desk_settings, "holds", HOSTILE)
    fields = {"reason": "asked for", "until": TOMORROW, "kind": "manual"}
    one = person("collections")
    answer = one.sends(f"{path}/hold", page=path, **fields)
    assert answer.status_code == 303
    assert len(kept(desk_settings, "holds", HOSTILE)) == len(before) + 1
    assert "the next score does" in one.opens(answer.headers["location"]).text


@pytest.mark.parametrize("deed", ["score", "snooze", "override", "hold"])
def test_no_form_counts_without_its_token(
    person: Somebody, stored: Decided, deed: str
) -> None:
    path = customer_path(LATE)
    answer = person("admin").sends(f"{path}/{deed}", page=path, csrf="")
    assert answer.status_code == 403
    assert "form_expired" in answer.text
