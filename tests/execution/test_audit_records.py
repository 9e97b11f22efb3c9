"""What Partner Center has on record of our acts, page by page, and kept as proof."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from execution.access_request import _own_proof
from execution.audit_records import audited, bring_audit_records
from execution.errors import NotOfferedError, ProviderUnreachableError
from execution.fakes.kill_bill import FakeKillBill
from execution.fakes.partner_audit import ADMIN
from execution.fakes.partner_center import FakePartnerCenter
from execution.providers.partner_audit import _next
from features.moments import microseconds
from store.acts import Acts
from store.opening import open_acts, open_key_store
from tests.execution.conftest import PROVIDER, an_act, kill_bill, partner_center

KINDS = ("suspend", "restore")
FAR = 10**18


@pytest.fixture
def acts(tmp_path: Path) -> Iterator[Acts]:
    open_key_store(tmp_path).close()
    acts = open_acts(tmp_path)
    yield acts
    acts.close()


def _now() -> int:
    return microseconds(datetime.now(UTC))


def did(acts: Acts, fake: FakePartnerCenter, n: int = 2) -> None:
    """Stops and restorations of one subscription, done here and there."""
    with partner_center(fake) as provider:
        for i in range(n):
            kind = KINDS[i % 2]
            act = an_act(kind=kind, decision_id=f"d{i}", planned_at=_now(), due_at=0)
            acts.plan([act])
            [claimed] = acts.claim(PROVIDER, _now(), FAR, 1)
            assert acts.mark_asked(claimed, _now())
            ask = provider.suspend if kind == "suspend" else provider.restore
            ask("acme", "s1", act.act_id)
            acts.settle(claimed, "done", _now(), None, json.dumps({"stated": kind}))
            [again] = acts.claim(PROVIDER, _now(), FAR, 1)
            acts.mark_reported(again)


def test_records_are_read_page_by_page_and_kept_with_the_proof(acts: Acts) -> None:
    fake = FakePartnerCenter()
    fake.add("acme", "s1")
    did(acts, fake, 5)
    with partner_center(fake) as provider:
        found = bring_audit_records(provider, acts, 0)
        assert found == (5, 5)
        assert fake.audit.n_pages == 3
        assert bring_audit_records(provider, acts, 0) == (0, 0)  # kept already
    for act in acts.listed(10):
        became = {record["became"] for record in audited(act)}
        assert became == {"suspended" if act.kind == "suspend" else "active"}
        assert {record["by"] for record in audited(act)} == {ADMIN}
        assert json.loads(act.proof or "")["stated"] == act.kind
        told = _own_proof({"proof": act.proof})  # to the customer: not who of our staff
        assert ADMIN not in told["proof"]
        assert "became" in told["proof"]


def test_what_is_not_on_record_yet_is_looked_for_again(acts: Acts) -> None:
    fake = FakePartnerCenter()
    fake.add("acme", "s1")
    did(acts, fake, 1)
    late, fake.audit.records = fake.audit.records, []
    with partner_center(fake) as provider:
        assert bring_audit_records(provider, acts, 0) == (1, 0)
        assert bring_audit_records(provider, acts, _now()) == (0, 0)  # too long ago
        fake.audit.records = late
        assert bring_audit_records(provider, acts, 0) == (1, 1)


def test_records_of_others_are_not_ours(acts: Acts) -> None:
    fake = FakePartnerCenter()
    fake.add("acme", "s1")
    did(acts, fake, 1)
    [record] = fake.audit.records
    other = json.dumps({"id": "s2", "status": "suspended"})
    long_ago = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    fake.audit.records = [
        {**record, "resourceNewValue": other},
        {**record, "operationDate": long_ago},
        {**record, "resourceType": "order"},
        {**record, "resourceNewValue": "{"},
        {**record, "operationDate": None},
        {**record, "operationStatus": "failed"},
    ]
    with partner_center(fake) as provider:
        assert bring_audit_records(provider, acts, 0) == (1, 0)


def test_the_same_id_in_other_letters_is_the_same(acts: Acts) -> None:
    fake = FakePartnerCenter()
    fake.add("acme", "s1")
    did(acts, fake, 1)
    [record] = fake.audit.records
    capitals = json.dumps({"Id": "S1", "Status": "suspended"})
    fake.audit.records = [{**record, "resourceNewValue": capitals}]
    with partner_center(fake) as provider:
        assert bring_audit_records(provider, acts, 0) == (1, 1)


def test_a_question_spans_thirty_days_and_ends_now(acts: Acts) -> None:
    fake = FakePartnerCenter()
    fake.add("acme", "s1")
    did(acts, fake, 1)
    [record] = fake.audit.records
    now = datetime.now(UTC)
    begin = now - timedelta(days=64)
    moments = [begin, begin + timedelta(days=30), now - timedelta(days=1)]
    fake.audit.records = [{**record, "operationDate": m.isoformat()} for m in moments]
    with partner_center(fake) as provider:
        end = now + timedelta(hours=1)
        told = [one.at for one in provider.audit_records("acme", begin, end)]
    assert told == moments  # each once
    assert len(fake.audit.spans) == 3
    assert all(end <= datetime.now(UTC) for _, end in fake.audit.spans)


def test_a_page_elsewhere_is_not_followed() -> None:
    page = {"uri": "https://elsewhere.example/auditrecords?x=1"}
    with pytest.raises(ProviderUnreachableError):
        _next({"links": {"next": page}})


def test_a_provider_without_records_says_so(acts: Acts) -> None:
    with kill_bill(FakeKillBill()) as provider, pytest.raises(NotOfferedError):
        bring_audit_records(provider, acts, 0)
