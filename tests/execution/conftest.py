"""A provider that is none, acts in a file, and a judge whose word the test chooses."""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from execution.fakes.kill_bill import FakeKillBill
from execution.fakes.partner_center import FakePartnerCenter
from execution.fakes.server import serving
from execution.providers.kill_bill import KillBill, KillBillCredentials
from execution.providers.partner_center import PartnerCenter
from execution.providers.partner_tokens import Credentials, Tokens
from execution.recheck import PERMITTED, Recheck, Verdict
from execution.service import Service
from store.act import Act, act_id_of
from store.acts import Acts
from store.opening import open_acts, open_key_store

CREDENTIALS = Credentials("tenant", "application", "secret")
PROVIDER = "partner-center"
NOW = 1_782_000_000_000_000  # 2026-06-21


def an_act(customer: str = "acme", subscription: str = "s1", **changes: object) -> Act:
    described: dict[str, Any] = {
        "run_id": "run-1",
        "decision_id": f"d-{customer}",
        "customer_id": customer,
        "subscription_id": subscription,
        "kind": "suspend",
        "reason": "fraud",
        "provider": PROVIDER,
        "policy_hash": "p1",
        "n_approvals": 0,
        "planned_at": NOW,
        "due_at": NOW,
    } | changes
    parts = (
        described["provider"],
        described["decision_id"],
        described["kind"],
        described["subscription_id"],
    )
    return Act(act_id=act_id_of(*parts), **described)


@contextmanager
def partner_center(
    fake: FakePartnerCenter, drafts: Path | None = None
) -> Iterator[PartnerCenter]:
    with serving(fake) as url, httpx.Client(base_url=url, timeout=30.0) as client:
        tokens = Tokens(client, CREDENTIALS, url)
        yield PartnerCenter(client, tokens, drafts=drafts)


@contextmanager
def kill_bill(fake: FakeKillBill, drafts: Path | None = None) -> Iterator[KillBill]:
    credentials = KillBillCredentials("admin", "password", "key", "secret")
    with serving(fake) as url, httpx.Client(base_url=url, timeout=30.0) as client:
        yield KillBill(client, credentials, drafts=drafts)


@dataclass
class StatedRecheck(Recheck):
    """Permits, but for the verdicts in the queue."""

    verdicts: deque[Verdict] = field(default_factory=deque)
    asked: list[str] = field(default_factory=list)

    def verdict(self, act: Act) -> Verdict:
        self.asked.append(act.act_id)
        return self.verdicts.popleft() if self.verdicts else PERMITTED


class Told(Service):
    """Keeps what it was told instead of sending it."""

    def __init__(self) -> None:
        self.acts: list[tuple[str, str, str]] = []

    def report(self, act: Act, by: str, terms: Mapping[str, Any]) -> None:
        self.acts.append((act.kind, act.subscription_id, by))


@pytest.fixture
def fake() -> FakePartnerCenter:
    fake = FakePartnerCenter()
    for name in ("acme", "brix", "corp"):
        fake.add(name, "s1")
    return fake


@pytest.fixture
def provider(fake: FakePartnerCenter, tmp_path: Path) -> Iterator[PartnerCenter]:
    with partner_center(fake, tmp_path / "drafts") as provider:
        yield provider


@pytest.fixture
def acts(tmp_path: Path) -> Iterator[Acts]:
    open_key_store(tmp_path).close()  # a store is there
    acts = open_acts(tmp_path)
    yield acts
    acts.close()
