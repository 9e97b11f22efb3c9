"""What people end early, who may, and which team a policy names for it."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from httpx import Client

from serving.desk.addresses import customer_path, decision_path
from serving.settings import ServingSettings
from store.opening import open_event_reader, open_key_store
from tests.serving.desk.conftest import HOSTILE, LATE, Person
from tests.serving.desk.test_deeds import approved_by, planned_act

Somebody = Callable[..., Person]
Decided = dict[str, str]
IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
SAID = {"reason": "they called", "until": IN_A_MONTH}


def rows(settings: ServingSettings, table: str) -> list[dict[str, str]]:
    with closing(open_event_reader(settings.home)) as reader:
        found = reader.rows(HOSTILE, reader.last_sequence(), 1_000)
    return [json.loads(row.content) for row in found if row.table == table]


def sends(one: Person, deed: str, **fields: str) -> int:
    path = customer_path(HOSTILE)
    return one.sends(f"{path}/{deed}", page=path, **fields).status_code


def ends(one: Person, row: dict[str, str], kind: str) -> int:
    named = {"kind": kind, "since": row["event_at"]}
    return sends(one, "release", reason="the case is over", **named)


@pytest.fixture
def people(
    desk_settings: ServingSettings, person: Somebody, tmp_path: Path
) -> Iterator[Callable[[str], None]]:
    """Says who is in which team, from now on."""
    state = person().client._transport.app.state  # type: ignore[attr-defined]
    file = tmp_path / "people.csv"

    def are(lines: str) -> None:
        file.write_text(f"name,roles\n{lines}\n", "utf-8")
        state.settings = desk_settings.model_copy(update={"people": file})

    yield are
    state.settings = desk_settings


def test_a_hold_ends_with_author_and_reason_and_protects_no_more(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    one = person("collections")
    assert sends(one, "hold", kind="manual", **SAID) == 303
    [held] = rows(desk_settings, "holds")
    assert "/release" in one.opens(customer_path(HOSTILE)).text
    assert ends(one, held, "legal") == 409  # there is none of this kind
    assert ends(one, held, "manual") == 303
    ended = [row for row in rows(desk_settings, "holds") if row != held]
    assert [(row["by"], row["reason"]) for row in ended] == [
        ("one collections", "the case is over")
    ]
    assert ended[0]["event_at"] == held["event_at"]
    assert "/release" not in one.opens(customer_path(HOSTILE)).text
    assert ends(one, held, "manual") == 409


def test_a_decision_is_ended_by_its_author_or_an_administrator(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    one = person("collections")
    decided = {"action": "none", "decision_id": stored[HOSTILE], **SAID}
    assert sends(one, "override", **decided) == 303
    [row] = rows(desk_settings, "overrides")
    assert "/release" in one.opens(customer_path(HOSTILE)).text
    other = person("risk_analyst")
    assert "/release" not in other.opens(customer_path(HOSTILE)).text
    assert ends(other, row, "override") == 403
    assert ends(person("admin"), row, "override") == 303
    assert "/release" not in person("collections").opens(customer_path(HOSTILE)).text


def test_an_exemption_is_ended_by_the_team_that_the_policy_names(
    desk_settings: ServingSettings,
    person: Somebody,
    stored: Decided,
    people: Callable[[str], None],
) -> None:
    people("one account_manager,account_manager")
    assert sends(person("collections"), "hold", kind="exemption", **SAID) == 303
    row = max(rows(desk_settings, "holds"), key=lambda one: one["event_at"])
    other = person("collections")
    page = other.opens(customer_path(HOSTILE)).text
    assert "(one account_manager)" in page
    assert "/release" not in page
    assert ends(other, row, "exemption") == 403
    assert ends(person("account_manager"), row, "exemption") == 303


def test_only_people_of_the_roles_of_a_decision_agree(
    desk_settings: ServingSettings,
    person: Somebody,
    stored: Decided,
    people: Callable[[str], None],
) -> None:
    act = planned_act(desk_settings, stored[LATE], 3)
    before = approved_by(desk_settings, act.act_id)
    people("One Admin,risk collections approver\none approver,legal")
    page, path = decision_path(stored[LATE]), f"/desk/acts/{act.act_id}/approve"
    one = person("approver")
    shown = one.opens(page).text
    assert "one admin" in shown
    assert path not in shown
    answer = one.sends(path, page=page)
    assert answer.status_code == 403
    assert "not_in_team" in answer.text
    assert approved_by(desk_settings, act.act_id) == before
    assert person("admin").sends(path, page=page).status_code == 303


def test_a_file_of_people_that_cannot_be_used_lets_nobody_agree(
    desk_settings: ServingSettings,
    person: Somebody,
    stored: Decided,
    people: Callable[[str], None],
) -> None:
    act = planned_act(desk_settings, stored[LATE], 3)
    people("one admin,risk\none admin,legal")  # there twice
    answer = person("admin").sends(f"/desk/acts/{act.act_id}/approve")
    assert answer.status_code == 500
    assert "people_file" in answer.text


@pytest.mark.parametrize("kind", ["fraud_cleared", "fraud"])
def test_a_suspicion_is_settled_in_a_persons_name(
    desk_settings: ServingSettings, person: Somebody, stored: Decided, kind: str
) -> None:
    assert sends(person("risk_analyst"), "finding", kind=kind) == 303
    row = max(rows(desk_settings, "outcomes"), key=lambda one: one["event_at"])
    assert (row["kind"], row["source"], row["strength"]) == (
        kind,
        "one risk_analyst",
        "analyst",
    )
    assert sends(person("collections"), "finding", kind=kind) == 403
    assert sends(person("risk_analyst"), "finding", kind="nonpayment") == 422


def held(desk: Client, settings: ServingSettings, *stated: dict[str, str]) -> None:
    """Rows of `holds` as a feed sends them."""
    with closing(open_key_store(settings.home)) as store:
        _, secret = store.create("a feed")
    who = {"customer_id": HOSTILE, "kind": "manual", "by": "erp", "reason": "as told"}
    sent = {"events": {"holds": [{**who, **row} for row in stated]}}
    headers = {"Authorization": f"Bearer {secret}"}
    assert desk.post("/v1/events", json=sent, headers=headers).status_code == 200


def test_a_rejected_row_keeps_no_hold_from_ending(
    desk: Client, desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    begun = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    row = {"event_at": begun, "until": IN_A_MONTH}
    rejected = [
        {"event_at": "last week"},
        {"until": IN_A_MONTH},  # since when is not stated
        {"event_at": begun, "until": "some day", "known_at": f"{datetime.now(UTC)}"},
    ]
    held(desk, desk_settings, row, *rejected)
    assert ends(person("collections"), row, "manual") == 303
    [ended] = [
        row
        for row in rows(desk_settings, "holds")
        if row["by"] == "one collections" and row.get("event_at") == begun
    ]
    assert ended["until"] < IN_A_MONTH


def test_a_hold_that_was_corrected_ends(
    desk: Client, desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    """Whichever of the two rows the store lists first."""
    one = person("collections")
    over = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    for days in range(9, 14):
        begun = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        row = {"event_at": begun, "until": over}
        held(desk, desk_settings, row, {"event_at": begun, "until": IN_A_MONTH})
        assert ends(one, row, "manual") == 303


def test_since_when_it_stands_is_a_moment(person: Somebody, stored: Decided) -> None:
    for since in ("yesterday", ""):
        assert ends(person("collections"), {"event_at": since}, "manual") == 422
