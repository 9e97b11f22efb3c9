"""Letters and replies: planned once, sent by one, told of, gone with the customer."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from store.backup import back_up, restore
from store.errors import (
    AppealIsOverError,
    LetterIsOverError,
    UnknownDocumentError,
    UnknownLetterError,
    UnknownReplyError,
)
from store.letters import Letters, PlannedLetter, insert_letters, letter_id_of
from store.opening import (
    open_acts,
    open_decision_store,
    open_desk,
    open_letters,
    open_policies,
    open_replies,
)
from store.replies import Reply
from tests.store.conftest import Place
from tests.store.memory_store import a_decision

NOW = 1_782_000_000_000_000  # 2026-06-21
HOUR = 3_600_000_000
EMAIL = ("email",)


def a_letter(
    customer: str = "acme",
    about: str = "d1",
    **changes: Any,  # noqa: ANN401 - fields
) -> PlannedLetter:
    described: dict[str, Any] = {
        "customer_id": customer,
        "kind": "notice",
        "notice": "reminder_1",
        "about_id": f"{about}-{customer}",
        "channel": "email",
        "policy": "p@1",
        "policy_hash": "p1",
        "planned_at": NOW,
        "due_at": NOW,
    } | changes
    named = described["kind"], described["about_id"], described["notice"]
    return PlannedLetter(letter_id=letter_id_of(*named), **described)


def a_reply(**changes: Any) -> Reply:  # noqa: ANN401 - fields
    described: dict[str, Any] = {
        "reply_id": "r1",
        "letter_id": "l1",
        "customer_id": "acme",
        "kind": "appeal",
        "language": "fr",
        "filed_at": NOW,
        "content": "Je ne suis pas d'accord.",
    }
    return Reply(**(described | changes))


@pytest.fixture
def letters(place: Place) -> Iterator[Letters]:
    letters = open_letters(*place)
    yield letters
    letters.close()


def names(listed: list[PlannedLetter]) -> list[str]:
    return [f"{one.customer_id} {one.notice}" for one in listed]


def test_a_notice_that_is_not_settled_is_not_planned_anew(letters: Letters) -> None:
    assert letters.plan([a_letter(), a_letter("brix")]) == 2
    assert letters.plan([a_letter(), a_letter(about="d2"), a_letter("corp")]) == 1
    assert letters.plan([a_letter(about="d2", notice="final_notice")]) == 1
    [claimed] = letters.claim(EMAIL, NOW, NOW + 10, 1)
    letters.mark_sending(claimed, "{}", "d3", "{}")
    letters.settle(claimed, "sent", NOW)
    assert letters.plan([a_letter(about="d4")]) == 0  # the service does not know yet
    [told] = letters.claim(EMAIL, NOW, NOW + 10, 1)
    assert told.letter.state == "sent"
    assert letters.mark_reported(told)
    assert letters.plan([a_letter(about="d4")]) == 0  # it went out just now
    day = 24 * 3_600_000_000
    assert letters.plan([a_letter(about="d4", planned_at=NOW + day)]) == 1


def test_where_it_went_stays_known_when_a_report_comes(letters: Letters) -> None:
    letters.plan([a_letter()])
    [claimed] = letters.claim(EMAIL, NOW, NOW + 10, 1)
    letters.settle(
        claimed, "sent", NOW, None, '{"carrier": "smtp", "to": "a@b.example"}'
    )
    letter_id = claimed.letter.letter_id
    assert letters.end(letter_id, "delivered", NOW, '{"status": "2.0.0"}')
    kept = json.loads(letters.find(letter_id).proof or "")
    assert kept == {"status": "2.0.0", "carrier": "smtp", "to": "a@b.example"}
    assert letters.end(letter_id, "bounced", NOW, '{"by": "Ada"}', by_person=True)
    kept = json.loads(letters.find(letter_id).proof or "")
    assert kept == {"by": "Ada", "carrier": "smtp", "to": "a@b.example"}


def test_an_undo_and_a_plan_at_once_follow_one_another(
    place: Place, letters: Letters
) -> None:
    """Acts bring letters along: both number them in one order."""
    acts, desk = open_acts(*place), open_desk(*place)
    with ThreadPoolExecutor(1) as pool:
        with acts._db.transaction():
            insert_letters(acts._db, [a_letter()])
            planned = pool.submit(letters.plan, [a_letter("brix")])
            with pytest.raises(FutureTimeoutError):
                planned.result(timeout=0.2)  # it waits
        assert planned.result(timeout=10) == 1
        with desk.transaction():  # as where an appeal is decided
            insert_letters(desk, [a_letter("corp")])
            planned = pool.submit(letters.plan, [a_letter("dorn")])
        assert planned.result(timeout=10) == 1
    assert len(letters.listed(9)) == 4
    acts.close()
    desk.close()


def test_two_that_send_share_nothing(place: Place, letters: Letters) -> None:
    letters.plan([a_letter(), a_letter("brix")])
    other = open_letters(*place)
    [mine] = letters.claim(EMAIL, NOW, NOW + 10, 1)
    [theirs] = other.claim(EMAIL, NOW, NOW + 10, 9)
    assert (mine.letter.customer_id, theirs.letter.customer_id) == ("acme", "brix")
    [again] = other.claim(EMAIL, NOW + 10, NOW + 20, 1)
    assert again.letter.customer_id == "acme"
    # whoever had it before has no say any more
    assert not letters.mark_sending(mine, "{}", "d", "{}")
    assert not letters.settle(mine, "sent", NOW)
    assert other.mark_sending(again, "{}", "d", "{}")
    other.close()


def test_a_letter_waits_for_its_channel_and_its_turn(letters: Letters) -> None:
    letters.plan([a_letter(channel="letter"), a_letter("brix")])
    assert names(letters.due(EMAIL, NOW, 9)) == ["brix reminder_1"]
    assert names(letters.due(("email", "letter"), NOW, 9)) == [
        "acme reminder_1",
        "brix reminder_1",
    ]
    assert letters.due((), NOW, 9) == []
    letters.plan([a_letter("brix", notice="final_notice")])
    [one] = letters.claim(EMAIL, NOW, NOW + 10, 1)
    letters.mark_sending(one, "{}", "d", "{}")
    assert letters.due(EMAIL, NOW, 9) == []  # what may be out is settled first
    assert letters.postpone(one, NOW + 100, "carrier_unreachable")
    assert letters.find(one.letter.letter_id).state == "planned"


def test_what_became_of_a_letter(letters: Letters) -> None:
    letters.plan([a_letter()])
    letter_id = a_letter().letter_id
    assert not letters.end(letter_id, "delivered", NOW, "{}")  # it never went out
    [one] = letters.claim(EMAIL, NOW, NOW + 10, 1)
    letters.mark_sending(one, "{}", "d", "{}")
    letters.settle(one, "sent", NOW + 5)
    [told] = letters.claim(EMAIL, NOW + 5, NOW + 10, 1)
    letters.mark_reported(told)
    assert letters.due(EMAIL, NOW + 5, 9) == []
    assert letters.end(letter_id, "delivered", NOW + 7, '{"status": "mta"}')
    assert not letters.end(letter_id, "delivered", NOW + 8, "{}")
    assert not letters.end(letter_id, "sent", NOW + 8, "{}")  # more is known already
    found = letters.find(letter_id)
    assert (found.state, found.sent_at, found.ended_at) == (
        "delivered",
        NOW + 5,
        NOW + 7,
    )
    # a state that came while another was being told is told as well
    [told] = letters.claim(EMAIL, NOW + 8, NOW + 20, 1)
    letters.end(letter_id, "bounced", NOW + 9, "{}")
    assert not letters.mark_reported(told)
    with pytest.raises(UnknownLetterError):
        letters.end("l-none", "bounced", NOW, "{}")


def test_only_what_was_given_up_is_tried_again(letters: Letters) -> None:
    letters.plan([a_letter()])
    with pytest.raises(LetterIsOverError):
        letters.retry(a_letter().letter_id, NOW)
    [one] = letters.claim(EMAIL, NOW, NOW + 10, 1)
    letters.settle(one, "failed", NOW, "no_address")
    letters.retry(one.letter.letter_id, NOW + 1)
    assert names(letters.due(EMAIL, NOW + 1, 9)) == ["acme reminder_1"]
    with pytest.raises(UnknownLetterError):
        letters.retry("l-none", NOW)


def test_an_appeal_is_decided_once_and_answered(place: Place, letters: Letters) -> None:
    replies = open_replies(*place)
    assert replies.add(a_reply()) == a_reply()
    assert replies.add(a_reply(content="again")).content == a_reply().content
    replies.add(a_reply(reply_id="r2", kind="dispute"))
    assert [one.reply_id for one in replies.open_appeals(9)] == ["r1"]
    answer = a_letter(about="r1", kind="answer", notice="")
    decided: dict[str, Any] = {"by": "Ada", "reasons": "parce que", "now": NOW + 1}
    replies.decide("r1", "upheld", **decided, answer=answer)
    with pytest.raises(AppealIsOverError):
        replies.decide("r1", "denied", **decided, answer=answer)
    with pytest.raises(AppealIsOverError):
        replies.decide("r2", "denied", **decided, answer=answer)
    with pytest.raises(UnknownReplyError):
        replies.decide("r3", "denied", **decided, answer=answer)
    [untold] = replies.decided_and_untold()
    assert (untold.result, untold.decided_by) == ("upheld", "Ada")
    replies.mark_reported("r1")
    assert replies.decided_and_untold() == []
    assert replies.open_appeals(9) == []
    assert [one.kind for one in letters.of_customer("acme")] == ["answer"]
    replies.close()


def test_erasing_a_customer_takes_the_correspondence(
    place: Place, letters: Letters, tmp_path: Path
) -> None:
    letters.plan([a_letter(), a_letter("brix")])
    replies = open_replies(*place)
    replies.add(a_reply())
    policies = open_policies(*place)
    policies.keep("p1", "p@1", NOW, "name: p")
    back_up(*place, tmp_path / "backup")
    store = open_decision_store(*place)

    async def erased() -> None:
        await store.record(a_decision(1), {})
        await store.erase("acme", NOW)

    asyncio.run(erased())
    store.close()
    assert letters.of_customer("acme") == []
    assert len(letters.of_customer("brix")) == 1
    assert replies.of_customer("acme") == []
    elsewhere = tmp_path / "elsewhere"
    restore(elsewhere, None, tmp_path / "backup")
    brought = open_letters(elsewhere)
    assert len(brought.listed(9)) == 2
    for opened in (brought, replies, policies):
        opened.close()


def test_policies_stay_as_they_were(place: Place) -> None:
    policies = open_policies(*place)
    policies.keep("p1", "p@1", NOW, "one")
    policies.keep("p2", "p@2", NOW + 1, "two")
    policies.keep("p1", "p@1", NOW + 2, "another")
    assert [one.reference for one in policies.listed()] == ["p@2", "p@1"]
    assert policies.content("p1") == "one"
    with pytest.raises(UnknownDocumentError):
        policies.content("p3")
    policies.close()


def test_a_letter_is_named_by_what_it_tells_of() -> None:
    assert a_letter().letter_id == replace(a_letter(), planned_at=1).letter_id
    assert a_letter().letter_id != a_letter(about="d2").letter_id


def test_what_went_out_since_it_was_decided_is_not_planned_anew(
    letters: Letters,
) -> None:
    """Thirteen hours later the decision of before still holds, and knew of none."""
    first, again = a_letter(), a_letter(about="d2", planned_at=NOW + 13 * HOUR)
    letters.plan([first])
    [claimed] = letters.claim(EMAIL, NOW, NOW + HOUR, 1)
    letters.mark_sending(claimed, "{}", "d1", "{}")
    letters.settle(claimed, "sent", NOW + 1)
    [told] = letters.claim(EMAIL, NOW + 1, NOW + HOUR, 1)
    letters.mark_reported(told)
    assert letters.plan([again], {again.letter_id: NOW}) == 0
    assert letters.plan([again], {again.letter_id: NOW + HOUR}) == 1


@pytest.mark.parametrize("change", [{"policy_hash": "p2"}, {"channel": "letter"}])
def test_a_letter_that_waits_gives_way_to_another_policy_or_channel(
    letters: Letters, change: dict[str, Any]
) -> None:
    first, new = a_letter(), a_letter(about="d2", **change)
    letters.plan([first])
    [claimed] = letters.claim(EMAIL, NOW, NOW + 1, 1)
    assert letters.plan([new]) == 0  # somebody is about to send it
    letters.postpone(claimed, NOW, "service_unusable")
    assert letters.plan([new]) == 1
    outdated = letters.find(first.letter_id)
    assert (outdated.state, outdated.why) == ("withdrawn", "superseded")
    assert letters.plan([a_letter(about="d3", **change)]) == 0
