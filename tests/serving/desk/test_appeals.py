"""An appeal at the desk: its clock, who decides, and what the customer is answered."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, time, timedelta

import pytest
from httpx import Client

from decisions import default_policy
from features.moments import microseconds
from serving.desk.addresses import customer_path
from serving.errors import ProblemError
from serving.settings import ServingSettings
from store.act import Act
from store.errors import IdempotencyConflictError, StoreUnavailableError
from store.keys import Role
from store.letters import PlannedLetter, letter_id_of
from store.opening import (
    open_acts,
    open_decision_reader,
    open_event_reader,
    open_letters,
    open_replies,
)
from store.replies import Reply
from tests.serving.desk.conftest import HOSTILE, LATE, Person
from wording.messages import LANGUAGES

Somebody = Callable[..., Person]
Decided = dict[str, str]
IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
WORDS = "Je conteste <b>cette</b> décision."
REASONS = "La facture est juste."


def file_appeal(
    settings: ServingSettings, decision_id: str, reply_id: str, customer: str = LATE
) -> None:
    """As the form of a letter keeps it."""
    with closing(open_decision_reader(*settings.store)) as decisions:
        asked = json.loads(decisions.find(decision_id).answer)["question"]
    letter = PlannedLetter(
        letter_id=letter_id_of("notice", decision_id, "reminder_1"),
        customer_id=customer,
        kind="notice",
        notice="reminder_1",
        about_id=decision_id,
        channel="email",
        policy=asked["policy"],
        policy_hash=asked["policy_hash"],
        planned_at=1,
        due_at=1,
    )
    with closing(open_letters(*settings.store)) as letters:
        letters.plan([letter])
    reply = Reply(
        reply_id=reply_id,
        letter_id=letter.letter_id,
        customer_id=customer,
        kind="appeal",
        language="fr",
        filed_at=microseconds(datetime.now(UTC)),
        content=WORDS,
        is_counted=True,
    )
    with closing(open_replies(*settings.store)) as replies:
        replies.add(reply)


def reply_of(settings: ServingSettings, reply_id: str) -> Reply:
    with closing(open_replies(settings.home)) as replies:
        return replies.find(reply_id)


def kept(settings: ServingSettings, table: str) -> list[dict[str, object]]:
    with closing(open_event_reader(settings.home)) as reader:
        rows = reader.rows(LATE, reader.last_sequence(), 1_000)
    return [json.loads(row.content) for row in rows if row.table == table]


def decides(one: Person, reply_id: str, **fields: str) -> int:
    fields = {"result": "denied", "reasons": REASONS} | fields
    path = f"/desk/appeals/{reply_id}/decide"
    answer = one.sends(path, page=customer_path(LATE), **fields)
    return answer.status_code


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_open_appeal_is_on_today_and_on_the_customers_page(
    desk_settings: ServingSettings, person: Somebody, stored: Decided, lang: str
) -> None:
    file_appeal(desk_settings, stored[LATE], "r-shown")
    one = person("risk_analyst")
    headers = {"accept-language": lang}
    today = one.opens("/desk", headers=headers).text
    assert customer_path(LATE) in today.split('id="appeals"')[1].split("</section>")[0]
    page = one.opens(customer_path(LATE), headers=headers).text
    part = page.split('id="appeals"')[1].split("</section>")[0]
    assert "Je conteste &lt;b&gt;cette&lt;/b&gt; décision." in part
    assert 'lang="fr"' in part
    decide_by = datetime.now(UTC) + timedelta(days=5)
    assert any(
        f"{decide_by + timedelta(days=ahead):%Y-%m-%d}" in part for ahead in range(6)
    )


def test_a_denied_appeal_is_answered_by_a_letter_and_told(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    file_appeal(desk_settings, stored[LATE], "r-shown")
    file_appeal(desk_settings, stored[LATE], "r-denied")
    one = person("approver")
    assert decides(one, "r-denied", until=IN_A_MONTH) == 422  # what is that to mean?
    assert decides(one, "r-denied") == 303
    reply = reply_of(desk_settings, "r-denied")
    assert (reply.result, reply.decided_by, reply.reasons) == (
        "denied",
        "one approver",
        REASONS,
    )
    assert not reply.is_reported  # another one of the customer is open
    assert decides(one, "r-shown") == 303
    assert reply_of(desk_settings, "r-denied").is_reported
    ended = [r for r in kept(desk_settings, "contacts") if r["kind"] == "appeal_closed"]
    assert {row["result"] for row in ended} == {"denied"}
    with closing(open_letters(desk_settings.home)) as letters:
        answers = [one for one in letters.listed(100) if one.kind == "answer"]
    assert {one.about_id for one in answers} >= {"r-denied", "r-shown"}
    assert decides(one, "r-denied") == 409
    page = one.opens(customer_path(LATE)).text
    assert REASONS in page
    assert "one approver" in page


def test_an_upheld_appeal_is_an_override_until_its_day(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    file_appeal(desk_settings, stored[LATE], "r-upheld")
    one = person("risk_analyst")
    assert decides(one, "r-upheld", result="upheld") == 422  # until when is not said
    assert decides(one, "r-upheld", result="upheld", until="2020-01-01") == 422
    assert reply_of(desk_settings, "r-upheld").result is None
    assert decides(one, "r-upheld", result="upheld", until=IN_A_MONTH) == 303
    [row] = [
        r for r in kept(desk_settings, "overrides") if "r-upheld" in str(r["reason"])
    ]
    assert (row["action"], row["by"]) == ("none", "one risk_analyst")
    zone = default_policy().latest.zone  # where the page ends days
    until = datetime.fromisoformat(str(row["until"])).astimezone(zone)
    assert until.date().isoformat() == IN_A_MONTH
    assert (until + timedelta(microseconds=1)).time() == time(0)


def suspended(settings: ServingSettings, decision_id: str, customer_id: str) -> None:
    """A run took access from a customer, and told the service."""
    with closing(open_decision_reader(*settings.store)) as decisions:
        policy_hash = decisions.find(decision_id).policy_hash
    now = microseconds(datetime.now(UTC))
    act = Act(
        act_id=f"a-{customer_id}",
        run_id="run-1",
        decision_id=decision_id,
        customer_id=customer_id,
        subscription_id="s0",
        kind="suspend",
        reason="nonpayment",
        provider="partner-center",
        policy_hash=policy_hash,
        n_approvals=0,
        planned_at=now,
        due_at=now,
    )
    with closing(open_acts(settings.home)) as acts:
        acts.plan([act])
        [claimed] = acts.claim("partner-center", now, now + 10, 1)
        acts.settle(claimed, "done", now)
        [done] = acts.claim("partner-center", now, now + 10, 1)
        acts.mark_reported(done)


def test_nothing_is_given_back_to_whom_nobody_agreed_with(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    suspended(desk_settings, stored[HOSTILE], HOSTILE)
    path = customer_path(HOSTILE)
    person("risk_analyst").sends(f"{path}/give-back", page=path)
    with closing(open_acts(desk_settings.home)) as acts:
        planned = [act.customer_id for act in acts.listed(10) if act.kind == "restore"]
        assert HOSTILE not in planned
        assert HOSTILE in acts.stopped_customers("partner-center")


def test_whoever_was_right_gets_back_what_was_taken_from_them_alone(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    """The page says that it is off, and a person plans that it comes back."""
    for customer_id in (LATE, "another"):
        suspended(desk_settings, stored[LATE], customer_id)
    one, path = person("risk_analyst"), customer_path(LATE)
    form = f"{path}/give-back"
    file_appeal(desk_settings, stored[LATE], "r-taken")
    assert form not in one.opens(path).text  # nobody has agreed with them since
    assert 'id="taken"' not in one.opens("/desk").text
    assert decides(one, "r-taken", result="upheld", until=IN_A_MONTH) == 303
    waiting = one.opens("/desk").text.split('id="taken"')[1].split("</section>")[0]
    assert f'<a href="{path}" data-row>' in waiting
    assert customer_path("another") not in waiting
    page = one.opens(path).text
    assert "what acts of ours took from them is not given back yet" in page
    assert form in page
    collects = person("collections")
    assert form not in collects.opens(path).text
    assert collects.sends(form, page=path).status_code == 403
    one = person("risk_analyst")
    for _ in range(2):  # a second click plans nothing anew
        assert one.sends(form, page=path).status_code == 303
    with closing(open_acts(desk_settings.home)) as acts:
        [back] = [act for act in acts.listed(10) if act.kind == "restore"]
        assert "another" in acts.stopped_customers("partner-center")
    assert (back.customer_id, back.ordered_by) == (LATE, "one risk_analyst")
    assert form not in one.opens(path).text
    assert 'id="taken"' not in one.opens("/desk").text
    with closing(open_letters(desk_settings.home)) as letters:
        told = [sent for sent in letters.listed(100) if sent.kind == "restoration"]
    assert [letter.customer_id for letter in told] == [LATE]


def test_an_upheld_appeal_is_an_override_while_another_one_is_open(
    desk_settings: ServingSettings, person: Somebody, stored: Decided
) -> None:
    one = person("risk_analyst")
    for reply_id in ("r-first", "r-second"):
        file_appeal(desk_settings, stored[LATE], reply_id)
    assert decides(one, "r-first", result="upheld", until=IN_A_MONTH) == 303
    told = [str(row["reason"]) for row in kept(desk_settings, "overrides")]
    assert "appeal r-first upheld" in told
    assert not reply_of(desk_settings, "r-first").is_reported
    assert decides(one, "r-second") == 303
    assert reply_of(desk_settings, "r-first").is_reported
    again = [str(row["reason"]) for row in kept(desk_settings, "overrides")]
    assert again.count("appeal r-first upheld") == 1


@pytest.mark.parametrize(
    ("place", "failure"),
    [
        ("keep_rows", StoreUnavailableError("it is away")),
        ("keep_rows", IdempotencyConflictError()),
        ("keep_rows", ProblemError("test_key", "it is one")),
        ("untold_of", StoreUnavailableError("it is away")),
        ("Replies.mark_reported", StoreUnavailableError("it is away")),
    ],
)
def test_a_decision_stands_where_its_rows_cannot_be_kept(
    desk_settings: ServingSettings,
    person: Somebody,
    stored: Decided,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    failure: Exception,
) -> None:
    """They are told by the next run of letters; the page must not say try again."""
    reply_id = f"r-{place}-{type(failure).__name__}"
    file_appeal(desk_settings, stored[LATE], reply_id)

    def fails(*_: object) -> None:
        raise failure

    monkeypatch.setattr(f"serving.desk.appeals.{place}", fails)
    assert decides(person("admin"), reply_id) == 303
    reply = reply_of(desk_settings, reply_id)
    assert (reply.result, reply.is_reported) == ("denied", False)


@pytest.mark.parametrize(
    "fields", [{"result": ""}, {"result": "maybe"}, {"reasons": " "}]
)
def test_half_a_decision_is_none(
    desk_settings: ServingSettings,
    person: Somebody,
    stored: Decided,
    fields: dict[str, str],
) -> None:
    file_appeal(desk_settings, stored[LATE], "r-half")
    assert decides(person("admin"), "r-half", **fields) == 422
    assert reply_of(desk_settings, "r-half").result is None


@pytest.mark.parametrize("role", ["collections", "account_manager", "auditor"])
def test_who_collects_or_looks_decides_no_appeal(
    desk_settings: ServingSettings, person: Somebody, stored: Decided, role: Role
) -> None:
    file_appeal(desk_settings, stored[LATE], "r-half")
    one = person(role)
    assert "/desk/appeals/r-half" not in one.opens(customer_path(LATE)).text
    assert decides(one, "r-half") == 403


def test_there_is_no_deciding_what_nobody_filed(
    person: Somebody, desk: Client, stored: Decided
) -> None:
    assert decides(person("admin"), "r-none") == 404
