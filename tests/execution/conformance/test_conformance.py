"""What any provider must do, shown on each by its protocol, with its faults."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, message_from_string, policy
from pathlib import Path

import httpx
import pytest

from execution.conformance import check_changing, check_reading
from execution.errors import (
    ExecutionError,
    NotOfferedError,
    ProviderAccessError,
    ProviderBusyError,
    ProviderChangedError,
    ProviderRefusedError,
    ProviderUnreachableError,
)
from execution.fakes.by_name import FAKES, FakeProvider
from execution.fakes.google import ACCOUNT
from execution.fakes.server import RETRY_AFTER_S, Fault, serving
from execution.fakes.webhook import SECRET
from execution.port import OpenedRequest, Provider, RequestText
from execution.providers.by_name import CHOICES, Connection

NAMES = {
    "PARTNER_CENTER": ("TENANT", "CLIENT_ID", "CLIENT_SECRET"),
    "KILL_BILL": ("USER", "PASSWORD", "API_KEY", "API_SECRET"),
    "GOOGLE": ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"),
    "WHMCS": ("IDENTIFIER", "SECRET"),
}
ENVIRONMENT = {
    "FORBEAR_GOOGLE_ACCOUNT": ACCOUNT,
    "FORBEAR_ACT_WEBHOOK_SECRET": SECRET,
    **{f"FORBEAR_{who}_{name}": "test" for who, all_ in NAMES.items() for name in all_},
}
Connect = Callable[[Path | None], Provider]


@pytest.fixture(params=sorted(FAKES))
def name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def fake(name: str) -> FakeProvider:
    fake = FAKES[name]()
    fake.add("acme", "s1")
    fake.add("brix", "s9")
    return fake


@pytest.fixture
def connect(name: str, fake: FakeProvider) -> Iterator[Connect]:
    with serving(fake) as url, httpx.Client(base_url=url, timeout=30.0) as client:

        def connected(drafts: Path | None) -> Provider:
            connection = Connection(
                client=client, environment=ENVIRONMENT, drafts=drafts, login_url=url
            )
            return CHOICES[name].connect(connection)

        yield connected


@pytest.fixture
def provider(connect: Connect, tmp_path: Path) -> Provider:
    return connect(tmp_path / "drafts")


def test_every_provider_has_its_fake() -> None:
    assert set(FAKES) == set(CHOICES)


def test_the_promises_of_the_port_are_kept(
    fake: FakeProvider, provider: Provider
) -> None:
    about = provider, "acme", "s1"
    found = [*check_reading(*about), *check_changing(*about, sleep=lambda _: None)]
    assert [one for one in found if not one.is_kept] == []
    assert len(fake.changes) == 2


def suspend(provider: Provider) -> None:
    provider.suspend("acme", "s1", "a1")


@pytest.mark.parametrize("with_mark", [False, True], ids=["plain", "behind a mark"])
def test_access_goes_and_comes_back(
    fake: FakeProvider, provider: Provider, with_mark: bool
) -> None:
    fake.with_mark = with_mark
    assert provider.status("acme", "s1").state == "active"
    suspend(provider)
    assert provider.status("acme", "s1").state == "suspended"
    [listed] = provider.subscriptions("acme")
    assert (listed.subscription_id, listed.state) == ("s1", "suspended")
    provider.restore("acme", "s1", "a2")
    assert provider.status("acme", "s1").state == "active"
    assert len(fake.changes) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("busy", ProviderBusyError),
        ("failed", ProviderUnreachableError),
        ("changed", ProviderChangedError),
        ("conflict", ProviderRefusedError),
    ],
)
def test_each_refusal_is_told_apart(
    fake: FakeProvider, provider: Provider, fault: Fault, error: type[ExecutionError]
) -> None:
    fake.faults.append(fault)
    with pytest.raises(error) as raised:
        suspend(provider)
    assert fake.changes == []
    assert "acme" not in str(raised.value)
    suspend(provider)
    assert len(fake.changes) == 1


def test_a_pause_is_as_long_as_the_provider_asks(
    fake: FakeProvider, provider: Provider
) -> None:
    fake.faults.append("busy")
    with pytest.raises(ProviderBusyError) as raised:
        suspend(provider)
    assert raised.value.retry_after_s == RETRY_AFTER_S


def test_what_was_done_behind_a_failure_is_seen(
    fake: FakeProvider, provider: Provider
) -> None:
    fake.faults.append("failed_after_acting")
    with pytest.raises(ProviderUnreachableError):
        suspend(provider)
    assert provider.status("acme", "s1").state == "suspended"


def test_what_is_asked_for_twice_is_done_once(
    fake: FakeProvider, provider: Provider
) -> None:
    suspend(provider)
    suspend(provider)
    assert len(fake.changes) == 1
    assert provider.status("acme", "s1").state == "suspended"


def test_a_list_of_several_pages_is_read_to_its_end(
    fake: FakeProvider, provider: Provider
) -> None:
    names = ["s1", *(f"t{number}" for number in range(5))]
    for one in names[1:]:
        fake.add("acme", one)
    listed = [one.subscription_id for one in provider.subscriptions("acme")]
    assert sorted(listed) == names


STATE_NAMES = {
    "partner-center": "Status",
    "google-channel": "provisioningState",
    "google-reseller": "status",
    "whmcs": "status",
}


def test_a_state_nobody_listed_has_no_meaning(
    name: str, fake: FakeProvider, provider: Provider
) -> None:
    fake.add("acme", "s2", **{STATE_NAMES.get(name, "state"): "SomethingNew"})
    status = provider.status("acme", "s2")
    assert (status.state, status.stated) == ("unknown", "SomethingNew")


def test_a_state_in_another_case_has_its_meaning(
    name: str, fake: FakeProvider, provider: Provider
) -> None:
    suspended = "bLOCKED" if name == "kill-bill" else "sUSPENDED"
    fake.add("acme", "s2", **{STATE_NAMES.get(name, "state"): suspended})
    assert provider.status("acme", "s2").state == "suspended"


def test_who_is_not_let_in_is_told_so(
    name: str, fake: FakeProvider, provider: Provider
) -> None:
    status = 403 if name == "whmcs" else 401
    fake.answer = lambda *_: (status, {})  # type: ignore[method-assign]
    with pytest.raises(ProviderAccessError):
        provider.status("acme", "s1")


def test_a_slow_answer_is_waited_for(fake: FakeProvider, provider: Provider) -> None:
    fake.faults.append("slow")
    suspend(provider)
    assert provider.status("acme", "s1").state == "suspended"


def test_another_customers_subscription_is_refused(provider: Provider) -> None:
    with pytest.raises(ProviderRefusedError):
        provider.status("acme", "s9")
    with pytest.raises(ProviderRefusedError):
        provider.suspend("acme", "s9", "a1")


def test_a_customer_of_nobody_is_refused(provider: Provider) -> None:
    with pytest.raises(ProviderRefusedError):
        provider.subscriptions("nobody")


@pytest.mark.parametrize("odd", ["../../x", "..", "a/b?c=d#e"])
def test_an_id_leads_nowhere_else(provider: Provider, odd: str) -> None:
    with pytest.raises(ProviderRefusedError):
        provider.status("acme", odd)
    with pytest.raises(ProviderRefusedError):
        provider.subscriptions(odd)


TEXT = RequestText(
    title="Under review", description="Please look.", evidence_of="d0198"
)


def test_a_service_request_is_opened_once(
    name: str, provider: Provider, tmp_path: Path
) -> None:
    opened = provider.open_request("acme", TEXT, "a7")
    assert provider.open_request("acme", TEXT, "a7") == opened
    if "request_state" in provider.offers and not opened.is_draft:
        assert provider.request_state(opened.number) == "sent"
        return
    assert opened == OpenedRequest("a7.eml", is_draft=True)
    mail, note = sorted((tmp_path / "drafts").iterdir())
    written = message_from_string(mail.read_text(), policy=policy.default)
    assert "Please look." in written.get_content()
    # nothing is attached yet: that is for the person to do, and not for the provider
    assert "attach" not in mail.read_text().lower()
    assert "d0198" not in mail.read_text()
    assert note.name == "a7.note.txt"
    assert "forbear evidence d0198 --out FOLDER" in note.read_text()
    assert "attach evidence.pdf and manifest.json" in note.read_text()
    assert all(file.stat().st_mode & 0o077 == 0 for file in (mail, note))


def test_files_that_are_at_hand_go_with_a_prepared_mail(
    name: str, provider: Provider, tmp_path: Path
) -> None:
    files = ("evidence.pdf", b"%PDF-1.4 \x00\xff"), ("manifest.json", b"{}\n")
    opened = provider.open_request("acme", replace(TEXT, attachments=files), "a8")
    if not opened.is_draft:
        return
    [mail] = (tmp_path / "drafts").iterdir()  # and no note that asks for them
    written = message_from_bytes(mail.read_bytes(), policy=policy.default)
    attached = {p.get_filename(): p for p in written.iter_attachments()}
    assert attached["evidence.pdf"].get_content_type() == "application/pdf"
    assert attached["evidence.pdf"].get_content() == files[0][1]
    assert attached["manifest.json"].get_content() in (b"{}\n", "{}\n")


@pytest.mark.parametrize("name", sorted(set(FAKES) - {"webhook"}))
def test_without_a_folder_for_mails_there_are_none(connect: Connect) -> None:
    with pytest.raises(NotOfferedError):
        connect(None).open_request("acme", TEXT, "a7")
