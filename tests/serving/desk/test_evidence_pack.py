"""The evidence pack at the desk: beside a request that a person sends, for who may."""

import json
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from io import BytesIO
from zipfile import ZipFile

import pytest

from execution.providers.prepared_mail import TO_ATTACH
from serving.desk.addresses import customer_path, decision_path
from serving.settings import ServingSettings
from store.keys import ROLES, Role
from store.opening import open_acts, open_key_store, open_requests
from store.requests import RequestChange
from tests.execution.conftest import an_act
from tests.serving.desk.conftest import LATE, Person
from wording.messages import LANGUAGES, messages

Somebody = Callable[..., Person]
MAY_TAKE = {"risk_analyst", "collections", "auditor", "admin"}


@pytest.fixture(scope="module")
def drafted(desk_settings: ServingSettings, stored: dict[str, str]) -> str:
    """A request that lies in a folder as a mail; its act."""
    act = an_act(
        LATE,
        "",
        decision_id=stored[LATE],
        kind="open_request",
        planned_at=1,
        due_at=1,
    )
    with closing(open_acts(desk_settings.home)) as acts:
        acts.plan([act])
        [claimed] = acts.claim(act.provider, 2, 3, 10)
        proof = json.dumps({"number": f"{act.act_id}.eml", "is_draft": True})
        assert acts.settle(claimed, "done", 2, None, proof)
    return act.act_id


def test_the_pack_is_whole_and_its_hashes_are_right(
    person: Somebody, stored: dict[str, str]
) -> None:
    path = f"{decision_path(stored[LATE])}/evidence"
    one = person("collections")
    answer = one.opens(path)
    assert answer.headers["content-type"] == "application/zip"
    assert "no-store" in answer.headers["cache-control"]
    with ZipFile(BytesIO(answer.content)) as archive:
        files = {name.split("/")[1]: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["sha256"] == {
        name: sha256(content).hexdigest() for name, content in files.items()
    }
    assert manifest["replay"] == "identical"
    assert {"decision.json", "events.json", "evidence.pdf"} <= set(files)
    assert one.opens(path).content == answer.content
    assert set(TO_ATTACH) <= {*files, "manifest.json"}  # to a drafted request


@pytest.mark.parametrize("role", ROLES)
def test_who_may_not_take_it_is_shown_no_link(
    person: Somebody, stored: dict[str, str], role: Role
) -> None:
    one, page = person(role), decision_path(stored[LATE])
    may = role in MAY_TAKE
    assert (f"{page}/evidence" in one.opens(page).text) == may
    if not may:
        assert one.opens(f"{page}/evidence").status_code == 403


def test_of_other_customers_there_is_none(
    person: Somebody, desk_settings: ServingSettings, stored: dict[str, str]
) -> None:
    with closing(open_key_store(desk_settings.home)) as store:
        key = store.create("Nora", role="collections", customers="north-")[1]
    one = person()
    assert one.signs_in(key).status_code == 303
    answer = one.opens(f"{decision_path(stored[LATE])}/evidence")
    assert answer.status_code == 404


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_draft_says_what_to_attach_until_it_is_sent(
    person: Somebody, drafted: str, stored: dict[str, str], lang: str
) -> None:
    said, page = messages(lang), decision_path(stored[LATE])
    shown = person("collections").opens(page, headers={"accept-language": lang}).text
    part = shown.partition('class="acts"')[2]
    assert str(said["desk.acts.attach"]) in part
    assert str(said["desk.request.drafted"]) in part
    assert f'href="{page}/evidence"' in part


def test_what_was_sent_needs_nothing_attached(
    person: Somebody, desk_settings: ServingSettings, drafted: str
) -> None:
    with closing(open_requests(desk_settings.home)) as requests:
        sent = RequestChange(act_id=drafted, state="sent", at=3, by_whom="Ada")
        assert requests.change(sent)
    shown = person("collections").opens(customer_path(LATE)).text
    said = messages("en")
    assert str(said["desk.acts.attach"]) not in shown
    assert f"{said['desk.request.sent']}</span>" in shown
