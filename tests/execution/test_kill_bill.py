"""Kill Bill: its own words for states, and blocks that are not ours."""

from pathlib import Path

import httpx
import pytest

from execution.asking import read
from execution.errors import (
    MissingSettingError,
    ProviderAccessError,
    ProviderUnreachableError,
)
from execution.fakes.kill_bill import FakeKillBill
from execution.plan import in_order, plan_run
from execution.providers.kill_bill import (
    OVERDUE_ENFORCEMENT_OFF,
    KillBill,
    KillBillCredentials,
)
from store.opening import open_acts, open_decision_reader
from tests.execution.conftest import NOW, an_act, kill_bill
from tests.execution.test_plan import an_answer, record

STATES = {
    "PENDING": "pending",
    "CANCELLED": "ended",
    "EXPIRED": "ended",
    "SOMETHING_NEW": "unknown",
}


@pytest.mark.parametrize(("stated", "state"), STATES.items())
def test_each_of_its_words_has_one_meaning(stated: str, state: str) -> None:
    fake = FakeKillBill()
    fake.add("acme", "s1", state=stated)
    with kill_bill(fake) as provider:
        assert provider.status("acme", "s1").state == state


def test_what_another_service_blocks_stays_blocked() -> None:
    fake = FakeKillBill()
    fake.add("acme", "s1")
    fake.blocked["s1", "overdue-service"] = True
    with kill_bill(fake) as provider:
        provider.suspend("acme", "s1", "a1")
        provider.restore("acme", "s1", "a2")
        assert provider.status("acme", "s1").state == "suspended"
    assert [state for _, state in fake.changes] == [
        "FORBEAR_SUSPENDED",
        "FORBEAR_CLEAR",
    ]


def test_add_ons_depend_on_their_base() -> None:
    fake = FakeKillBill()
    fake.add("acme", "base")
    fake.add("acme", "add-on", productCategory="ADD_ON")
    with kill_bill(fake) as provider:
        listed = provider.subscriptions("acme")
    assert in_order("suspend", listed) == ["add-on", "base"]
    assert in_order("restore", listed) == ["base", "add-on"]


def test_credentials_are_named_when_missing_and_never_shown() -> None:
    stated = {f"FORBEAR_KILL_BILL_{name}": "hidden" for name in ("PASSWORD", "API_KEY")}
    with pytest.raises(MissingSettingError, match="FORBEAR_KILL_BILL_USER"):
        KillBillCredentials.of_environment(stated)
    stated |= {f"FORBEAR_KILL_BILL_{name}": "hidden" for name in ("USER", "API_SECRET")}
    shown = repr(KillBillCredentials.of_environment(stated))
    assert shown.count("hidden") == 1  # the user's name


def test_who_is_not_let_in_is_told_so() -> None:
    fake = FakeKillBill()
    fake.add("acme", "s1")
    with kill_bill(fake) as provider:
        provider._client.auth = httpx.Auth()  # brings nothing
        with pytest.raises(ProviderAccessError):
            provider.status("acme", "s1")


@pytest.mark.parametrize("body", ["[]", "7", "<html>", "{}"])
def test_an_answer_of_another_form_is_no_answer(body: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=body)

    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://kb")
    provider = KillBill(client, KillBillCredentials("u", "p", "k", "s"))
    with pytest.raises(ProviderUnreachableError):
        provider.status("acme", "s1")


def spared() -> FakeKillBill:
    fake = FakeKillBill()
    fake.add("acme", "s1")
    fake.tags["acme"] = {OVERDUE_ENFORCEMENT_OFF}
    return fake


def test_an_account_that_kill_bill_spares_is_spared() -> None:
    with kill_bill(spared()) as provider:
        [listed] = provider.subscriptions("acme")
        now = provider.status("acme", "s1")
        for kind, reason, may in (
            ("suspend", "nonpayment", False),
            ("suspend", "fraud", True),
            ("suspend", "manual", True),
        ):
            act = an_act(kind=kind, reason=reason)
            reading = read(provider, act)
            assert reading is not None
            assert (reading.is_done, reading.may_be_asked) == (False, may)
            assert (reading.stated == "OVERDUE_ENFORCEMENT_OFF") != may
    assert listed.spared_by == now.spared_by == "OVERDUE_ENFORCEMENT_OFF"


def test_who_blocks_is_read_and_kept_as_proof() -> None:
    fake = FakeKillBill()
    fake.add("acme", "s1")
    fake.add("brix", "s9")
    fake.blocked["brix", "overdue-service"] = True
    with kill_bill(fake) as provider:
        provider.suspend("acme", "s1", "a1")
        assert provider.status("acme", "s1").blocked_by == ("forbear",)
        fake.blocked["acme", "overdue-service"] = True  # the account as a whole
        assert provider.status("acme", "s1").blocked_by == (
            "forbear",
            "overdue-service",
        )
        provider.restore("acme", "s1", "a2")
        now = provider.status("acme", "s1")
        assert (now.state, now.blocked_by) == ("suspended", ("overdue-service",))
        fake.blocked["acme", "overdue-service"] = False
        now = provider.status("acme", "s1")
        assert (now.state, now.blocked_by, now.spared_by) == ("active", (), None)


def test_whether_it_is_billed_on_is_read_from_who_blocks() -> None:
    fake = FakeKillBill()
    fake.add("acme", "s1")
    with kill_bill(fake) as provider:
        provider.suspend("acme", "s1", "a1")
        assert provider.status("acme", "s1").is_billed_while_suspended is True
        fake.blocked["acme", "overdue-service"] = True
        fake.unbilled.add(("acme", "overdue-service"))
        assert provider.status("acme", "s1").is_billed_while_suspended is False
        fake.blocked["acme", "overdue-service"] = False  # paid: its overdue is clear
        assert provider.status("acme", "s1").is_billed_while_suspended is True


def test_a_block_that_is_to_come_blocks_nothing_yet() -> None:
    fake = FakeKillBill()
    fake.add("acme", "s1")
    fake.blocked["s1", "overdue-service"] = True
    fake.begins["s1", "overdue-service"] = "2999-01-01T00:00:00.000Z"
    with kill_bill(fake) as provider:
        assert provider.status("acme", "s1").blocked_by == ()
        fake.begins["s1", "overdue-service"] = "2026-01-01"
        assert provider.status("acme", "s1").blocked_by == ("overdue-service",)


@pytest.mark.parametrize(("basis", "n"), [("nonpayment", 0), ("fraud", 1)])
def test_a_spared_account_is_not_planned(tmp_path: Path, basis: str, n: int) -> None:
    answer = an_answer(permission={"basis": basis, "subscriptions": []})
    record(tmp_path, ("acme", answer))
    acts, decisions = open_acts(tmp_path), open_decision_reader(tmp_path)
    with kill_bill(spared()) as provider:
        run = plan_run(decisions, acts, provider, NOW - 1, NOW + 10)
    assert (len(run.acts), run.n_spared) == (n, 1 - n)
    for opened in (acts, decisions):
        opened.close()
