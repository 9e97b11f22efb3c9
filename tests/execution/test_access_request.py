"""An access request: all that is kept of one customer, readable, and nobody else's."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from decisions.policy_file.load import default_policy
from execution.access_page import access_html
from execution.access_request import (
    AccessRequest,
    NothingKnownError,
    write_access_request,
)
from execution.evidence import EvidenceThereError
from tests.execution.conftest import NOW
from tests.execution.letters.conftest import Pigeon, PostRoom, room
from tests.execution.letters.test_appeals import filed
from wording.messages import LANGUAGES

__all__ = ["room"]  # the fixture
DOCUMENT, ZONE = default_policy().document, ZoneInfo("Europe/Brussels")
LINK = {"customer_id": "acme", "kind": "device", "other_id": "brix", "shared_id": "d9"}


@pytest.fixture
def request_of_acme(room: PostRoom) -> AccessRequest:
    room.plan()
    room.run(Pigeon())
    filed(room)
    room.score()
    [letter] = room.letters.listed(9)
    proof = json.dumps({"by": "Ada Lovelace"})
    room.letters.end(letter.letter_id, "delivered", NOW, proof, by_person=True)
    ids = [one.decision_id for one in room.decisions.listed("acme", None, 99)]
    return AccessRequest(
        customer_id="acme",
        rows={
            "overrides": [{"by": "Ada", "action": "none"}],
            "links": [LINK],
            "invoices": [{"event_at": "2026-06-01T00:00:00Z"}],
        },
        decisions=[room.decisions.find(one) for one in reversed(ids)],
        acts=[],
        letters=room.letters.of_customer("acme"),
        replies=room.replies.of_customer("acme"),
    )


def test_it_is_all_there_and_tells_of_nobody_else(
    request_of_acme: AccessRequest, tmp_path: Path
) -> None:
    pages = {
        lang: access_html(request_of_acme, DOCUMENT, ZONE, lang, date(2026, 11, 29))
        for lang in LANGUAGES
    }
    for lang, page in pages.items():
        assert f'<html lang="{lang}">' in page
        assert "Je ne suis pas d&#39;accord." in page
        assert "appeals@example.org" in page
        assert "brix" not in page
    assert "What we decided, and why" in pages["en"]
    assert "Rechnungen und Gutschriften" in pages["de"]
    # the reasons of decisions that were answered in English are in the page's language
    assert "Wie lange die älteste offene Rechnung schon fällig ist." in pages["de"]
    assert "1er juin 2026" in pages["fr"].replace("\xa0", " ")

    folder = tmp_path / "acme"
    names = write_access_request(request_of_acme, pages["fr"], folder)
    assert names == ["data.json", "manifest.json", "page.html"]
    assert {file.stat().st_mode & 0o077 for file in folder.iterdir()} == {0}
    text = (folder / "data.json").read_text()
    assert not re.search("brix|Ada", text)
    data = json.loads(text)
    assert len(data["decisions"]) == len(request_of_acme.decisions) > 1
    assert data["decisions"][0]["answer"]["customer_id"] == "acme"
    assert data["letters"][0]["notice"] == "reminder_1"
    assert "decided_by" not in data["replies"][0]
    with pytest.raises(EvidenceThereError):
        write_access_request(request_of_acme, "", folder)


def test_a_small_estimate_is_not_written_as_none(
    request_of_acme: AccessRequest,
) -> None:
    decision = request_of_acme.decisions[-1]
    answer = json.loads(decision.answer)
    for target, p in (("fraud", 0.0035), ("nonpayment", 0.45)):
        answer["scores"][target]["probability"] = p
    changed = replace(decision, answer=json.dumps(answer).encode())
    request = replace(request_of_acme, decisions=[changed])
    page = access_html(request, DOCUMENT, ZONE, "en", date(2026, 11, 29))
    assert re.findall(r">([^<>]*[0-9]%)<", page) == ["45%", "below 1%"]


def test_of_whom_nothing_is_known_nothing_is_written() -> None:
    with pytest.raises(NothingKnownError):
        AccessRequest(
            customer_id="x", rows={}, decisions=[], acts=[], letters=[], replies=[]
        )


def test_the_words_for_tables_are_complete() -> None:
    from features.contract import TABLES
    from wording.messages import messages

    for lang in LANGUAGES:
        known = {key for key in messages(lang) if key.startswith("access.tables.")}
        assert known == {f"access.tables.{name}" for name in TABLES}
        assert not [key for key in known if re.search("[{<]", str(messages(lang)[key]))]
