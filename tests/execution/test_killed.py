"""Killed at any moment, `forbear act run` neither acts twice nor forgets it."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from decisions.policy_file.load import SHIPPED
from execution.fakes.partner_center import FakePartnerCenter
from execution.fakes.server import serving
from execution.plan import plan_run
from store.opening import open_acts, open_decision_reader
from tests.execution.conftest import partner_center
from tests.execution.test_with_the_service import TABLES, a_suspect, ago
from tests.serving.conftest import a_bundle, published
from tests.serving.processes import Service, running

N_CUSTOMERS = 12
MOST_TRIES = 20 * N_CUSTOMERS  # of each dozen; most are killed before they act


@pytest.mark.slow
@pytest.mark.parametrize(
    "n_kills",
    [pytest.param(4, id="few"), pytest.param(200, id="many", marks=pytest.mark.long)],
)
def test_no_act_is_lost_and_none_is_done_twice(tmp_path: Path, n_kills: int) -> None:
    home, chance = tmp_path / "state", random.Random(7)
    published(a_bundle("nonpayment"), home)
    published(a_bundle("fraud", intercept=-5.0), home)
    fake, n_done, n_killed = FakePartnerCenter(), 0, 0
    policy = with_room_for_stops(tmp_path / "policy.yaml")
    with (
        serving(fake) as url,
        running(home, customers=1_000_000, policy=policy) as service,
    ):
        for begin in range(0, 10_000, N_CUSTOMERS):
            names = [f"c{n}" for n in range(begin, begin + N_CUSTOMERS)]
            planned(home, service, fake, names)
            n_tries = 0
            while any(fake.state(name, f"s-{name}") == "active" for name in names):
                n_tries += 1  # in tries, not in seconds: the machine may be busy
                assert n_tries <= MOST_TRIES
                n_before = fake.n_asked
                process = run(service, home, url)
                if n_killed < n_kills:
                    let_it_begin(process, fake, n_before)
                    time.sleep(chance.uniform(0.0, 1.0))
                    n_killed += process.poll() is None
                    process.kill()
                process.wait(60)
                let_time_pass(home)
            n_done += N_CUSTOMERS
            if n_killed >= n_kills:
                break
        run(service, home, url).wait(60)
    stopped = sorted(name for name, _ in fake.changes)
    assert stopped == sorted(f"s-c{n}" for n in range(n_done))
    acts = open_acts(home)
    listed = acts.listed(10_000)
    acts.close()
    stops = [act for act in listed if act.kind == "suspend"]
    assert {(act.state, act.is_reported) for act in stops} == {("done", True)}
    print(f"{n_killed} kills, {len(stops)} acts, none lost and none twice")  # noqa: T201
    # every pause has one planned end
    restored = [act.customer_id for act in listed if act.kind == "restore"]
    assert sorted(restored) == sorted(act.customer_id for act in stops)


def let_it_begin(
    process: "subprocess.Popen[bytes]", fake: FakePartnerCenter, n_before: int
) -> None:
    """Until the provider is asked: how long that takes is the machine's affair."""
    while fake.n_asked == n_before and process.poll() is None:
        time.sleep(0.005)


def let_time_pass(home: Path) -> None:
    """Leases and pauses of a process that is no more are over."""
    with closing(sqlite3.connect(home / "decisions.sqlite")) as db, db:
        db.execute("UPDATE acts SET leased_until = 0, due_at = planned_at")


def with_room_for_stops(file: Path) -> Path:
    """The shipped policy, but for how many it stops in an hour and in a day."""
    text = (SHIPPED / "reseller-default.yaml").read_text(encoding="utf-8")
    for limit in ("per_hour: 20", "per_day: 100"):
        assert text.count(limit) == 1
        text = text.replace(limit, limit.partition(":")[0] + ": 100000")
    file.write_text(text, encoding="utf-8")
    return file


def planned(
    home: Path, service: Service, fake: FakePartnerCenter, names: list[str]
) -> None:
    """Customers who are to be stopped, and the acts of that."""
    with service.client() as client:
        for name in names:
            fake.add(name, f"s-{name}")
            events = a_suspect(name)
            sent = {"customer_id": name, "events": events}
            sent["observed"] = dict.fromkeys(TABLES, ago(seconds=0))
            client.post("/v1/events", json=sent).raise_for_status()
            answer = client.post("/v1/score", json={"customer_id": name}).json()
            assert answer["action"] == "suspend", answer
    now = time.time_ns() // 1_000
    reader, acts = open_decision_reader(home), open_acts(home)
    with partner_center(fake) as provider:
        acts.plan(plan_run(reader, acts, provider, now - 600_000_000, now).acts)
    reader.close()
    acts.close()


def run(service: Service, home: Path, url: str) -> "subprocess.Popen[bytes]":
    credentials = ("TENANT", "CLIENT_ID", "CLIENT_SECRET")
    environment = {
        **os.environ,
        "FORBEAR_HOME": str(home),
        "FORBEAR_SERVICE_URL": f"http://127.0.0.1:{service.port}",
        "FORBEAR_KEY": service.key,
        **{f"FORBEAR_PARTNER_CENTER_{name}": "test" for name in credentials},
    }
    command = [sys.executable, "-m", "cli.main", "act", "run", "--really"]
    return subprocess.Popen(
        [*command, "--provider-url", url, "--login-url", url],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
