"""A column rewritten in place tells who is late today, not who was late before."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.arrays import BoolArray, FloatArray, IntArray
from features.batch import feature_table
from features.feature_set import FeatureSet
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from features.snapshots import latest_population
from training.audits.hindsight import is_stated
from training.audits.measured_column import MeasuredColumn
from training.audits.mutation import PLANTED, planted
from training.audits.present_echo import power_text, with_present_echo
from training.audits.verdict import LeakVerdict
from training.lateness_now import PresentLateness
from training.rows import Rows
from training.training_data import TrainingData, gather

pytestmark = pytest.mark.slow
LUMEN = Path(__file__).parents[2] / "data" / "samples" / "lumen"
N_CUSTOMERS = 400
LATE = "account_days_overdue"


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    """Some customers of the sample, with what they owe and pay."""
    everyone = pq.read_table(LUMEN / "customers.parquet")["customer_id"]
    ids = sorted(set(everyone.to_pylist()))
    chosen = pa.array(ids[:: len(ids) // N_CUSTOMERS])
    tables = {}
    for name in ("customers", "invoices", "payments"):
        table = pq.read_table(LUMEN / f"{name}.parquet")
        tables[name] = table.filter(pc.is_in(table["customer_id"], chosen))
    settings = PortfolioSettings.model_validate({"timezone": "Europe/Brussels"})
    return Portfolio.from_tables(tables, settings)


@pytest.fixture(scope="module")
def data(portfolio: Portfolio) -> TrainingData:
    return gather(portfolio, ("nonpayment",))


@pytest.fixture(scope="module")
def is_late_now(portfolio: Portfolio, data: TrainingData) -> BoolArray:
    """By customer number."""
    features = data.feature_set.subset([LATE])
    table = feature_table(portfolio, latest_population(portfolio), features)
    late = table.filter(pc.greater(table[LATE], 0))["customer_id"]
    return np.isin(np.array(data.customer_ids), late.to_pylist())


def looked_at(
    portfolio: Portfolio, data: TrainingData, mark: FloatArray
) -> dict[str, LeakVerdict]:
    """Verdicts with a mark, by customer number, beside what is there."""
    rows = planted(data.rows["nonpayment"], "label")
    x = np.column_stack([rows.x[:, :-1], mark[rows.customer]])
    # none goes with the label: whether it does is not the matter
    passed = [
        LeakVerdict(name, "nonpayment", "pass", (), {"auc_alone": 0.5})
        for name in rows.feature_set.names
    ]
    seen = replace(rows, x=x)
    now = PresentLateness(portfolio, data.customer_ids)
    found = with_present_echo(now, seen, passed)
    return {verdict.feature: verdict for verdict in found}


def of_some(which: BoolArray, hit: float, false: float, seed: int) -> FloatArray:
    """1.0 for a share of these customers and of the others."""
    drawn = np.random.default_rng(seed).random(len(which))
    return (drawn < np.where(which, hit, false)).astype(np.float64)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("hit", "false"), [(0.9, 0.1), (0.6, 0.1)])
def test_a_broad_imprecise_mark_of_who_is_late_today_is_named(
    portfolio: Portfolio,
    data: TrainingData,
    is_late_now: BoolArray,
    hit: float,
    false: float,
    seed: int,
) -> None:
    """No other sign sees it: it marks many, and many of them stay good."""
    mark = of_some(is_late_now, hit, false, seed)
    found = looked_at(portfolio, data, mark)
    assert found[PLANTED].level == "suspect"
    [evidence] = found[PLANTED].evidence
    assert evidence.code == "present_echo"
    assert "was it rewritten in place?" in evidence.text
    assert [name for name, v in found.items() if v.is_blocking] == [PLANTED]


@pytest.mark.parametrize("seed", range(3))
def test_what_was_known_on_the_first_dates_passes(
    portfolio: Portfolio, data: TrainingData, seed: int
) -> None:
    """It goes with lateness strongly, then and now; and so does what is stated."""
    rows: Rows = data.rows["nonpayment"]
    early = rows.as_of <= np.unique(rows.as_of)[2]
    often = np.zeros(len(data.customer_ids), dtype=np.bool_)
    often[rows.customer[early & (rows.column(LATE) > 0.0)]] = True
    found = looked_at(portfolio, data, of_some(often, 0.8, 0.1, seed))
    assert not [name for name, v in found.items() if v.is_blocking]
    assert sum(is_stated(f) for f in rows.feature_set.features) > 5


def test_a_segment_for_which_the_terms_changed_is_not_rewritten(
    portfolio: Portfolio, data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the customers were late more often until all got the same terms."""
    rows = data.rows["nonpayment"]
    rng = np.random.default_rng(0)
    mark = (np.arange(len(data.customer_ids)) % 2).astype(np.float64)
    is_early = rows.as_of <= np.quantile(np.unique(rows.as_of), 0.5)
    often = np.where(is_early & (mark[rows.customer] > 0), 0.4, 0.1)
    x = rows.x.copy()
    x[:, rows.feature_set.names.index(LATE)] = rng.random(len(rows)) < often
    changed = {**data.rows, "nonpayment": replace(rows, x=x)}

    def now(_: object, rows: Rows, lateness: str) -> tuple[IntArray, BoolArray]:
        numbers = np.unique(rows.customer)
        return numbers, numbers // 2 % np.where(mark[numbers] > 0, 12, 9) == 0

    monkeypatch.setattr(PresentLateness, "of", now)
    found = looked_at(portfolio, replace(data, rows=changed), mark)
    assert not found[PLANTED].is_blocking


def test_it_is_said_which_flag_would_be_seen(
    portfolio: Portfolio, data: TrainingData, is_late_now: BoolArray
) -> None:
    now = PresentLateness(portfolio, data.customer_ids)
    text = power_text(now, data.rows["nonpayment"])
    assert text is not None
    [caught] = re.findall(r"catches (\d+)%", text)
    share = int(caught) / 100
    assert 0.1 < share < 0.75

    def is_named(hit: float, seed: int) -> bool:
        mark = of_some(is_late_now, hit, 0.05, seed)
        return looked_at(portfolio, data, mark)[PLANTED].is_blocking

    assert all(is_named(share + 0.2, seed) for seed in range(3))
    assert not any(is_named(share / 3.0, seed) for seed in range(3))


def test_where_hardly_anybody_is_late_no_flag_would_be_seen(
    portfolio: Portfolio, data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = PresentLateness(portfolio, data.customer_ids)
    rows = data.rows["nonpayment"]
    numbers, is_late = now.of(rows, LATE)
    two = is_late & (np.cumsum(is_late) <= 2)
    monkeypatch.setattr(now, "of", lambda rows, lateness: (numbers, two))
    text = power_text(now, rows)
    assert text is not None
    assert "2 are late" in text
    assert "no flag" in text


def test_a_mark_that_changes_in_time_is_left_alone(
    portfolio: Portfolio, data: TrainingData
) -> None:
    rows = planted(data.rows["nonpayment"], "label")
    found = with_present_echo(
        PresentLateness(portfolio, data.customer_ids),
        replace(rows, x=np.column_stack([rows.x[:, :-1], rows.as_of % 7.0])),
        [
            LeakVerdict(name, "nonpayment", "pass", (), {"auc_alone": 0.9})
            for name in rows.feature_set.names
        ],
    )
    assert not any(v.is_blocking for v in found)


def test_a_bump_between_the_dates_is_no_knowledge_of_the_end() -> None:
    """Measured with bills once a year: an honest column, whose AUC rose and fell."""
    bump = [(a, 0.045) for a in (0.46, 0.46, 0.69, 0.69, 0.46, 0.43)]
    column = MeasuredColumn(0, 0.55, 0.02, by_period=bump)
    assert column.rise[2] < 1.0
    column.by_period = [(a, 0.045) for a in (0.46, 0.46, 0.47, 0.5, 0.55, 0.72)]
    assert column.rise[2] > 3.5


def test_the_last_day_is_looked_at_once_and_only_of_whom_is_learnt_from(
    portfolio: Portfolio,
    data: TrainingData,
    is_late_now: BoolArray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    def counting(whose: Portfolio, pairs: pa.Table, features: FeatureSet) -> pa.Table:
        seen.append(pairs.num_rows)
        return feature_table(whose, pairs, features)

    monkeypatch.setattr("training.lateness_now.feature_table", counting)
    ids = data.customer_ids[:50]
    now = PresentLateness(portfolio, ids)
    rows = data.rows["nonpayment"]
    numbers, is_late = now.of(rows, LATE)
    now.of(rows[rows.label == 1.0], LATE)
    [n] = seen
    assert n <= len(ids)
    assert (is_late == is_late_now[numbers]).all()
