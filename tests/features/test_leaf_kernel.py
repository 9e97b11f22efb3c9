"""What the kernel counts and sums Python counts and sums to the same bits."""

import ctypes
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from features.account.columns import fact_values
from features.events import Events
from features.feature import Aggregate, CountryMismatch, Feature, LatestAttribute
from features.feature_rows import Above, And, Equals, Not, Present, Rows, Window
from features.feature_set import FeatureSet
from features.moments import to_datetime
from features.online import OnlineCompiler, compiler, leaf_kernel
from features.online.finish_kernel import CFinishPlan
from features.online.kernel_rows import CRows
from features.packed import PackedTables
from features.reading.json_rows import read_body
from features.reading.rows import read_rows
from features.settings import Attribute, PortfolioSettings
from serving.request_rows import request_body
from tests.parity.checks import KNOWN
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
    row_of,
    thrown,
)
from tests.sanitizers import under_sanitizers

pytestmark = pytest.mark.skipif(
    not leaf_kernel.is_built(), reason="installed without a C compiler"
)
SOURCE = Path(leaf_kernel.__file__).with_name("leaves_kernel.c")


def both(features: FeatureSet) -> tuple[OnlineCompiler, OnlineCompiler]:
    """The same features in C and in Python."""
    in_c, in_python = (OnlineCompiler(features, SETTINGS) for _ in range(2))
    assert in_c.kernel is not None
    assert in_c.finish is not None
    in_python.kernel = in_python.finish = None
    return in_c, in_python


IN_C, IN_PYTHON = both(KNOWN)


def forms(events: Events, as_of: datetime) -> Iterator[Events]:
    """The same rows as they are, and as the kernel of requests reads them."""
    yield events
    body = json.dumps(request_body(events, as_of, SETTINGS)).encode()
    if (read := read_body(body, SETTINGS)) is not None:
        packed = read.events(events.customer_id)
        assert isinstance(packed.tables, PackedTables)
        yield packed


def n_compared(events: Events, as_of: datetime) -> int:
    """Compares all features of a customer in every form of the rows."""
    at = microseconds(as_of)
    expected = IN_PYTHON(events, at).tobytes()
    found = [IN_C(form, at).tobytes() for form in forms(events, as_of)]
    assert found == [expected] * len(found)
    return len(found)


@given(history=histories(), as_of=moment())
def test_leaves_are_those_that_python_finds(history: History, as_of: datetime) -> None:
    for customer in CUSTOMERS:
        n_compared(events_of(history, customer), as_of)


def a_history(dice: random.Random, n_rows: int) -> History:
    return [(seed.table, row_of(seed)) for seed in map(thrown, [dice] * n_rows)]


def test_rows_of_a_request_are_counted_where_they_lie() -> None:
    dice, n_forms = random.Random(3), 0
    for _ in range(60):
        history = [*EVERYBODY, *a_history(dice, 40)]
        n_forms += sum(n_compared(events_of(history, c), NOW) for c in CUSTOMERS)
    assert n_forms > 200


@pytest.mark.long
def test_a_hundred_thousand_rows_are_counted_alike() -> None:
    dice, n_rows = random.Random(4), 0
    while n_rows < 100_000:
        history = a_history(dice, dice.choice((30, 300, 3_000)))
        n_rows += len(history)
        for customer in CUSTOMERS:
            as_of = NOW - timedelta(days=dice.choice((0, 1, 30)))
            n_compared(events_of(history, customer), as_of)


CELLS = (0.0, 1.0, -1.0, 3.5, 1e-300, 1e300, np.nan, np.inf, -np.inf, 86_400e6, 7e15)


@pytest.mark.parametrize(
    "n", [200, pytest.param(20_000, marks=pytest.mark.long, id="many")]
)
def test_features_are_finished_alike_whatever_the_leaves(n: int) -> None:
    """The catalogue has features of every shape."""
    plan, finish = IN_C._plan, IN_C.finish
    shapes = [*plan.of_leaves.shapes, *plan.of_pairs.shapes]
    assert finish is not None
    assert all(shape.stop > shape.start for shape in shapes)
    rng, at = np.random.default_rng(2), microseconds(NOW)
    rows = rng.choice(np.array(CELLS), size=(n, len(plan.leaves)))
    is_plain = rng.random(rows.shape) < 0.7
    rows[is_plain] = rng.integers(0, 10**9, int(is_plain.sum()))
    with np.errstate(all="ignore"):
        expected = plan.finish(rows.T, np.full(n, at, dtype=np.int64)).T
    found = np.array([finish(leaves, at, None) for leaves in rows])
    np.testing.assert_array_equal(found, expected)


def test_a_customer_who_is_kept_is_read_at_every_moment() -> None:
    history = [*EVERYBODY, *a_history(random.Random(5), 600)]
    events = events_of(history, "ann")
    kept, python = IN_C.kept(events), IN_PYTHON.kept(events)
    moments = [microseconds(NOW - timedelta(hours=7 * k)) for k in range(60)]
    standing = [IN_C._accounts.standing(events, at) for at in moments]
    for at, its in zip(moments, standing, strict=True):
        assert kept.row(at, its).tobytes() == python.row(at, its).tobytes()


def test_threads_share_a_kernel() -> None:
    history = [*EVERYBODY, *a_history(random.Random(6), 900)]
    events, at = events_of(history, "bob"), microseconds(NOW)
    expected = IN_PYTHON(events, at).tobytes()
    with ThreadPoolExecutor(4) as pool:
        assert {*pool.map(lambda _: IN_C(events, at).tobytes(), range(40))} == {
            expected
        }


def test_threads_share_what_is_known_of_texts() -> None:
    """Requests of many texts and of few, beside one another."""
    dice, at = random.Random(9), microseconds(NOW)
    customers = [
        form
        for n_rows in (10, 3_000) * 4
        for form in forms(events_of(a_history(dice, n_rows), "eve"), NOW)
    ]
    expected = [IN_PYTHON(events, at).tobytes() for events in customers]
    compiled, _ = both(KNOWN)
    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(lambda x: compiled(x, at).tobytes(), customers)] == expected


def a_feature(definition: Aggregate | LatestAttribute | CountryMismatch) -> Feature:
    return Feature(
        name="it",
        definition=definition,
        unit="",
        family="",
        staff_text="",
        customer_text="",
        why="",
    )


def one(definition: Aggregate | LatestAttribute | CountryMismatch) -> FeatureSet:
    return FeatureSet((a_feature(definition),))


def amounts(*values: int) -> Events:
    """Invoices of these amounts, larger than a request may say."""
    rows = [
        {
            "invoice_id": str(i),
            "event_at": "2025-06-01T00:00:00Z",
            "due_at": "2025-06-30",
        }
        for i in range(len(values))
    ]
    events, broken, _ = read_rows(
        "ann", {"invoices": [{**row, "amount": 1} for row in rows]}, SETTINGS
    )
    assert not broken
    columns = dict(events.tables["invoices"])
    columns["amount"] = np.array(values, dtype=np.int64)
    return replace(events, tables={**events.tables, "invoices": columns})


@pytest.mark.parametrize("how", ["sum", "std", "max", "min"])
@pytest.mark.parametrize(
    "values",
    [
        pytest.param((2**62, 2**62, 2**62), id="sums beyond 64 bits"),
        pytest.param((2**62 + 1,) * 5, id="squares beyond 128 bits"),
        pytest.param((2**53 + 1, 1, 1), id="sums no float holds"),
    ],
)
def test_large_money_is_summed_exactly(how: str, values: tuple[int, ...]) -> None:
    in_c, in_python = both(one(Aggregate("invoices", how, "amount")))  # type: ignore[arg-type]
    events, at = amounts(*values), microseconds(NOW)
    assert in_c(events, at).tobytes() == in_python(events, at).tobytes()


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 127, 128, 129, 1_000])
def test_plain_numbers_are_added_up_in_numpys_order(n: int) -> None:
    dice = random.Random(n)
    rows = [
        {
            "subscription_id": f"s{i}",
            "event_at": f"2025-06-01T00:{i // 60 % 60:02d}:{i % 60:02d}Z",
            "kind": dice.choice(("started", "renewed")),
            "quantity": dice.choice((0.1, 1e-9, 1e9, 1 / 3, None)),
        }
        for i in range(n)
    ]
    events, broken, _ = read_rows("ann", {"subscriptions": rows}, SETTINGS)
    assert not broken
    for where in (None, Equals("kind", "started")):
        wanted = one(Aggregate("subscriptions", "sum", "quantity", where))
        in_c, in_python = both(wanted)
        at = microseconds(NOW)
        assert in_c(events, at).tobytes() == in_python(events, at).tobytes()


@pytest.mark.parametrize(
    "where",
    [
        Above("cost", 0),
        Not(Above("cost", 50_000)),
        And(Present("quantity"), Above("quantity", 1)),
        Not(Present("quantity")),
        Equals("subscription_id", "a"),
        Not(Equals("subscription_id", "a")),
    ],
    ids=str,
)
def test_filters_of_every_kind(where: Rows) -> None:
    wanted = one(Aggregate("usage", "sum", "cost", where, Window(30)))
    in_c, in_python = both(wanted)
    history = [*EVERYBODY, *a_history(random.Random(7), 800)]
    for customer in CUSTOMERS:
        events, at = events_of(history, customer), microseconds(NOW)
        for form in forms(events, NOW):
            assert in_c(form, at).tobytes() == in_python(events, at).tobytes()


@pytest.mark.parametrize(
    "definition",
    [
        pytest.param(
            Aggregate("usage", "distinct", "quantity"), id="numbers told apart"
        ),
        pytest.param(
            CountryMismatch(
                LatestAttribute("customers", "created_at"),
                LatestAttribute("customers", "event_at"),
            ),
            id="moments for countries",
        ),
        pytest.param(
            LatestAttribute("customers", "headcount", equals="7", kind="number"),
            id="a number as text",
        ),
    ],
)
def test_what_the_kernel_has_no_word_for_python_answers(
    definition: Aggregate | LatestAttribute | CountryMismatch,
) -> None:
    compiled = OnlineCompiler(one(definition), SETTINGS)
    assert compiled.kernel is None
    events = events_of(EVERYBODY, "ann")
    assert compiled(events, microseconds(NOW)).shape == (1,)


@pytest.mark.parametrize("n", [63, 64])
def test_a_table_has_as_many_filters_as_a_word_has_bits(n: int) -> None:
    """A bit for every row and one for each filter; of more Python answers."""
    costs = [
        Aggregate("usage", "sum", "cost", Above("cost", 1_000 * k)) for k in range(n)
    ]
    features = FeatureSet(
        tuple(replace(a_feature(x), name=f"it{k}") for k, x in enumerate(costs))
    )
    compiled, in_python = (OnlineCompiler(features, SETTINGS) for _ in range(2))
    in_python.kernel = in_python.finish = None
    assert (compiled.kernel is not None) == (n == 63)
    history = [*EVERYBODY, *a_history(random.Random(10), 800)]
    at, found = microseconds(NOW), set()
    for customer in CUSTOMERS:
        events = events_of(history, customer)
        for form in forms(events, NOW):
            row = compiled(form, at)
            assert row.tobytes() == in_python(events, at).tobytes()
            found.add(float(row[-1]))
    assert len(found) > 1


def headcounts(*values: float) -> Events:
    """A customer who had these numbers, one each day."""
    rows = [
        {"event_at": f"2025-05-{day:02d}T00:00:00Z", "headcount": value}
        for day, value in enumerate(values, start=1)
    ]
    events, broken, _ = read_rows("ann", {"customers": rows}, SETTINGS)
    assert not broken
    return events


@pytest.mark.parametrize("where", [None, Present("headcount")], ids=str)
def test_the_number_that_means_missing_money_is_a_number(where: Present | None) -> None:
    latest = LatestAttribute("customers", "headcount", kind="number", where=where)
    in_c, in_python = both(one(latest))
    events, at = headcounts(2.0, -(2.0**63)), microseconds(NOW)
    for form in forms(events, NOW):
        assert in_c(form, at).tolist() == in_python(form, at).tolist() == [-(2.0**63)]


def test_account_facts_are_handed_over_as_c_reads_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whole numbers, too: C reads float64."""
    events, at = events_of(EVERYBODY, "ann"), microseconds(NOW)
    n_facts = len(fact_values(IN_C._accounts.standing(events, at)))
    monkeypatch.setattr(compiler, "fact_values", lambda _: [1] * n_facts)
    assert IN_C(events, at).tobytes() == IN_PYTHON(events, at).tobytes()


def test_texts_of_a_request_are_those_the_plan_names() -> None:
    """A text column may hold a word that is a choice of another column."""
    rows = [
        {
            "event_at": f"2025-06-{day:02d}T00:00:00Z",
            "kind": "sign_in",
            "device_id": ("sign_in", "shared", "d1", "d1")[day % 4],
            "country": ("BE", "failed", "BE", "FR")[day % 4],
        }
        for day in range(1, 13)
    ]
    tables = {
        "access": rows,
        "customers": [{"event_at": "2025-01-01T00:00:00Z", "country": "failed"}],
    }
    text = json.dumps({"customer_id": "ann", "events": tables}).encode()
    read = read_body(text, SETTINGS)
    assert read is not None
    slow, broken, _ = read_rows("ann", tables, SETTINGS)
    assert not broken
    at = microseconds(NOW)
    found = IN_C(read.events("ann"), at)
    assert found.tobytes() == IN_PYTHON(slow, at).tobytes()
    assert to_datetime(at) == NOW


def test_a_column_of_another_type_is_never_read_as_it_lies() -> None:
    """A request read under other settings: a number where the features say text."""
    other = replace_attribute("sector", Attribute(type="number"))
    row = {"event_at": "2025-01-01T00:00:00Z", "sector": 7}
    body = json.dumps({"customer_id": "ann", "events": {"customers": [row]}}).encode()
    read = read_body(body, other)
    assert read is not None
    with pytest.raises(TypeError, match="float64"):
        IN_C(read.events("ann"), microseconds(NOW))


def replace_attribute(name: str, attribute: Attribute) -> PortfolioSettings:
    declared = {**SETTINGS.attributes, name: attribute}
    return PortfolioSettings(currency="EUR", attributes=declared)


def test_numpy_answers_where_the_operator_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORBEAR_KERNEL", "numpy")
    leaf_kernel.library.cache_clear()
    try:
        compiled = OnlineCompiler(KNOWN, SETTINGS)
        assert compiled.kernel is None
        assert compiled.finish is None
    finally:
        monkeypatch.undo()
        leaf_kernel.library.cache_clear()


def test_a_kernel_of_another_version_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leaf_kernel, "VERSION", leaf_kernel.VERSION + 1)
    leaf_kernel.library.cache_clear()
    try:
        assert not leaf_kernel.is_built()
    finally:
        monkeypatch.undo()
        leaf_kernel.library.cache_clear()


SANITIZED = """
import ctypes
import random
from features.online import leaf_kernel
library = ctypes.CDLL("./kernel.so")
leaf_kernel.library = lambda: library
from tests.features import test_leaf_kernel as test
dice = random.Random(8)
histories = [test.a_history(dice, n) for n in (0, 1, 5, 30, 30, 300, 2_000)]
customers = [test.events_of(h, c) for h in histories for c in test.CUSTOMERS]
print(sum(test.n_compared(events, test.NOW) for events in customers))
"""


@pytest.mark.slow
def test_the_kernel_stays_within_its_memory(tmp_path: Path) -> None:
    """Under AddressSanitizer and UndefinedBehaviorSanitizer, every finding fatal."""
    assert int(under_sanitizers(tmp_path, SOURCE, SANITIZED)) > 21


def test_the_structs_are_those_of_the_c_file() -> None:
    """Nine, five and seven pointers, then numbers of 64 bits."""
    assert ctypes.sizeof(leaf_kernel.CPlan) == 14 * 8
    assert ctypes.sizeof(CRows) == 6 * 8
    assert ctypes.sizeof(CFinishPlan) == 16 * 8
