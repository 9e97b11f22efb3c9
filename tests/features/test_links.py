"""Who shares what with whom, found from what customers used (`links`)."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from features.batch import feature_table, matrix
from features.catalogue.links import LINK_FEATURES
from features.events import FOREVER
from features.feature_set import FeatureSet
from features.fraud_signs import FraudSigns
from features.online import OnlineCompiler
from features.portfolio import Portfolio
from features.reading.links import MANY_CUSTOMERS, NEAREST, SHARED, rows_to_send
from features.settings import PortfolioSettings
from tests.features.conftest import MakePortfolio
from tests.parity.checks import (
    Vector,
    assert_same,
    check_late_arrival,
    check_order,
    check_poison,
    check_truncation,
)
from tests.parity.histories import (
    CUSTOMERS,
    NOW,
    SETTINGS,
    History,
    Row,
    histories,
    microseconds,
    moment,
    portfolio_of,
    snapshots_of,
)

FEATURES = FeatureSet(LINK_FEATURES)
SOURCES = frozenset({"customers", "payments", "access", "outcomes", "disputes"})
Links = list[dict[str, Any]]


def links_at(portfolio: Portfolio, as_of: int) -> Links:
    rows = portfolio.connection.to_pyarrow(portfolio.tables["links"]).to_pylist()
    return [row for row in rows if row["known_at"] <= as_of < row["superseded_at"]]


def portfolio_with(
    make_portfolio: MakePortfolio,
    tables: Mapping[str, Sequence[Row]],
    **stated: object,
) -> Portfolio:
    ids = sorted({str(row["customer_id"]) for rows in tables.values() for row in rows})
    customers = [{"customer_id": c, "event_at": "2024-01-01"} for c in ids]
    parsed = PortfolioSettings.model_validate(stated)
    return make_portfolio({"customers": customers, **tables}, parsed)


def sign_in(customer_id: str, on: str, device: str, **more: object) -> Row:
    row = {"customer_id": customer_id, "event_at": on, "kind": "sign_in"}
    return {**row, "device_id": device, **more}


def features_of(portfolio: Portfolio, customer_id: str, on: str) -> dict[str, float]:
    at = microseconds(datetime.fromisoformat(on + "T00:00:00Z"))
    compiled = OnlineCompiler(FEATURES, portfolio.settings)
    values = compiled(portfolio.events(customer_id), at).tolist()
    return dict(zip(FEATURES.names, values, strict=True))


def test_a_device_of_two_links_both_once_both_uses_are_known(
    make_portfolio: MakePortfolio,
) -> None:
    """Ben used Ann's device on 3 March; that became known on the 10th."""
    signs = [
        sign_in("ann", "2024-03-01", "d1"),
        sign_in("ben", "2024-03-03", "d1", known_at="2024-03-10"),
        sign_in("eve", "2024-03-03", "d2"),
    ]
    portfolio = portfolio_with(make_portfolio, {"access": signs})
    assert "links" in portfolio.settings.tables
    ann = [features_of(portfolio, "ann", on) for on in ("2024-03-10", "2024-03-11")]
    assert [x["links_device"] for x in ann] == [0, 1]
    assert ann[1]["links_earlier"] == 0
    ben = features_of(portfolio, "ben", "2024-03-11")
    assert (ben["links_device"], ben["links_earlier"]) == (1, 1)
    assert features_of(portfolio, "eve", "2024-03-11")["links_device"] == 0


def test_a_fraud_counts_for_others_from_its_knowledge_and_never_for_itself(
    make_portfolio: MakePortfolio,
) -> None:
    tables: dict[str, list[Row]] = {
        "access": [sign_in(c, "2024-03-01", "d1") for c in ("ann", "ben")],
        "outcomes": [
            {
                "customer_id": "ben",
                "event_at": "2024-04-01",
                "known_at": "2024-04-05",
                "kind": "fraud",
            },
            {
                "customer_id": "ben",
                "event_at": "2024-05-01",
                "kind": "fraud_cleared",
                "source": "court",
            },
        ],
    }
    portfolio = portfolio_with(make_portfolio, tables)
    days = ("2024-04-05", "2024-04-06", "2024-05-02")
    ann = [features_of(portfolio, "ann", on) for on in days]
    assert [x["links_device_frauds"] for x in ann] == [0, 1, 0]
    assert ann[1]["links_fraud_age_days"] == pytest.approx(4.0, abs=0.01)
    ben = [features_of(portfolio, "ben", on)["links_device_frauds"] for on in days]
    assert ben == [0, 0, 0]


def test_frauds_are_linked_for_as_long_as_their_signs_stand(
    make_portfolio: MakePortfolio,
) -> None:
    """Forty customers: signs and clearings of few moments, many taken back."""
    dice = random.Random(7)
    days = ["2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04", "2024-03-05"]
    suspects, signs, outcomes = [f"c{n}" for n in range(40)], list[Row](), list[Row]()
    for who in suspects:
        signs += [sign_in(c, "2024-02-01", who) for c in (who, f"{who}-friend")]
        for _ in range(dice.randint(2, 6)):
            event_at, known_at, later = sorted(dice.choices(days, k=3))
            row: Row = {"customer_id": who, "event_at": event_at, "known_at": known_at}
            row |= {"kind": dice.choice(["fraud", "fraud", "fraud_cleared"])}
            row |= {"source": dice.choice("ab")}
            outcomes.append(row)
            if dice.random() < 0.5:
                outcomes.append({**row, "known_at": later, "retracted": True})
    portfolio = portfolio_with(make_portfolio, {"access": signs, "outcomes": outcomes})
    of_frauds = FraudSigns(portfolio)
    first = microseconds(datetime.fromisoformat("2024-03-01T00:00:00Z"))
    n_frauds = set[int]()
    for day in range(8):
        at = first + day * 86_400_000_000 - 1
        rows = links_at(portfolio, at)
        linked = {row["other_id"] for row in rows if row["status"] == "fraud"}
        assert linked == {
            who
            for who in suspects
            if of_frauds.first_known(who, -FOREVER, at, at) is not None
        }
        n_frauds.add(len(linked))
    assert len(n_frauds) > 3  # they come and go


def test_what_somebody_else_paid_with_is_theirs(make_portfolio: MakePortfolio) -> None:
    """A mother pays for two children: the three have no card in common."""

    def paid(customer_id: str, paid_by: str | None) -> Row:
        return {
            "customer_id": customer_id,
            "payment_id": f"p-{customer_id}",
            "event_at": "2024-03-01",
            "status": "succeeded",
            "amount": "10",
            "instrument_id": "card",
            "paid_by": paid_by,
        }

    family = [paid("mum", None), paid("ann", "mum"), paid("ben", "mum")]
    portfolio = portfolio_with(make_portfolio, {"payments": family})
    assert links_at(portfolio, FOREVER - 1) == []
    others = [paid("eve", "eve"), paid("joe", None)]
    portfolio = portfolio_with(make_portfolio, {"payments": [*family, *others]})
    linked = {row["customer_id"] for row in links_at(portfolio, FOREVER - 1)}
    assert linked == {"mum", "eve", "joe"}


@pytest.mark.parametrize(
    ("tables", "stated"),
    [
        pytest.param({"outcomes": []}, {}, id="nothing that could be shared"),
        pytest.param({"access": []}, {}, id="no access was recorded"),
        pytest.param(
            {"access": [sign_in("ann", "2024-03-01", "d1")]},
            {"derive_links": False},
            id="not asked for",
        ),
    ],
)
def test_without_uses_links_were_not_looked_at(
    make_portfolio: MakePortfolio,
    tables: Mapping[str, Sequence[Row]],
    stated: Mapping[str, object],
) -> None:
    portfolio = portfolio_with(
        make_portfolio, {"invoices": [INVOICE], **tables}, **stated
    )
    assert "links" not in portfolio.settings.tables
    assert np.isnan(list(features_of(portfolio, "ann", "2024-04-01").values())).all()


INVOICE: Row = {
    "customer_id": "ann",
    "invoice_id": "I1",
    "event_at": "2024-01-01",
    "due_at": "2024-01-31",
    "amount": "10",
}


def test_a_table_of_links_stands_instead(make_portfolio: MakePortfolio) -> None:
    given_link = {"customer_id": "ann", "event_at": "2024-02-01", "kind": "device"}
    tables: dict[str, list[Row]] = {
        "links": [{**given_link, "other_id": "x"}],
        "access": [sign_in(c, "2024-03-01", "d1") for c in ("ann", "ben", "eve")],
    }
    portfolio = portfolio_with(make_portfolio, tables)
    assert features_of(portfolio, "ann", "2024-04-01")["links_device"] == 1
    assert features_of(portfolio, "ben", "2024-04-01")["links_device"] == 0


def test_behind_one_address_only_the_nearest_are_linked(
    make_portfolio: MakePortfolio,
) -> None:
    """A proxy of sixty: the number of links does not grow with its square."""
    signs = [
        sign_in(f"c{n:02}", f"2024-03-01T00:{n:02}:00Z", "d1", ip_id="proxy")
        for n in range(60)
    ]
    portfolio = portfolio_with(make_portfolio, {"access": signs})
    n_linked = [
        features_of(portfolio, f"c{n:02}", "2024-04-01")["links_ip"]
        for n in (0, 5, 30, 59)
    ]
    assert n_linked == [NEAREST, NEAREST + 5, 2 * NEAREST, NEAREST]


def _sharing(history: History) -> History:
    """Ids of devices and addresses that are not one customer's own."""
    return [
        (t, {**row, **{k: str(row[k])[-1] for k in ("ip_id", "device_id") if row[k]}})
        if t == "access"
        else (t, row)
        for t, row in history
    ]


def shared_histories(n: int = 40) -> st.SearchStrategy[History]:
    tables = sorted(SOURCES - {"customers"})
    return histories(max_size=n, tables=tables).map(_sharing)


def batch(history: History, as_of: datetime) -> Vector:
    portfolio = portfolio_of(history, SOURCES)
    values = matrix(feature_table(portfolio, snapshots_of([as_of]), FEATURES), FEATURES)
    if "links" not in portfolio.settings.tables:  # no use was ever known
        values = np.where(np.isnan(values), 0.0, values)
        values[:, -1] = np.nan
    return values


@pytest.mark.slow
@settings(max_examples=3, phases=[Phase.generate])
@given(
    history=shared_histories(),
    later=shared_histories(10),
    as_of=moment(),
    n=st.integers(0, 99),
)
def test_the_future_changes_no_link(
    history: History, later: History, as_of: datetime, n: int
) -> None:
    check_truncation(batch, history, as_of)
    check_poison(batch, history, as_of, [x for x in later if x[0] != "customers"])
    check_late_arrival(batch, history, as_of)
    check_order(batch, history, as_of, random.Random(n))


MASKED = ["****4242", "j***@example.com", "XXXX-XXXX-4242", "81.244.12.xxx"]
MASKED += ["81.244.12.0", "2001:db8:12::", "unknown", "[redacted]", "127.0.0.1", "-"]
MASKED += ["203.0.113.0/24", "198.51.100.000", "REDACTED_IP", "tok_masked", "jo##@x.be"]
MASKED += ["00000000-0000-0000-0000-000000000000", "+32 ### ## 12", "•••• 4242"]


@pytest.mark.parametrize("value", MASKED)
def test_what_is_masked_links_nobody(make_portfolio: MakePortfolio, value: str) -> None:
    """A whole value beside it still does: only the masked one says nothing."""
    rows = [
        sign_in(c, "2024-02-01", value, ip_id="81.244.12.7") for c in ("ann", "bob")
    ]
    portfolio = portfolio_with(make_portfolio, {"access": rows})
    found = links_at(portfolio, FOREVER - 1)
    assert {(row["kind"], row["shared_id"]) for row in found} == {("ip", "81.244.12.7")}


def test_where_all_is_masked_nobody_looked(make_portfolio: MakePortfolio) -> None:
    """Unknown, not "shares nothing"."""
    rows = [sign_in(c, "2024-02-01", "dev-****") for c in ("ann", "bob")]
    portfolio = portfolio_with(make_portfolio, {"access": rows})
    assert "links" not in portfolio.settings.tables
    values = features_of(portfolio, "ann", "2024-03-01").values()
    assert np.isnan(list(values)).all()


def test_an_address_that_ends_in_0_is_whole_where_most_do_not(
    make_portfolio: MakePortfolio,
) -> None:
    rows = [
        sign_in(c, f"2024-02-{day}", f"d{c}", ip_id=ip)
        for c in ("ann", "bob")
        for day, ip in (("01", "10.1.1.0"), ("02", "10.1.1.7"), ("03", "10.1.2.9"))
    ]
    portfolio = portfolio_with(make_portfolio, {"access": rows})
    found = {row["shared_id"] for row in links_at(portfolio, FOREVER - 1)}
    assert found == {"10.1.1.0", "10.1.1.7", "10.1.2.9"}
    assert not [x for x in portfolio.warnings if "masked" in x]


def test_what_too_many_share_links_nobody_once_that_is_known(
    make_portfolio: MakePortfolio,
) -> None:
    """No form tells `ending in 4242`; a device of two beside it still links."""
    ids = [f"c{n:03}" for n in range(MANY_CUSTOMERS + 1)]
    paid: list[Row] = [
        {
            "customer_id": c,
            "payment_id": f"p{c}",
            "event_at": f"2024-03-01T{n // 60:02}:{n % 60:02}:00Z",
            "status": "succeeded",
            "amount": "1",
            "instrument_id": "ending in 4242",
        }
        for n, c in enumerate(ids)
    ]
    seen: list[Row] = [sign_in(c, "2024-03-01", "d1") for c in ids[:2]]
    portfolio = portfolio_with(make_portfolio, {"payments": paid, "access": seen})
    before = links_at(portfolio, microseconds(datetime(2024, 3, 1, 1, 30, tzinfo=UTC)))
    assert "instrument" in {row["kind"] for row in before}
    after = links_at(portfolio, microseconds(datetime(2024, 3, 2, tzinfo=UTC)))
    assert {row["kind"] for row in after} == {"device"}
    [warning] = [x for x in portfolio.warnings if "link nobody" in x]
    assert warning.startswith(
        "payments: values of instrument_id that more than 100 customers and 5% of them"
        " share: 1, such as ending in 42… (101 customers); they link nobody"
    )
    alone = portfolio_with(make_portfolio, {"payments": paid})
    assert "links" not in alone.settings.tables


@pytest.mark.slow
@settings(max_examples=8, phases=[Phase.generate])
@given(history=shared_histories(60), as_of=moment())
def test_links_are_what_a_look_at_everybody_finds(
    history: History, as_of: datetime
) -> None:
    portfolio, at = portfolio_of(history, SOURCES), microseconds(as_of)
    signs = FraudSigns(portfolio)
    users: dict[tuple[str, str], set[str]] = {}
    for kind, (table, column) in SHARED.items():
        rows = portfolio.connection.to_pyarrow(portfolio.tables[table]).to_pylist()
        for row in rows:
            is_own = row.get("paid_by") in (None, row["customer_id"])
            is_known = row["known_at"] <= at < row["superseded_at"]
            if row[column] and is_own and is_known:
                users.setdefault((kind, row[column]), set()).add(row["customer_id"])
    frauds = {
        c for c in CUSTOMERS if signs.first_known(c, -FOREVER, at, at) is not None
    }
    expected = {
        (me, kind, other, thing, status)
        for (kind, thing), theirs in users.items()
        for me in theirs
        for other in theirs - {me}
        for status in ("shared", *(["fraud"] if other in frauds else []))
    }
    names = ("customer_id", "kind", "other_id", "shared_id", "status")
    found = [tuple(row[name] for name in names) for row in links_at(portfolio, at)]
    assert len(found) == len(set(found))
    assert set(found) == expected


@settings(max_examples=5, phases=[Phase.generate])
@given(history=shared_histories(60), as_of=moment())
def test_links_that_are_sent_say_the_same(history: History, as_of: datetime) -> None:
    found, at = portfolio_of(history, SOURCES), microseconds(as_of)
    rows = rows_to_send(found.connection, found.tables["links"])
    customers = [{"customer_id": c, "event_at": NOW} for c in CUSTOMERS]
    sent = Portfolio.from_tables(
        {"customers": pa.Table.from_pylist(customers), "links": rows}, SETTINGS
    )
    assert sent.rejects == ()
    names = ("customer_id", "kind", "other_id", "shared_id", "status", "event_at")
    one, other = (
        {tuple(row[n] for n in names) for row in links_at(p, at)} for p in (found, sent)
    )
    assert one == other


@settings(max_examples=3, phases=[Phase.generate])
@given(history=shared_histories(60), as_of=moment())
def test_found_links_compile_alike(history: History, as_of: datetime) -> None:
    portfolio = portfolio_of(history, SOURCES)
    compiled = OnlineCompiler(FEATURES, portfolio.settings)
    at = microseconds(as_of)
    online = np.array([compiled(portfolio.events(c), at) for c in CUSTOMERS])
    table = feature_table(portfolio, snapshots_of([as_of]), FEATURES)
    assert_same(matrix(table, FEATURES), online)
