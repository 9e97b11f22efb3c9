"""Scores without events in the request: what was sent before, as it was known then."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, cast

import pytest
from httpx import Client, Response
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contract import TABLES
from features.reading.rows import broken_rule
from features.reading.shared_numbers import NAMES_INVOICE
from scoring.bundle import Bundle
from serving.decide import Question
from serving.replay import replay
from serving.request import ScoreRequest
from serving.settings import ServingSettings
from serving.stored_customers import StoredCustomers
from store.decisions import Decision
from store.erasing import erase_everywhere
from store.events import Erasure
from store.opening import open_event_store
from tests.parity.histories import NOW, histories, paid_then_not
from tests.serving.conftest import a_bundle

if TYPE_CHECKING:
    from fastapi import FastAPI

Row = dict[str, Any]
Rows = Sequence[tuple[str, Row]]
PORTFOLIO = a_bundle("fraud").settings
EVENT_TABLES = sorted(set(TABLES) - {"snapshots"})
OWN = {"decision_id", "recorded_at"}
NUMBERS = itertools.count()


def as_json(table: str, row: Row) -> Row:
    """A row as a billing system would send it, with columns the service knows."""
    known = {column.name for column in PORTFOLIO.columns[table]} - {"customer_id"}
    known -= {"currency"}
    cells = {name: row[name] for name in row.keys() & known if row[name] is not None}
    return {name: _cell(value) for name, value in cells.items()}


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def good_rows(history: Sequence[tuple[str, Row]]) -> Rows:
    """Of one customer, those that break no rule: a request may hold no other."""
    rows = [(t, as_json(t, row)) for t, row in history if row["customer_id"] == "ann"]
    return [
        (t, row) for t, row in rows if broken_rule(t, "ann", row, PORTFOLIO) is None
    ]


def own_numbers(rows: Rows, customer_id: str) -> Rows:
    """With numbers of one customer alone, whoever else is stored."""
    numbered = {spec.key[0] for spec in TABLES.values()} - {"customer_id"}
    numbered |= set(NAMES_INVOICE.values())
    return [
        (
            table,
            {
                name: f"{customer_id}-{cell}" if name in numbered else cell
                for name, cell in row.items()
            },
        )
        for table, row in rows
    ]


def adds_up(row: tuple[str, Row]) -> bool:
    """What has to come in one batch: refunds that nothing tells apart."""
    table, cells = row
    is_refund = table == "payments" and cells["status"] == "refunded"
    return is_refund and "refund_id" not in cells


def by_table(rows: Rows) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = {}
    for table, row in rows:
        tables.setdefault(table, []).append(row)
    return tables


def without_own(answer: Response) -> Row:
    assert answer.status_code == 200, answer.text
    said: Row = answer.json()
    return {name: value for name, value in said.items() if name not in OWN}


def test_stored_events_and_sent_ones_give_the_same_answer(client: Client) -> None:
    seen: Counter[str | None] = Counter()

    @settings(max_examples=80)
    @given(
        history=histories(),
        is_in_arrears=st.booleans(),
        stale=st.sets(st.sampled_from(EVENT_TABLES), max_size=2),
        left_out=st.sets(st.sampled_from(EVENT_TABLES), max_size=2),
        parts=st.integers(1, 4),
        dice=st.randoms(use_true_random=False),
    )
    def agree(
        history: Rows,
        is_in_arrears: bool,
        stale: set[str],
        left_out: set[str],
        parts: int,
        dice: Random,
    ) -> None:
        arrears = paid_then_not("ann") if is_in_arrears else []
        customer_id = f"c{next(NUMBERS)}"
        rows = own_numbers(good_rows([*history, *arrears]), customer_id)
        long_ago = NOW - timedelta(days=30)
        observed = {
            table: (long_ago if table in stale else NOW).isoformat()
            for table in EVENT_TABLES
            if table not in left_out
        }
        for batch in dealt(rows, parts, dice):
            body = {"customer_id": customer_id, "events": by_table(batch)}
            said = client.post("/v1/events", json={**body, "observed": observed})
            assert said.json()["rejected"] == 0
        sent = by_table(rows)
        vouched = {table: observed[table] for table in observed.keys() - stale}
        # what a person decided or found out counts, whoever vouches for the table
        looked_at = vouched.keys() | ({"overrides", "outcomes"} & sent.keys())
        events = {table: sent.get(table, []) for table in looked_at}
        # the second time out of memory, whose account is moved to and fro
        for moment in (NOW, NOW - timedelta(days=14), NOW):
            asked = {"customer_id": customer_id, "as_of": moment.isoformat()}
            stored = without_own(client.post("/v1/score", json=asked))
            body = {**asked, "events": events, "observed_until": vouched}
            assert stored == without_own(client.post("/v1/score", json=body))
            seen[stored["action"]] += 1

    agree()
    assert len(seen) >= 3, seen  # there was something to agree on


def dealt(rows: Rows, parts: int, dice: Random) -> list[list[tuple[str, Row]]]:
    """Rows in batches, in any order, some of them twice."""
    batches: list[list[tuple[str, Row]]] = [[] for _ in range(parts)]
    for row in rows:
        batches[0 if adds_up(row) else dice.randrange(parts)].append(row)
        if dice.random() < 0.2 and not adds_up(row):
            dice.choice(batches).append(row)
    for batch in batches:
        dice.shuffle(batch)
    return batches


AT = "2026-05-01T06:00:00Z"
AS_OF = "2026-06-30T22:00:00Z"
CUSTOMER = {"event_at": "2024-03-01T09:00:00Z", "subject_kind": "legal_person"}
INVOICE = {"invoice_id": "1", "event_at": AT, "due_at": "2026-05-31", "amount": 100}
OBSERVED = dict.fromkeys(EVENT_TABLES, AS_OF)
BATCH = {"events": {"customers": [CUSTOMER], "invoices": [INVOICE]}}


@pytest.fixture
def scored(
    service: Client,
    publish: Callable[[Bundle], str],
    make_bundle: Callable[..., Bundle],
) -> Callable[..., Row]:
    """Sends batches about one customer, then asks."""
    publish(make_bundle("nonpayment"))
    publish(make_bundle("fraud", intercept=-5.0))
    for _ in range(200):
        if "champion" in service.get("/readyz").json()["models"].values():
            break

    def scored(*batches: Row, **asked: object) -> Row:
        for batch in batches:
            answer = service.post("/v1/events", json={"customer_id": "acme", **batch})
            assert answer.status_code == 200, answer.text
        body = {"customer_id": "acme", "as_of": AS_OF, **asked}
        answer = service.post("/v1/score", json=body)
        assert answer.status_code == 200, answer.text
        said: Row = answer.json()
        return said

    return scored


def test_memory_is_bounded_and_says_the_same(service: Client) -> None:
    """However little is kept, the answers are the same."""
    names = [f"c{n:02}" for n in range(20)]  # of one length
    events = {
        "customers": [{**CUSTOMER, "customer_id": name} for name in names],
        "invoices": [{**INVOICE, "customer_id": n, "invoice_id": n} for n in names],
    }
    body = {"events": events, "observed": OBSERVED}
    assert service.post("/v1/events", json=body).json()["accepted"] == 40
    in_force = service.app.state.champions.in_force  # type: ignore[attr-defined]
    store = service.app.state.events  # type: ignore[attr-defined]

    def ask(customers: StoredCustomers, name: str) -> Question:
        request = ScoreRequest(customer_id=name)
        as_of = datetime.fromisoformat(AS_OF)
        return customers.question(request, in_force, as_of, "en")

    one = StoredCustomers(store, 10**9)
    ask(one, "c00")
    size = one.n_bytes
    for limit, most in ((0, 0), (3 * size + 1, 3), (10**9, 20)):
        customers = StoredCustomers(store, limit)
        for name in (*names, *names):
            question = ask(customers, name)
            assert question.events.tables["invoices"]["amount"].tolist() == [1_000_000]
            assert question.events.customer_id == name
            assert customers.n_bytes <= limit
        assert customers.n_bytes == pytest.approx(most * size, rel=0.05)


def test_nobody_is_scored_of_whom_nothing_is_stored(service: Client) -> None:
    answer = service.post("/v1/score", json={"customer_id": "nobody"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_customer")
    body = {"customer_id": "nobody", "observed_until": AT}
    answer = service.post("/v1/score", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_what_nobody_vouched_for_was_not_looked_at(
    scored: Callable[..., Row],
) -> None:
    said = scored(BATCH)
    assert said["exposure"]["open"] is None
    assert said["no_decision"] is not None
    said = scored({"observed": OBSERVED})
    assert said["exposure"]["open"] == 100
    long_ago = {**OBSERVED, "payments": AT}
    said = scored({"observed": long_ago})
    assert said["exposure"]["open"] is None
    assert "tables.payments" in said["question"]["missing"]


def test_only_what_was_known_then_counts(scored: Callable[..., Row]) -> None:
    late = {**INVOICE, "invoice_id": "2", "known_at": "2026-07-01T00:00:00Z"}
    first = scored(BATCH, {"events": {"invoices": [late]}, "observed": OBSERVED})
    assert first["exposure"]["open"] == 100
    later = scored(as_of="2026-07-01T22:00:00Z")
    assert later["exposure"]["open"] == 200
    correction = {**INVOICE, "amount": 60, "known_at": "2026-06-01T00:00:00Z"}
    said = scored({"events": {"invoices": [correction]}})
    assert said["exposure"]["open"] == 60


def test_a_rejected_row_leaves_its_customer_incomplete_until_it_is_mended(
    scored: Callable[..., Row],
) -> None:
    bad = {**INVOICE, "invoice_id": "2", "amount": -5}
    said = scored({**BATCH, "observed": OBSERVED}, {"events": {"invoices": [bad]}})
    assert said["no_decision"]["code"] == "incomplete_data"
    assert said["warnings"][0].startswith("rejected_rows:invoices: 1;")
    said = scored({"events": {"invoices": [{**bad, "amount": 5}]}})
    assert said["no_decision"] is None
    assert said["exposure"]["open"] == 105


def test_a_decision_is_replayed_after_more_has_arrived(
    scored: Callable[..., Row], settings: ServingSettings
) -> None:
    first = scored({**BATCH, "observed": OBSERVED})
    paid = {"payment_id": "p", "status": "succeeded", "amount": 100, "event_at": AT}
    more = scored({"events": {"payments": [paid]}, "observed": {"payments": AT}})
    assert more["exposure"]["open"] != first["exposure"]["open"]
    for said in (first, more):
        assert replay(settings, said["decision_id"]).is_identical


def erase_elsewhere(settings: ServingSettings) -> None:
    store = open_event_store(settings.home)
    asyncio.run(store.erase(Erasure("acme", 1, "k")))
    store.close()


def test_what_another_process_keeps_or_erases_is_seen_at_once(
    scored: Callable[..., Row], service: Client, settings: ServingSettings
) -> None:
    from fastapi.testclient import TestClient

    from serving.app import create_app

    scored({**BATCH, "observed": OBSERVED})
    with TestClient(create_app(settings)) as other:
        other.headers["Authorization"] = service.headers["Authorization"]
        more = {"invoices": [{**INVOICE, "customer_id": "acme", "invoice_id": "2"}]}
        assert other.post("/v1/events", json={"events": more}).status_code == 200
        assert scored()["exposure"]["open"] == 200
        observed = {**OBSERVED, "payments": AT}
        other.post("/v1/events", json={"observed": observed})
        assert scored()["exposure"]["open"] is None
    erase_elsewhere(settings)
    answer = service.post("/v1/score", json={"customer_id": "acme"})
    assert answer.status_code == 404


def test_who_is_erased_while_being_decided_about_gets_no_decision(
    service: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastapi.testclient import TestClient

    sent = service.post("/v1/events", json={**BATCH, "observed": OBSERVED})
    assert sent.status_code == 200
    assert isinstance(service, TestClient)
    state = cast("FastAPI", service.app).state
    record = state.decisions.record

    async def record_after_an_erasure(*asked: Any) -> Decision:  # noqa: ANN401 - passed on
        await erase_everywhere(state.decisions, state.events, Erasure("acme", 1, "k"))
        recorded: Decision = await record(*asked)
        return recorded

    monkeypatch.setattr(state.decisions, "record", record_after_an_erasure)
    answer = service.post("/v1/score", json={"customer_id": "acme"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_customer")
    assert service.get("/v1/decisions?customer_id=acme").json()["decisions"] == []


def test_an_idempotency_key_answers_as_before_though_more_arrived(
    scored: Callable[..., Row], service: Client
) -> None:
    scored({**BATCH, "observed": OBSERVED})
    asked, key = {"customer_id": "acme", "as_of": AS_OF}, {"Idempotency-Key": "i"}
    first = service.post("/v1/score", json=asked, headers=key)
    scored({"events": {"invoices": [{**INVOICE, "invoice_id": "2"}]}})
    again = service.post("/v1/score", json=asked, headers=key)
    assert again.content == first.content
    assert again.headers["Idempotent-Replay"] == "true"


def test_without_as_of_it_is_now(scored: Callable[..., Row]) -> None:
    said = scored({**BATCH, "observed": OBSERVED}, as_of=None)
    age = datetime.now(UTC) - datetime.fromisoformat(said["as_of"])
    assert timedelta(0) <= age < timedelta(minutes=1)


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def test_a_payment_dated_ahead_protects_its_payer_until_it_is_mended(
    scored: Callable[..., Row], settings: ServingSettings
) -> None:
    """Day and month changed places, say: files protect such a payer as well."""
    paid = {"payment_id": "p", "status": "succeeded", "amount": 100}
    ahead = {**paid, "event_at": in_days(11)}
    said = scored({**BATCH, "observed": OBSERVED}, {"events": {"payments": [ahead]}})
    assert said["no_decision"]["code"] == "incomplete_data"
    assert said["warnings"][-1].startswith("dated_ahead:payments: 1, the first of 20")
    assert replay(settings, said["decision_id"]).is_identical
    mended = scored({"events": {"payments": [{**paid, "event_at": AT}]}})
    assert mended["no_decision"] is None
    assert mended["exposure"]["open"] == 0
    assert not mended["warnings"]


def test_of_two_payments_of_one_wrong_day_both_have_to_be_mended(
    scored: Callable[..., Row],
) -> None:
    day = in_days(11)
    paid = {"status": "succeeded", "amount": 50}
    first, second = ({**paid, "payment_id": name} for name in ("p1", "p2"))
    ahead = [{**one, "event_at": day} for one in (first, second)]
    scored({**BATCH, "observed": OBSERVED}, {"events": {"payments": ahead}})
    said = scored({"events": {"payments": [{**first, "event_at": AT}]}})
    assert said["no_decision"]["code"] == "incomplete_data"
    assert said["warnings"][-1].startswith("dated_ahead:payments: 1,")
    said = scored({"events": {"payments": [{**second, "event_at": AT}]}})
    assert said["no_decision"] is None


def test_a_payment_that_was_dated_ahead_twice_is_mended_once(
    scored: Callable[..., Row],
) -> None:
    paid = {"payment_id": "p", "status": "succeeded", "amount": 100}
    ahead = [{**paid, "event_at": in_days(days)} for days in (11, 12)]
    said = scored({**BATCH, "observed": OBSERVED}, {"events": {"payments": ahead}})
    assert said["no_decision"]["code"] == "incomplete_data"
    said = scored({"events": {"payments": [{**paid, "event_at": AT}]}})
    assert said["no_decision"] is None


def test_what_is_dated_ahead_and_taken_back_holds_nothing_up(
    scored: Callable[..., Row],
) -> None:
    promise = {"kind": "promise_made", "event_at": in_days(30), "until": in_days(31)}
    rows = {"events": {"contacts": [promise]}}
    said = scored({**BATCH, "observed": OBSERVED}, rows)
    assert said["no_decision"]["code"] == "incomplete_data"
    back = {**promise, "known_at": in_days(32), "retracted": True}
    said = scored({"events": {"contacts": [back]}})
    assert said["no_decision"] is None


def test_what_is_planned_may_be_dated_ahead(scored: Callable[..., Row]) -> None:
    """An invoice of next month, and a hold from next week on, count from then on."""
    later = {"event_at": in_days(20)}
    invoice = {**INVOICE, "invoice_id": "2", **later, "due_at": in_days(50)}
    hold = {"kind": "exemption", **later, "until": in_days(40)}
    rows = {"events": {"invoices": [invoice], "holds": [hold]}}
    said = scored({**BATCH, "observed": OBSERVED}, rows)
    assert said["no_decision"] is None
    assert not said["warnings"]
