"""A notice goes out once, if it is still due, and the service hears of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest
from httpx import (
    Client,
    ConnectError,
    MockTransport,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    Response,
)
from standardwebhooks import Webhook

from decisions.policy_file.load import default_policy
from execution.errors import ReportRefusedError, ServiceUnusableError
from execution.letters import smtp
from execution.letters.addresses import Address
from execution.letters.carrier import (
    CarrierBusyError,
    CarrierReceipt,
    CarrierRefusedError,
    CarrierUncertainError,
    Parcel,
)
from execution.letters.folder import FolderCarrier
from execution.letters.hook import WebhookCarrier
from execution.letters.notice_values import language_of
from execution.letters.smtp import SmtpCarrier
from features.moments import microseconds
from tests.execution.letters.conftest import (
    LINKS,
    Mailbox,
    Pigeon,
    PostRoom,
    mail_server,
    mail_settings,
)
from tests.execution.test_with_the_service import ago

SECRET = "whsec_" + "QUFB" * 8


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def port(mailbox: Mailbox) -> Iterator[int]:
    with mail_server(mailbox) as port:
        yield port


def now() -> int:
    return microseconds(datetime.now(UTC))


def tomorrow() -> int:
    return now() + 24 * 3_600_000_000


def test_a_notice_is_mailed_once_and_told(
    room: PostRoom, mailbox: Mailbox, port: int
) -> None:
    assert room.plan() == 1
    assert room.run(SmtpCarrier(mail_settings(port))) == ["sent", "told"]
    [mail] = mailbox.mails
    assert mailbox.recipients == ["acme@customer.example"]
    assert mail["Subject"] == "Reminder: an amount is overdue"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "To pay: €234." in text
    assert "https://pay.example/acme?invoice=i-1" in text
    assert "https://us.example/appeal/l" in text
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "€234" in html
    assert room.contacts() == ["notice_sent"]
    # and it is not due any more, whoever plans again
    room.score()
    assert room.plan() == 0
    assert room.run(SmtpCarrier(mail_settings(port))) == []
    [letter] = room.letters.listed(9)
    assert json.loads(letter.content or "")["subject"] == mail["Subject"]
    assert json.loads(letter.proof or "")["stated"] == "250 taken"


def test_what_arrives_before_it_goes_withdraws_it(room: PostRoom) -> None:
    room.plan()
    paid = {"payment_id": "p1", "status": "succeeded", "amount": 234.0}
    paid |= {"invoice_id": "i-1", "event_at": ago(seconds=0)}
    room.send({"payments": [paid]})
    pigeon = Pigeon()
    [letter] = room.letters.due(("email",), now(), 9)
    assert room.sending(pigeon).preview(letter).why == "not_due"
    assert room.run(pigeon) == ["withdrawn:not_due"]
    assert pigeon.parcels == []
    assert room.contacts() == []


def test_part_of_it_that_was_paid_is_not_asked_for(room: PostRoom) -> None:
    room.plan()
    paid = {"payment_id": "p1", "status": "succeeded", "amount": 100.0}
    paid |= {"invoice_id": "i-1", "event_at": ago(seconds=0)}
    room.send({"payments": [paid]})
    pigeon = Pigeon()
    assert room.run(pigeon) == ["sent", "told"]
    assert "To pay: €134." in pigeon.parcels[0].letter.text


@pytest.mark.parametrize(
    ("error", "told", "state"),
    [
        (CarrierBusyError("no route"), ["postponed:carrier_unreachable"], "planned"),
        (CarrierUncertainError("cut"), ["failed:unknown_whether_sent"], "failed"),
        (
            CarrierRefusedError("smtp_552", is_of_address=False),
            ["failed:carrier_refused:smtp_552"],
            "failed",
        ),
        (
            CarrierRefusedError("smtp_550", is_of_address=True),
            ["bounced:carrier_refused:smtp_550", "told"],
            "bounced",
        ),
    ],
)
def test_what_a_carrier_may_say(
    room: PostRoom, error: Exception, told: list[str], state: str
) -> None:
    room.plan()
    assert room.run(Pigeon(error)) == told
    assert room.letters.listed(9)[0].state == state
    expected = {"bounced": {"notice_sent", "notice_bounced"}}.get(state, set())
    assert set(room.contacts()) == expected


def test_a_mailbox_that_is_not_there_is_a_bounce(
    room: PostRoom, mailbox: Mailbox, port: int
) -> None:
    mailbox.refusal = "550 no such user acme@customer.example"
    room.plan()
    told = room.run(SmtpCarrier(mail_settings(port)))
    assert told == ["bounced:carrier_refused:smtp_550", "told"]
    mailbox.refusal = ""  # it is not tried again
    assert room.run(SmtpCarrier(mail_settings(port)), clock=tomorrow) == []
    assert mailbox.mails == []


def test_a_server_that_is_busy_is_asked_again(
    room: PostRoom, mailbox: Mailbox, port: int
) -> None:
    mailbox.refusal = "451 later"
    room.plan()
    assert room.run(SmtpCarrier(mail_settings(port))) == [
        "postponed:carrier_unreachable"
    ]


def test_what_a_dead_process_left_is_not_mailed_again(room: PostRoom) -> None:
    room.plan()
    died = Pigeon(KeyboardInterrupt())  # type: ignore[arg-type]  # a kill
    with pytest.raises(KeyboardInterrupt):
        room.run(died)
    later = now() + 700_000_000  # the lease is over
    pigeon = Pigeon()
    told = room.run(pigeon, clock=lambda: later)
    assert told == ["failed:unknown_whether_sent"]
    assert pigeon.parcels == []
    room.score()
    assert room.plan() == 0  # nor by another decision: a person says what is true
    room.letters.retry(room.letters.listed(9)[0].letter_id, later)
    assert room.run(pigeon, clock=lambda: later) == ["sent", "told"]


def test_a_person_or_a_report_says_that_it_went_out(room: PostRoom) -> None:
    room.plan()
    room.run(Pigeon(CarrierUncertainError("cut")))
    [letter] = room.letters.listed(9)
    assert room.letters.end(letter.letter_id, "delivered", now(), "{}")
    assert room.run(Pigeon()) == ["told"]
    assert set(room.contacts()) == {"notice_sent", "notice_delivered"}


def test_who_knows_a_repetition_gets_the_same_letter_again(
    room: PostRoom, tmp_path: Path
) -> None:
    room.plan()
    died = Pigeon(KeyboardInterrupt(), is_idempotent=True)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        room.run(died)
    later = now() + 700_000_000
    again = Pigeon(is_idempotent=True)
    assert room.run(again, clock=lambda: later) == ["sent", "told"]
    [parcel] = again.parcels
    assert parcel.letter_id == room.letters.listed(9)[0].letter_id


def test_another_carrier_does_not_repeat_what_one_began(
    room: PostRoom, tmp_path: Path
) -> None:
    room.plan()
    with pytest.raises(KeyboardInterrupt):
        room.run(Pigeon(KeyboardInterrupt()))  # type: ignore[arg-type]
    later = now() + 700_000_000
    folder = FolderCarrier(tmp_path / "out", "billing@reseller.example")
    told = room.run(folder, clock=lambda: later)
    assert told == ["failed:unknown_whether_sent"]


def test_without_an_address_a_person_is_asked(room: PostRoom) -> None:
    room.plan()
    assert room.run(Pigeon(), by_customer={}) == ["failed:no_address"]


def test_an_address_that_cannot_be_used_is_named(room: PostRoom) -> None:
    room.plan()
    unusable = {"acme": Address("", is_unusable=True)}
    assert room.run(Pigeon(), by_customer=unusable) == ["failed:unusable_address"]


def test_a_folder_holds_a_mail_and_a_page_until_somebody_sends_it(
    room: PostRoom, tmp_path: Path
) -> None:
    room.plan()
    folder = tmp_path / "out"
    assert room.run(FolderCarrier(folder, "billing@reseller.example")) == ["handed_out"]
    [letter] = room.letters.listed(9)
    names = {file.name for file in folder.iterdir()}
    assert names == {f"{letter.letter_id}.eml", f"{letter.letter_id}.html"}
    assert {file.stat().st_mode & 0o077 for file in folder.iterdir()} == {0}
    assert room.contacts() == []
    room.score()
    assert room.plan() == 0  # it lies there already
    room.letters.end(letter.letter_id, "sent", now(), "{}")
    assert room.run(Pigeon()) == ["told"]
    assert room.contacts() == ["notice_sent"]


def test_a_webhook_is_signed_and_named_by_the_letter(room: PostRoom) -> None:
    posted: list[Request] = []

    def take(request: Request) -> Response:
        posted.append(request)
        return Response(204)

    room.plan()
    with Client(transport=MockTransport(take)) as client:
        carrier = WebhookCarrier(client, "https://mail.example/letters", SECRET)
        assert room.run(carrier) == ["sent", "told"]
    [request] = posted
    content = Webhook(SECRET).verify(request.content, dict(request.headers))
    assert content["data"]["letter_id"] == request.headers["webhook-id"]
    assert content["data"]["email"] == "acme@customer.example"


@pytest.mark.parametrize(
    ("status", "came_to"),
    [
        (503, "postponed:unknown_whether_sent"),
        (408, "postponed:unknown_whether_sent"),
        (429, "postponed:carrier_unreachable"),
        (400, "failed:carrier_refused:http_400"),
    ],
)
def test_what_a_webhook_answers_counts(
    room: PostRoom, status: int, came_to: str
) -> None:
    room.plan()
    transport = MockTransport(lambda _: Response(status))
    with Client(transport=transport) as client:
        carrier = WebhookCarrier(client, "https://mail.example/letters", SECRET)
        assert room.run(carrier) == [came_to]


@pytest.mark.parametrize("error", [ReadTimeout("slow"), RemoteProtocolError("cut")])
def test_what_a_webhook_may_have_got_is_repeated_as_it_was(
    room: PostRoom, error: Exception
) -> None:
    bodies: list[Any] = []

    def take(request: Request) -> Response:
        bodies.append(json.loads(request.content)["data"])
        if len(bodies) == 1:
            raise error
        return Response(204)

    room.plan()
    with Client(transport=MockTransport(take)) as client:
        carrier = WebhookCarrier(client, "https://mail.example/letters", SECRET)
        assert room.run(carrier) == ["postponed:unknown_whether_sent"]
        [letter] = room.letters.listed(9)
        assert letter.state == "sending"
        paid = {"payment_id": "p1", "status": "succeeded", "amount": 100.0}
        paid |= {"invoice_id": "i-1", "event_at": ago(seconds=0)}
        room.send({"payments": [paid]})
        came_to = room.run(carrier, clock=lambda: now() + 60_000_000)
    assert came_to == ["sent", "told"]
    assert bodies[0] == bodies[1]


def test_what_another_carrier_may_have_sent_is_for_a_person(room: PostRoom) -> None:
    room.plan()
    busy = Pigeon(CarrierUncertainError("slow"), is_idempotent=True)
    assert room.run(busy) == ["postponed:unknown_whether_sent"]
    other = Pigeon(name="dove")
    told = room.run(other, clock=lambda: now() + 60_000_000)
    assert (told, other.parcels) == (["failed:unknown_whether_sent"], [])


def test_a_webhook_that_was_not_reached_got_nothing(room: PostRoom) -> None:
    def refuse(request: Request) -> Response:
        raise ConnectError("no route", request=request)

    room.plan()
    with Client(transport=MockTransport(refuse)) as client:
        carrier = WebhookCarrier(client, "https://mail.example/letters", SECRET)
        assert room.run(carrier) == ["postponed:carrier_unreachable"]
    assert room.letters.listed(9)[0].state == "planned"


def test_a_notice_whose_row_is_refused_is_not_mailed_again(
    room: PostRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise ReportRefusedError("bad_time")

    room.plan()
    monkeypatch.setattr(room.service, "send", refuse)
    assert room.run(Pigeon()) == ["sent", "failed:report_refused:bad_time"]
    room.score()
    assert room.plan() == 0


def test_a_clock_that_is_ahead_mails_nothing_twice(room: PostRoom) -> None:
    room.plan()
    room.run(Pigeon(), clock=lambda: now() + 3_600_000_000)
    room.score()
    assert room.plan() == 0


@pytest.mark.parametrize(
    ("answer", "came_to"),
    [
        ("250 taken", ["sent", "told"]),
        ("550 no such user", ["bounced:carrier_refused:smtp_550", "told"]),
    ],
)
def test_a_farewell_that_is_not_answered_changes_nothing(
    room: PostRoom, mailbox: Mailbox, port: int, answer: str, came_to: list[str]
) -> None:
    mailbox.refusal = answer if answer.startswith("5") else ""
    mailbox.farewell = "421 closing"
    room.plan()
    assert room.run(SmtpCarrier(mail_settings(port))) == came_to


def test_a_mail_that_lasts_too_long_is_given_up(
    room: PostRoom, mailbox: Mailbox, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "_DEADLINE_S", 0.0)
    room.plan()
    assert room.run(SmtpCarrier(mail_settings(port))) == [
        "postponed:carrier_unreachable"
    ]
    assert mailbox.mails == []


def test_who_lost_the_lease_says_so(room: PostRoom) -> None:
    class Slow(Pigeon):
        def send(self, parcel: Parcel) -> CarrierReceipt:
            later = now() + 700_000_000
            assert room.run(Pigeon(), clock=lambda: later)[0].startswith("failed")
            return super().send(parcel)

    room.plan()
    assert room.run(Slow()) == ["lost"]


UMLAUT = {"acme": Address("büro@customer.example", "en")}


def test_an_address_the_mail_server_does_not_take_is_for_a_person(
    room: PostRoom, mailbox: Mailbox
) -> None:
    room.plan()
    with mail_server(mailbox, enable_SMTPUTF8=False) as port:
        told = room.run(SmtpCarrier(mail_settings(port)), by_customer=UMLAUT)
    assert told == ["failed:carrier_refused:address_not_ascii"]
    assert mailbox.mails == []


def test_an_address_in_other_letters_is_mailed_where_the_server_takes_it(
    room: PostRoom, mailbox: Mailbox
) -> None:
    room.plan()
    with mail_server(mailbox, enable_SMTPUTF8=True) as port:
        carrier = SmtpCarrier(mail_settings(port))
        assert room.run(carrier, by_customer=UMLAUT) == ["sent", "told"]
    assert mailbox.recipients == ["büro@customer.example"]
    assert mailbox.mails[0]["To"] == "büro@customer.example"


def test_delivery_and_return_are_told(room: PostRoom) -> None:
    room.plan()
    room.run(Pigeon())
    [letter] = room.letters.listed(9)
    room.letters.end(letter.letter_id, "delivered", now(), "{}")
    assert room.run(Pigeon()) == ["told"]
    assert room.contacts().count("notice_delivered") == 1
    # it comes back after all; reports that are read again change nothing
    assert room.letters.end(letter.letter_id, "bounced", now(), "{}")
    assert room.run(Pigeon()) == ["told"]
    for state in ("delivered", "bounced", "delivered"):
        assert not room.letters.end(letter.letter_id, state, now(), "{}")
    assert room.run(Pigeon()) == []


def test_a_letter_speaks_the_customer_s_language_where_it_is_sent_in_it(
    room: PostRoom,
) -> None:
    room.plan()
    pigeon = Pigeon()
    german = {"acme": Address("acme@customer.example", "de")}
    room.run(pigeon, by_customer=german)
    # the shipped policy states no languages, and has the notice's text in four
    letter = pigeon.parcels[0].letter
    assert letter.lang == "de"
    assert "?lang=de" in letter.text
    assert "?lang=en" not in letter.text


@pytest.mark.parametrize(
    ("offered", "wanted", "lang"),
    [
        (["en", "fr"], "fr", "fr"),
        (["en", "fr"], "de", "en"),
        (["nl", "fr"], "", "fr"),  # there are no messages in Dutch
        (["nl"], "nl", "en"),
    ],
)
def test_the_language_of_a_letter(offered: list[str], wanted: str, lang: str) -> None:
    due = {"notice": "reminder", "languages": offered}
    assert language_of(due, wanted, default_policy().document) == lang


@pytest.mark.parametrize(("wanted", "lang"), [("de", "de"), ("nl", "en"), ("", "en")])
def test_a_notice_without_languages_goes_in_each_that_the_policy_is_written_in(
    wanted: str, lang: str
) -> None:
    document = default_policy().document
    for name, rule in document.notices.kinds.items():
        due = {"notice": name, "languages": list(rule.languages)}
        assert language_of(due, wanted, document) == lang
    due["notice"] = "unknown"
    assert language_of(due, wanted, document) == "en"


def test_no_service_no_letter(room: PostRoom) -> None:
    room.plan()
    room.client.headers["Authorization"] = "Bearer none"
    pigeon = Pigeon()
    with pytest.raises(ServiceUnusableError):
        room.run(pigeon)
    assert pigeon.parcels == []


def test_a_letter_without_a_public_address_leads_nowhere(room: PostRoom) -> None:
    room.plan()
    pigeon = Pigeon()
    room.run(pigeon, addresses=type(LINKS)())
    assert "http" not in pigeon.parcels[0].letter.text
