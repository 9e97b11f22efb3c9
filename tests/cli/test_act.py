"""`forbear act`: what is shown, what is refused, and that a dry run does nothing."""

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from execution.fakes.partner_center import FakePartnerCenter
from execution.fakes.server import Headers, Json, serving
from store.act import Act
from store.opening import open_acts, open_key_store
from tests.cli.conftest import Run
from tests.execution.conftest import an_act
from tests.execution.test_plan import an_answer, record
from tests.execution.test_recommended_measures import recommended

ACT = an_act(n_approvals=2)
AT_URL = ["--provider-url", "https://pc.example"]  # of the command that comes next


@pytest.fixture
def planned(home: Path) -> Path:
    open_key_store(home).close()
    acts = open_acts(home)
    acts.plan([ACT])
    acts.close()
    return home


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Options that name a fake with two subscriptions of acme."""
    for name in ("TENANT", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"FORBEAR_PARTNER_CENTER_{name}", "test")
    fake = FakePartnerCenter()
    fake.add("acme", "s1")
    fake.add("acme", "s2", ParentSubscriptionId="s1")
    with serving(fake) as url:
        yield ["--provider-url", url, "--login-url", url]


@pytest.mark.usefixtures("planned")
def test_people_agree_one_by_one(forbear: Run) -> None:
    listed = forbear("act", "list", "--state", "planned")
    assert ACT.act_id in listed.out
    assert "0 of 2" in listed.out
    assert ACT.run_id in listed.out
    again = "Ada agreed already: a name counts once, ask somebody else\n"
    for name, count, why in (("Ada", 1, ""), ("Ada", 1, again), ("Grace", 2, "")):
        agreed = forbear("act", "approve", ACT.act_id, "--by", name)
        assert agreed.out == f"{why}{count} of 2 agreed to suspend acme\n"


@pytest.mark.usefixtures("planned")
def test_an_id_stays_whole_in_a_pipe(
    forbear: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = "subscription-" + "9" * 200
    acts = open_acts(home)
    acts.plan([an_act(subscription=wide)])
    acts.close()
    monkeypatch.setenv("COLUMNS", "90")  # of a terminal that nobody looks at
    assert wide in forbear("act", "list").out


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["approve", "a-none", "--by", "Ada"], "unknown_act"),
        (["retry", "a-none"], "unknown_act"),
        (["retry", ACT.act_id], "act_is_over"),
        (["plan"], "missing_setting"),
        (
            ["plan", "--provider", "kill-bill", "--provider-url", "https://kb"],
            "missing_setting",
        ),
        (["run"], "missing_setting"),
        (["run", "--provider-url", "http://example.org"], "bad_setting"),
    ],
)
def test_what_cannot_be_is_one_line(
    forbear: Run, words: list[str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORBEAR_PARTNER_CENTER_TENANT", raising=False)
    ran = forbear("act", *words)
    assert ran.code == 2
    assert ran.err.endswith(f"[{code}]\n")


def test_without_decisions_nothing_is_listed(forbear: Run) -> None:
    assert "[no_decisions]" in forbear("act", "list").err


def test_what_was_decided_is_planned_children_first(
    forbear: Run, home: Path, provider: list[str]
) -> None:
    record(home, ("acme", an_answer()), recorded_at=time.time_ns() // 1_000)
    ran = forbear("act", "plan", *provider)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("2 new acts from 1 decision, in run-")
    again = forbear("act", "plan", *provider)
    assert again.out.startswith("0 new acts from 1 decision, in run-")
    assert planned_order(home) == ["s2", "s1"]


class Scorer:
    """Answers about customers as of now; as our own service does."""

    with_mark = False

    def __init__(self) -> None:
        self.changes: list[tuple[str, str]] = []
        self.answers: dict[str, dict[str, Any]] = {}

    def answer(
        self, method: str, path: str, headers: Headers, content: Json
    ) -> tuple[int, Json]:
        assert (method, path) == ("POST", "/v1/score")
        return 200, self.answers[content["customer_id"]]


@pytest.fixture
def scorer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scorer]:
    scorer = Scorer()
    with serving(scorer) as url:
        monkeypatch.setenv("FORBEAR_SERVICE_URL", url)
        monkeypatch.setenv("FORBEAR_KEY", "fb_none")
        yield scorer


def beside(name: str) -> dict[str, Any]:
    measures = {"measures": [recommended(name, 1)]}
    return an_answer(action="review", permission=measures)


def decided_to(home: Path, *names: str) -> None:
    """A decision that recommends each measure, about `acme-NAME`."""
    now = time.time_ns() // 1_000
    for i, name in enumerate(names):
        record(home, (f"acme-{name}", beside(name)), recorded_at=now, number=i)


def test_what_the_provider_has_not_is_listed_for_a_person(
    forbear: Run, home: Path, provider: list[str], tmp_path: Path, scorer: Scorer
) -> None:
    names = "prepayment", "restrict"
    decided_to(home, *names)
    scorer.answers = {f"acme-{name}": beside(name) for name in names}
    ran = forbear("act", "plan", *provider)
    assert ran.code == 0, ran.err
    assert "2 measures are recommended that partner-center has not" in ran.out
    for name in names:
        assert f"acme-{name}" in ran.out
    file = tmp_path / "orders.csv"
    ran = forbear("act", "plan", "--by-hand", str(file), *provider)
    assert "acme-prepayment" not in ran.out + ran.err  # in the file alone
    with file.open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert [(row["customer_id"], row["measure"], row["limit"]) for row in rows] == [
        ("acme-prepayment", "prepayment", ""),
        ("acme-restrict", "restrict", ""),
    ]
    assert all(row["decided_at"] <= row["checked_at"] for row in rows)
    assert file.stat().st_mode & 0o077 == 0


def test_what_is_not_recommended_any_more_is_not_ordered(
    forbear: Run, home: Path, provider: list[str], scorer: Scorer
) -> None:
    names = "prepayment", "restrict", "stop_charging"
    decided_to(home, *names)
    newer = beside("stop_charging") | {"question": {"policy_hash": "p2"}}
    scorer.answers = {
        "acme-prepayment": beside("prepayment"),
        "acme-restrict": an_answer(action="none"),  # a promise, a dispute, an appeal
        "acme-stop_charging": newer,
    }
    ran = forbear("act", "plan", *provider)
    assert ran.code == 0, ran.err
    assert "1 measure is recommended that" in ran.out
    for name, code in (("restrict", "milder_now"), ("stop_charging", "policy_changed")):
        told = f"acme-{name}: {name} is not recommended any more ({code})"
        assert told in ran.out
        assert ran.out.count(f"acme-{name}") == 1


def test_what_cannot_be_checked_again_is_not_listed(
    forbear: Run,
    home: Path,
    provider: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FORBEAR_KEY", raising=False)
    decided_to(home, "prepayment")
    file = tmp_path / "orders.csv"
    ran = forbear("act", "plan", "--by-hand", str(file), *provider)
    assert (ran.code, "[missing_setting]" in ran.out) == (1, True), ran.err
    assert "acme-prepayment" not in ran.out
    assert not file.exists()


def planned_order(home: Path) -> list[str]:
    acts = open_acts(home)
    listed: list[Act] = acts.listed(10)
    acts.close()
    return [act.subscription_id for act in reversed(listed)]


@pytest.mark.usefixtures("planned")
def test_undo_says_what_it_withdrew_and_by_whom(forbear: Run, home: Path) -> None:
    assert forbear("act", "undo", ACT.run_id).code == 2  # nobody ordered it
    ran = forbear("act", "undo", ACT.run_id, "--by", "Ada", *AT_URL)
    assert ran.out.startswith("1 act withdrawn, 0 under way")
    acts = open_acts(home)
    assert acts.find(ACT.act_id).state == "withdrawn"
    acts.close()
    again = forbear("act", "undo", ACT.run_id, "--by", "Ada")
    assert "nothing is to be given back" in again.out
    assert "to carry them out" not in again.out


def test_a_meter_of_another_customer_is_none_of_the_one_given_back_to(
    forbear: Run, planned: Path
) -> None:
    meter = an_act("other", kind="stop_meter", reason="", run_id=ACT.run_id)
    acts = open_acts(planned)
    acts.plan([meter])
    [claimed] = acts.claim(meter.provider, meter.due_at, meter.due_at + 10, 5)
    acts.settle(claimed, "done", meter.due_at)
    acts.close()
    undo = ["act", "undo", ACT.run_id, "--by", "Ada", "--customer"]
    assert "meters" not in forbear(*undo, ACT.customer_id).out
    assert "meters that were stopped stay so" in forbear(*undo, "other").out


def test_a_service_that_is_not_there_stops_everything(
    forbear: Run,
    home: Path,
    planned: Path,
    provider: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("Ada", "Grace"):
        forbear("act", "approve", ACT.act_id, "--by", name)
    monkeypatch.setenv("FORBEAR_KEY", "fb_none")
    monkeypatch.setenv("FORBEAR_SERVICE_URL", "http://127.0.0.1:9")
    dry = forbear("act", "run", *provider)
    assert "[service_unusable]" in dry.err
    ran = forbear("act", "run", "--really", *provider)
    assert (ran.code, ran.out) == (2, "")
    assert "[service_unusable]" in ran.err


def test_ids_of_the_provider_come_from_a_file(
    forbear: Run, home: Path, provider: list[str], tmp_path: Path
) -> None:
    ids = tmp_path / "ids.csv"
    ids.write_text("customer_id,provider_id\nours,acme\n,\n,\n")
    record(home, ("ours", an_answer()), recorded_at=time.time_ns() // 1_000)
    ran = forbear("act", "plan", "--customers", ids, *provider)
    assert "2 new acts" in ran.out
    ids.write_text("a,b\n")
    assert forbear("act", "plan", "--customers", ids, *provider).code == 2
    ids.write_text("customer_id,provider_id\nours\n")
    assert forbear("act", "plan", "--customers", ids, *provider).code == 2
