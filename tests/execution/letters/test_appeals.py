"""A person decides an appeal; the service hears of it, the customer is answered."""

from datetime import UTC, datetime, timedelta

import pytest

from execution.errors import ReportRefusedError
from execution.letters.addresses import Address
from execution.letters.plan import answer_of
from execution.letters.told import tell_decided
from features.moments import microseconds
from store.replies import Reply
from tests.execution.letters.conftest import Pigeon, PostRoom

FRENCH = {"acme": Address("acme@customer.example", "fr")}


def filed(room: PostRoom, reply_id: str = "r1") -> int:
    """An appeal that came by the form, with its row."""
    [letter] = room.letters.listed(1)
    now = microseconds(datetime.now(UTC))
    reply = Reply(
        reply_id=reply_id,
        letter_id=letter.letter_id,
        customer_id="acme",
        kind="appeal",
        language="fr",
        filed_at=now,
        content="Je ne suis pas d'accord.",
        is_counted=True,
    )
    room.replies.add(reply)
    row = {"customer_id": "acme", "kind": "appeal_opened"}
    row["event_at"] = datetime.fromtimestamp(now / 1e6, UTC).isoformat()
    room.service.send({"contacts": [row]}, f"form-{reply_id}")
    return now


def decided(
    room: PostRoom, reply_id: str = "r1", result: str = "denied", until: str = ""
) -> None:
    reply = room.replies.find(reply_id)
    asked_by = room.letters.find(reply.letter_id)
    now = microseconds(datetime.now(UTC))
    room.replies.decide(
        reply_id,
        "upheld" if result == "upheld" else "denied",
        by="Ada",
        reasons="La facture est juste.\nLe montant reste dû.",
        now=now,
        instead_until=until or None,
        answer=answer_of(reply, asked_by, now),
    )


def test_a_row_that_is_refused_holds_up_no_other(
    room: PostRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.plan()
    for reply_id in ("r1", "r2"):
        filed(room, reply_id)
        decided(room, reply_id)

    def send(_: object, once: str) -> None:
        if once == "appeal-r1":
            raise ReportRefusedError("bad_time")

    monkeypatch.setattr(room.service, "send", send)
    told = tell_decided(room.replies, room.service)
    assert (told.reply_ids, told.refused) == (["r2"], {"r1": "bad_time"})


def test_a_decision_ends_the_appeal_and_is_answered_in_its_language(
    room: PostRoom,
) -> None:
    room.plan()
    room.run(Pigeon())
    filed(room)
    assert room.score()["follow_up"]["appeal"] is not None
    decided(room)
    assert tell_decided(room.replies, room.service).reply_ids == ["r1"]
    assert tell_decided(room.replies, room.service).reply_ids == []
    assert room.score()["follow_up"]["appeal"] is None
    pigeon = Pigeon()
    assert room.run(pigeon, by_customer=FRENCH) == ["sent", "told"]
    letter = pigeon.parcels[0].letter
    assert letter.subject.endswith("la décision est maintenue")

    assert "La facture est juste.\nLe montant reste dû." in letter.text
    assert "https://us.example/policy/" in letter.text


def test_what_is_upheld_holds_until_its_day(room: PostRoom) -> None:
    room.plan()
    room.run(Pigeon())
    filed(room)
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    decided(room, result="upheld", until=day)
    tell_decided(room.replies, room.service)
    held = room.score()["permission"]["holds"]
    assert [one["kind"] for one in held if one["protects"]] == ["override"]
    pigeon = Pigeon()
    room.run(pigeon, by_customer=FRENCH)
    assert "Jusqu'à la fin du " in pigeon.parcels[-1].letter.text


def test_an_end_is_told_when_no_other_appeal_is_open(room: PostRoom) -> None:
    room.plan()
    room.run(Pigeon())
    filed(room)
    filed(room, "r2")
    decided(room)
    assert tell_decided(room.replies, room.service).reply_ids == []
    assert room.score()["follow_up"]["appeal"] is not None
    decided(room, "r2")
    assert len(tell_decided(room.replies, room.service).reply_ids) == 2
    assert room.score()["follow_up"]["appeal"] is None


def test_what_is_upheld_holds_at_once_though_another_appeal_is_open(
    room: PostRoom,
) -> None:
    room.plan()
    room.run(Pigeon())
    filed(room)
    filed(room, "r2")
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    decided(room, result="upheld", until=day)
    told = tell_decided(room.replies, room.service)
    assert (told.reply_ids, told.instead, told.refused) == ([], ["r1"], {})
    answer = room.score()
    held = [one["kind"] for one in answer["permission"]["holds"] if one["protects"]]
    assert "override" in held
    assert answer["follow_up"]["appeal"] is not None
    decided(room, "r2")
    assert sorted(tell_decided(room.replies, room.service).reply_ids) == ["r1", "r2"]
    answer = room.score()
    held = [one["kind"] for one in answer["permission"]["holds"] if one["protects"]]
    assert held == ["override"]
    assert answer["follow_up"]["appeal"] is None
