"""Who gets something back is told once, when it is back, and nothing counts of it."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest

from execution.letters.addresses import Address
from execution.letters.plan import restoration_letters
from execution.letters.sending import MOST_ATTEMPTS
from execution.undo import plan_undo
from store.act import Act, act_id_of
from store.errors import StoreUnavailableError
from tests.execution.letters.conftest import Pigeon, PostRoom

FRENCH = {"acme": Address("acme@customer.example", "fr")}
FAR = 10**18  # microseconds: no lease ends before


def suspended(room: PostRoom) -> Act:
    """An act of a run, done for a customer of whom a decision was made."""
    answer = room.score()
    decision_id, now = answer["decision_id"], _now()
    act = Act(
        act_id=act_id_of("webhook", decision_id, "suspend", "s1"),
        run_id="run-1",
        decision_id=decision_id,
        customer_id="acme",
        subscription_id="s1",
        kind="suspend",
        reason="nonpayment",
        provider="webhook",
        policy_hash=answer["question"]["policy_hash"],
        n_approvals=0,
        planned_at=now,
        due_at=now,
    )
    room.acts.plan([act])
    carry_out(room)
    return act


def carry_out(
    room: PostRoom, state: Literal["done", "withdrawn", "failed"] = "done"
) -> None:
    for one in room.acts.claim("webhook", _now(), FAR, 10):
        room.acts.settle(one, state, _now())
    for one in room.acts.claim("webhook", _now(), FAR, 10):
        room.acts.mark_reported(one)  # else nothing more of the customer is due


def told(room: PostRoom, back: Sequence[Act]) -> int:
    letters = restoration_letters(back, room.decisions, room.letters, _now())
    return room.letters.plan(letters)


def undone(room: PostRoom) -> list[Act]:
    acts = plan_undo(room.acts, "run-1", "Ada", _now()).run.acts
    room.acts.plan(acts)
    return acts


def _now() -> int:
    return time.time_ns() // 1_000


def test_a_customer_is_told_once_when_it_is_back(room: PostRoom) -> None:
    suspended(room)
    back = undone(room)
    assert told(room, back) == 1
    pigeon = Pigeon()
    assert room.run(pigeon, by_customer=FRENCH) == ["postponed:not_given_back_yet"]
    assert pigeon.parcels == []
    carry_out(room)
    [letter] = room.letters.of_customer("acme")
    step = room.sending(pigeon, by_customer=FRENCH).preview(letter)
    assert step.what == "send"  # what the dry run shows
    assert pigeon.parcels == []
    room.letters._db.run("UPDATE letters SET due_at = 0")  # its pause is over
    assert room.run(pigeon, by_customer=FRENCH)[0] == "sent"
    [parcel] = pigeon.parcels
    assert parcel.letter.lang == "fr"
    assert "accès à vos services" in parcel.letter.text
    assert told(room, back) == 0
    room.run(pigeon, by_customer=FRENCH)
    assert len(pigeon.parcels) == 1
    assert room.contacts() == []  # no notice, no warning


def test_who_gets_nothing_back_is_told_nothing(room: PostRoom) -> None:
    suspended(room)
    assert told(room, undone(room)) == 1
    carry_out(room, "withdrawn")
    pigeon = Pigeon()
    assert room.run(pigeon) == ["withdrawn:not_given_back"]
    assert pigeon.parcels == []


def test_a_language_nobody_knows_is_the_policys_own(room: PostRoom) -> None:
    suspended(room)
    told(room, undone(room))
    carry_out(room)
    pigeon = Pigeon()
    room.run(pigeon, by_customer={"acme": Address("acme@customer.example", "xx")})
    assert [one.letter.lang for one in pigeon.parcels] == ["en"]


def stopped(room: PostRoom, like: Act, subscription_id: str, run_id: str) -> None:
    """Another stop like one before, done."""
    decision_id = room.score()["decision_id"]
    act_id = act_id_of("webhook", decision_id, "suspend", subscription_id)
    again = replace(like, act_id=act_id, decision_id=decision_id, run_id=run_id)
    room.acts.plan([replace(again, subscription_id=subscription_id)])
    carry_out(room)


def looked_again(room: PostRoom, pigeon: Pigeon) -> list[str]:
    """Letters that are sent once their pause is over."""
    room.letters._db.run("UPDATE letters SET due_at = 0")
    return room.run(pigeon)


def test_what_failed_first_is_told_when_it_is_tried_again(room: PostRoom) -> None:
    suspended(room)
    [back] = undone(room)
    told(room, [back])
    carry_out(room, "failed")
    pigeon = Pigeon()
    for _ in range(MOST_ATTEMPTS + 1):  # it is not given up meanwhile
        assert looked_again(room, pigeon) == ["postponed:not_given_back_yet"]
    room.acts.retry(back.act_id, _now())
    carry_out(room)
    assert looked_again(room, pigeon)[0] == "sent"


def test_what_a_second_undo_gives_back_is_told_once(room: PostRoom) -> None:
    suspended(room)
    told(room, undone(room))
    carry_out(room, "failed")
    again = undone(room)
    assert told(room, again) == 1
    pigeon = Pigeon()
    waits = "postponed:not_given_back_yet"
    assert looked_again(room, pigeon) == ["withdrawn:superseded", waits]
    carry_out(room)
    assert looked_again(room, pigeon)[0] == "sent"
    assert len(pigeon.parcels) == 1


def test_what_comes_back_in_two_goes_is_told_by_one_letter(room: PostRoom) -> None:
    stopped(room, suspended(room), "s2", "run-1")
    told(room, undone(room))
    for state in ("done", "failed"):
        carry_out(room, state)
    told(room, undone(room))  # what failed
    pigeon = Pigeon()
    # whichever is looked at first
    room.letters._db.run("UPDATE letters SET due_at = ? WHERE position = 1", FAR)
    assert room.run(pigeon) == ["postponed:not_given_back_yet"]
    carry_out(room)
    room.letters._db.run("UPDATE letters SET due_at = 0 WHERE position = 2")
    assert room.run(pigeon) == ["postponed:not_given_back_yet"]
    came_to = looked_again(room, pigeon)
    assert came_to[:2] == ["withdrawn:superseded", "sent"]
    [parcel] = pigeon.parcels
    assert "access to your services again" in parcel.letter.text


def test_what_another_run_stopped_is_not_told_as_back(room: PostRoom) -> None:
    stopped(room, suspended(room), "s2", "run-2")
    told(room, undone(room))  # of run-1
    carry_out(room)
    pigeon = Pigeon()
    assert looked_again(room, pigeon)[0] == "sent"
    [parcel] = pigeon.parcels
    assert parcel.letter.subject == "Some of what we had stopped is given back"
    assert "You have access again to s1, since" in parcel.letter.text
    assert "Still stopped: s2." in parcel.letter.text
    assert "You have nothing to do" not in parcel.letter.text


def test_nobody_is_told_that_all_is_back_while_a_part_is(room: PostRoom) -> None:
    stopped(room, suspended(room), "s2", "run-1")
    back = undone(room)
    told(room, back)
    assert len(back) == 2
    for state in ("done", "failed"):
        carry_out(room, state)
    pigeon = Pigeon()
    assert looked_again(room, pigeon) == ["postponed:not_given_back_yet"]
    [failed] = room.acts.listed(9, states=("failed",))
    room.acts.retry(failed.act_id, _now())
    carry_out(room)
    assert looked_again(room, pigeon)[0] == "sent"


def test_what_a_later_run_took_anew_is_not_told_as_back(room: PostRoom) -> None:
    act = suspended(room)
    told(room, undone(room))
    carry_out(room)
    stopped(room, act, "s1", "run-2")
    pigeon = Pigeon()
    assert room.run(pigeon) == ["withdrawn:not_given_back"]
    assert pigeon.parcels == []


def test_acts_and_their_letters_are_planned_together(room: PostRoom) -> None:
    suspended(room)
    back = plan_undo(room.acts, "run-1", "Ada", _now()).run.acts
    letters = restoration_letters(back, room.decisions, room.letters, _now())
    with pytest.raises(StoreUnavailableError):
        room.acts.plan([*back, replace(back[0], act_id="a", run_id=None)], letters)  # type: ignore[arg-type]  # refused
    assert room.letters.of_customer("acme") == []
    assert room.acts.plan(back, letters) == 1
    assert len(room.letters.of_customer("acme")) == 1
