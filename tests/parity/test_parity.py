"""Online equals batch, and the future changes nothing: for every feature there is.

A batch call is dear, so an example holds several customers, each looked at from several
moments.
"""

import random
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from features.account import Accounts, account_facts
from features.batch import feature_table, matrix
from features.catalogue import CATALOGUE
from features.feature import Aggregate
from features.online import OnlineCompiler
from tests.parity.checks import (
    COMPILED,
    FEATURES,
    KNOWN,
    assert_same,
    check_late_arrival,
    check_order,
    check_poison,
    check_truncation,
    known_at,
    online,
)
from tests.parity.histories import (
    CUSTOMERS,
    EVERYBODY,
    NOW,
    SETTINGS,
    History,
    events_of,
    histories,
    microseconds,
    moment,
    moments,
    paid_then_not,
    portfolio_of,
    row_of,
    snapshots_of,
    thrown,
)


def test_every_feature_of_the_catalogue_is_under_test() -> None:
    assert set(FEATURES.names) == {f.name for f in CATALOGUE} | set(SETTINGS.attributes)


@settings(max_examples=4, phases=[Phase.generate])  # to shrink takes minutes
@given(history=histories(min_size=60, max_size=200), as_ofs=moments())
def test_batch_equals_online(history: History, as_ofs: list[datetime]) -> None:
    snapshots = snapshots_of(as_ofs)
    table = feature_table(portfolio_of(history), snapshots, KNOWN)
    assert table["customer_id"].equals(snapshots["customer_id"])
    assert table["as_of"].equals(snapshots["as_of"])
    expected = np.concatenate([online(history, as_of) for as_of in as_ofs])
    assert_same(matrix(table, KNOWN), expected)


HERS = {(table, "eve") for table in ("invoices", "payments", "disputes")}


def test_batch_equals_online_where_every_feature_has_a_value() -> None:
    """Many rows of every table: no feature is empty for all customers."""
    dice = random.Random(9)
    rows = [(seed.table, row_of(seed)) for seed in map(thrown, [dice] * 2_500)]
    rows = [(t, row) for t, row in rows if (t, row["customer_id"]) not in HERS]
    history = [*EVERYBODY, *rows, *paid_then_not("eve")]
    as_ofs = [NOW, NOW - timedelta(days=1), NOW - timedelta(days=90)]
    table = feature_table(portfolio_of(history), snapshots_of(as_ofs), KNOWN)
    found = matrix(table, KNOWN)
    assert_same(found, np.concatenate([online(history, t) for t in as_ofs]))
    n_known = np.count_nonzero(~np.isnan(found), axis=0).tolist()
    assert not [name for name, n in zip(KNOWN.names, n_known, strict=True) if not n]


def _needing(missing: set[str]) -> list[int]:
    return [i for i, f in enumerate(KNOWN.features) if f.tables & missing]


@pytest.mark.parametrize("table", sorted(SETTINGS.tables))
def test_what_was_not_looked_at_is_unknown_and_never_zero(table: str) -> None:
    """The same with an empty table says that there is none."""
    history = [*EVERYBODY, *paid_then_not("eve")]
    rest = [(name, row) for name, row in history if name != table]
    without = SETTINGS.model_copy(update={"tables": SETTINGS.tables - {table}})
    events, at = events_of(rest, "eve"), microseconds(NOW)
    unknown = OnlineCompiler(KNOWN, without)(events, at)
    assert np.isnan(unknown[_needing({table})]).all()
    counted = [
        i
        for i in _needing({table})
        if isinstance(d := KNOWN.features[i].definition, Aggregate) and d.how == "count"
    ]
    assert (COMPILED(events, at)[counted] == 0).all()


@pytest.mark.parametrize(
    "missing", [{"payments", "usage"}, {"disputes", "contacts", "alerts"}]
)
def test_batch_equals_online_where_tables_are_missing(missing: set[str]) -> None:
    dice = random.Random(11)
    rows = [(seed.table, row_of(seed)) for seed in map(thrown, [dice] * 400)]
    history = [*EVERYBODY, *((t, row) for t, row in rows if t not in missing)]
    present = SETTINGS.tables - missing
    without = SETTINGS.model_copy(update={"tables": present})
    compiled = OnlineCompiler(KNOWN, without)
    expected = [compiled(events_of(history, c), microseconds(NOW)) for c in CUSTOMERS]
    portfolio = portfolio_of(history, present)
    found = matrix(feature_table(portfolio, snapshots_of([NOW]), KNOWN), KNOWN)
    assert_same(found, np.array(expected))
    assert np.isnan(found[:, _needing(missing)]).all()


@given(history=histories(), as_of=moment())
def test_truncation_changes_nothing(history: History, as_of: datetime) -> None:
    check_truncation(online, history, as_of)


@given(history=histories(), as_of=moment(), later=histories())
def test_the_future_changes_nothing(
    history: History, as_of: datetime, later: History
) -> None:
    check_poison(online, history, as_of, later)


@given(history=histories(), as_of=moment())
def test_late_arrivals_count_only_from_when_they_are_known(
    history: History, as_of: datetime
) -> None:
    check_late_arrival(online, history, as_of)


@given(history=histories(), as_of=moment(), dice=st.randoms(use_true_random=False))
def test_order_and_duplicates_change_nothing(
    history: History, as_of: datetime, dice: random.Random
) -> None:
    check_order(online, history, as_of, dice)


def test_a_late_row_changes_features_once_it_is_known() -> None:
    """The other half: nothing is ignored for good."""
    failed = {
        "customer_id": "ann",
        "payment_id": "p1",
        "status": "failed",
        "amount": 10,
        "event_at": NOW - timedelta(days=2),
        "known_at": NOW,
    }
    at = KNOWN.names.index("payments_failed_7d")
    before = online([("payments", failed)], NOW - timedelta(microseconds=1))
    after = online([("payments", failed)], NOW)
    assert (before[0, at], after[0, at]) == (0.0, 1.0)


@given(history=histories(), as_of=moment())
def test_one_standing_serves_features_and_facts(
    history: History, as_of: datetime
) -> None:
    at, accounts = microseconds(as_of), Accounts(SETTINGS)
    for customer_id, expected in zip(CUSTOMERS, online(history, as_of), strict=True):
        events = events_of(history, customer_id)
        standing, facts = accounts.kept(events).look(at)
        assert_same(COMPILED(events, at, standing)[None, :], expected[None, :])
        assert facts == account_facts(events, at, SETTINGS)


@settings(max_examples=20, phases=[Phase.generate])
@given(
    history=histories(min_size=20, max_size=80), as_ofs=moments(), again=st.randoms()
)
def test_a_kept_customer_stands_the_same_in_any_order_of_moments(
    history: History, as_ofs: list[datetime], again: random.Random
) -> None:
    known = [microseconds(known_at(row)) for _, row in history]
    near = [again.choice(known) + step for step in (-1, 0, 1) * 4]
    looks = [*map(microseconds, as_ofs), *near]
    looks += [at + again.randrange(60 * 86_400 * 10**6) for at in looks]
    again.shuffle(looks)
    for customer in CUSTOMERS:
        events = events_of(history, customer)
        account, kept = Accounts(SETTINGS).kept(events), COMPILED.kept(events)
        for at in looks:
            standing, facts = account.look(at)
            assert facts == account_facts(events, at, SETTINGS)
            assert_same(kept.row(at, standing)[None], COMPILED(events, at)[None])
