"""Numbers of two customers in stored events: the rules of a portfolio hold."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from httpx import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from features.arrays import AnyArray
from features.events import Events
from features.portfolio import Portfolio
from serving import shared_rows
from serving.replay import replay
from serving.request import ScoreRequest
from serving.settings import ServingSettings
from serving.stored_customers import StoredCustomers
from store.opening import open_key_store, upgrade
from tests.features.test_rows_together import _table
from tests.features.test_shared_numbers import rows
from tests.serving.conftest import a_bundle, client_of, published
from tests.serving.test_stored_customers import AS_OF, OBSERVED

Row = dict[str, Any]
AT = "2026-05-01T06:00:00Z"
INVOICE = {"event_at": AT, "due_at": "2026-05-31", "amount": 100}
NUMBERS = itertools.count()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, settings: ServingSettings) -> ServingSettings:
    if request.param == "sqlite":
        return settings
    url = request.getfixturevalue("postgres_url")()
    upgrade(settings.home, url)
    return settings.model_copy(update={"database_url": SecretStr(url)})


class Feed:
    """Sends rows and asks, as a billing system does."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def send(self, **tables: Sequence[Mapping[str, object]]) -> Row:
        body = {"events": tables, "observed": OBSERVED}
        answer = self.client.post("/v1/events", json=body)
        assert answer.status_code == 200, answer.text
        said: Row = answer.json()
        assert said["rejected"] == 0
        return said

    def ask(self, customer_id: str) -> Row:
        body = {"customer_id": customer_id, "as_of": AS_OF}
        answer = self.client.post("/v1/score", json=body)
        assert answer.status_code == 200, answer.text
        said: Row = answer.json()
        return said

    def open(self, customer_id: str) -> float | None:
        """What is owed; None where the customer is incomplete."""
        said = self.ask(customer_id)
        reason = said["no_decision"]
        if reason is not None:
            assert reason["code"] == "incomplete_data"
            return None
        owed: float = said["exposure"]["open"]
        return owed


@pytest.fixture
def feed(place: ServingSettings) -> Iterator[Feed]:
    published(a_bundle("nonpayment"), place.home)
    published(a_bundle("fraud", intercept=-5.0), place.home)
    keys = open_key_store(*place.store)
    _, text = keys.create("tests", "admin")
    keys.close()
    with client_of(place, text) as client:
        feed = Feed(client)
        feed.send(customers=[{"customer_id": c, "event_at": AT} for c in ("a", "b")])
        yield feed


def invoice(customer_id: str, number: str, **cells: object) -> Row:
    return {**INVOICE, "customer_id": customer_id, "invoice_id": number, **cells}


def test_a_number_of_two_customers_counts_for_neither_until_one_is_taken_back(
    feed: Feed, place: ServingSettings
) -> None:
    assert feed.send(invoices=[invoice("a", "1")])["shared"] == []
    assert (feed.open("a"), feed.open("b")) == (100, 0)
    first = feed.ask("a")["decision_id"]
    said = feed.send(invoices=[invoice("b", "1"), invoice("b", "2")])
    [shared] = said["shared"]
    assert (shared["customer_id"], shared["rule"]) == ("b", "key_of_two_customers")
    assert (feed.open("a"), feed.open("b")) == (None, None)
    between = feed.ask("a")
    assert between["warnings"][0].startswith("rejected_rows:invoices: 1;")
    later = "2026-05-02T06:00:00Z"
    feed.send(invoices=[invoice("b", "1", known_at=later, retracted=True)])
    assert (feed.open("a"), feed.open("b")) == (100, 100)
    for decision_id in (first, between["decision_id"]):
        assert replay(place, decision_id).is_identical


def test_a_row_that_names_anothers_invoice_leaves_both_incomplete(feed: Feed) -> None:
    feed.send(invoices=[invoice("a", "1")])
    paid: Row = {"customer_id": "b", "payment_id": "p", "status": "succeeded"}
    paid |= {"event_at": AT, "amount": 100, "invoice_id": "1"}
    [shared] = feed.send(payments=[paid])["shared"]
    assert (shared["rule"], shared["column"]) == (
        "other_customers_invoice",
        "invoice_id",
    )
    assert "`paid_by`" in shared["message"]
    assert (feed.open("a"), feed.open("b")) == (None, None)
    warning = feed.ask("a")["warnings"][0]
    assert warning.startswith("rejected_rows:payments: of another customer")
    dismissal = {"reject_ids": [shared["reject_id"]]}
    answer = feed.client.post("/v1/customers/b/dismissals", json=dismissal)
    assert answer.status_code == 200, answer.text
    assert (feed.open("a"), feed.open("b")) == (100, 0)


def test_a_later_good_row_of_the_number_mends_both(feed: Feed) -> None:
    """Also for the customer who has nothing to do with that row's number."""
    feed.send(invoices=[invoice("a", "1")])
    paid = {"customer_id": "b", "payment_id": "p", "status": "succeeded"}
    paid |= {"event_at": AT, "amount": "100"}
    feed.send(payments=[paid | {"invoice_id": "1"}])
    assert (feed.open("a"), feed.open("b")) == (None, None)
    feed.send(payments=[paid | {"known_at": "2026-05-03T06:00:00Z"}])
    assert (feed.open("a"), feed.open("b")) == (100, 0)


def test_an_erased_customer_gives_the_number_back(feed: Feed) -> None:
    feed.send(invoices=[invoice("a", "1"), invoice("b", "1")])
    assert feed.open("a") is None
    assert feed.client.delete("/v1/customers/b").status_code == 200
    assert feed.open("a") == 100


def test_an_answer_sent_again_says_what_is_shared(feed: Feed) -> None:
    body = {"events": {"invoices": [invoice("a", "1"), invoice("b", "1")]}}
    key = {"Idempotency-Key": "i"}
    first = feed.client.post("/v1/events", json=body, headers=key)
    again = feed.client.post("/v1/events", json=body, headers=key)
    assert first.json() == again.json()
    assert [one["customer_id"] for one in first.json()["shared"]] == ["a", "b"]


def test_too_many_rows_of_a_number_leave_incomplete(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than are looked at name one invoice: not by chance for whom it counts."""
    monkeypatch.setattr(shared_rows, "_MOST_ROWS", 3)
    feed.send(invoices=[invoice("a", "1"), invoice("b", "2")])
    paid: Row = {"customer_id": "a", "status": "succeeded", "invoice_id": "1"}
    paid |= {"event_at": AT, "amount": 10}
    feed.send(payments=[{**paid, "payment_id": f"a{n}"} for n in range(4)])
    assert (feed.open("a"), feed.open("b")) == (60, 100)
    foreign = {**paid, "customer_id": "b", "payment_id": "z"}  # it comes last
    feed.send(payments=[foreign])
    assert (feed.open("a"), feed.open("b")) == (None, None)


def same(one: AnyArray, other: AnyArray) -> bool:
    if one.dtype == object:
        return bool(one.tolist() == other.tolist())
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def test_stored_rows_are_those_of_a_folder(
    client: Client, module_settings: ServingSettings
) -> None:
    """The same rows count, and the same customers are incomplete."""
    in_force = client.app.state.champions.in_force  # type: ignore[attr-defined]
    events = client.app.state.events  # type: ignore[attr-defined]
    portfolio = in_force.advisor.settings
    n_rejected = 0

    @hypothesis_settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(listed=st.lists(rows(), min_size=2, max_size=9), n_first=st.integers(0, 9))
    def agree(listed: Sequence[tuple[str, Row]], n_first: int) -> None:
        nonlocal n_rejected
        prefix = f"s{next(NUMBERS)}-"
        listed = [(table, named(row, prefix)) for table, row in listed]
        who = [f"{prefix}c{n}" for n in (1, 2, 3)]
        listed += [("customers", {"customer_id": c, "event_at": AT}) for c in who]
        for part in (listed[:n_first], listed[n_first:]):
            body = {"events": by_table(part), "observed": dict.fromkeys(OBSERVED, AT)}
            assert client.post("/v1/events", json=body).status_code == 200
        stated = {t: _table(some) for t, some in by_table(listed).items()}
        folder = Portfolio.from_tables(stated, portfolio)
        customers = StoredCustomers(events, 0)
        for customer_id in who:
            request = ScoreRequest(customer_id=customer_id)
            as_of = datetime.fromisoformat(AT)
            question = customers.question(request, in_force, as_of, "en")
            agree_on(question.events, folder.events(customer_id))
            n_rejected += bool(question.events.rejected)

    agree()
    assert n_rejected > 20


def agree_on(stored: Events, folder: Events) -> None:
    assert stored.rejected == folder.rejected
    for table in ("invoices", "payments", "disputes", "contacts"):
        for name, column in folder.tables[table].items():
            assert same(stored.tables[table][name], column), (table, name)


def named(row: Mapping[str, object], prefix: str) -> Row:
    """With numbers and customers of one example alone."""
    names = {"customer_id", "invoice_id", "applies_to", "payment_id", "dispute_id"}
    return {
        name: f"{prefix}{cell}" if name in names and cell is not None else cell
        for name, cell in row.items()
        if cell is not None
    }


def by_table(listed: Sequence[tuple[str, Row]]) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = {}
    for table, row in listed:
        tables.setdefault(table, []).append(row)
    return tables
