"""The leak audit names what was written in hindsight, and nothing that was known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.arrays import IntArray
from features.catalogue import feature_set
from features.feature_set import FeatureSet
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from features.targets import Target
from scoring.metrics import auc
from training.audits import Acceptance, LeakVerdict
from training.audits.check import Check
from training.audits.controls import _too_good, controls
from training.audits.hindsight import (
    _correlation,
    hindsight,
    is_noteworthy,
    is_stated,
)
from training.audits.leak_page import leak_page
from training.audits.leakage import audit_leakage
from training.audits.learner import BinnedColumns, folds_of
from training.audits.mutation import PLANTED, Kind, planted
from training.audits.time_travel import time_travel
from training.audits.verdict import LeakEvidence
from training.errors import UnknownFeatureAcceptedError
from training.leakage import CALM_AUC
from training.rows import Rows
from training.train import train
from training.training_data import TrainingData, gather

LUMEN = Path(__file__).parents[2] / "data" / "samples" / "lumen"
N_WORLDS = 8
RowsOf = Callable[..., Rows]


def named(verdicts: tuple[LeakVerdict, ...]) -> list[str]:
    return [v.feature for v in verdicts if v.is_blocking]


def test_where_all_columns_are_hidden_nothing_is_learnt(rows_of: RowsOf) -> None:
    """An empty list of columns is no constraint to LightGBM: it would see them all."""
    rows = rows_of(400)
    binned, fold = BinnedColumns(rows.x), folds_of(rows)
    among = rows.x[:, 0] > 0.0
    hidden = range(rows.x.shape[1])
    assert binned.predicted(rows.label, fold, without=hidden[1:]).any()
    margin = binned.predicted(rows.label, fold, among=among, without=hidden)
    np.testing.assert_array_equal(margin, np.zeros(among.sum()))


def test_newcomers_alone_may_defraud(settings: PortfolioSettings) -> None:
    """How long somebody has been a customer cannot know what comes after.

    Where all frauds are newcomers it ranks nearly without fault; the age of the mail
    domain, which somebody states, is named with the same numbers.
    """
    rng = np.random.default_rng(4)
    ages = ("customer_age_days", "subscriptions_first_age_days")
    stated = "customer_email_domain_age_days"
    tables = {"tables": frozenset({"customers", "subscriptions"})}
    features = feature_set(settings.model_copy(update=tables)).subset((*ages, stated))
    label = (rng.random(3_000) < 0.04).astype(np.float64)
    age = np.where(label == 1.0, rng.uniform(0, 60, 3_000), rng.uniform(20, 900, 3_000))
    n: IntArray = np.arange(3_000)
    x = np.column_stack([age] * 3)
    rows = Rows(x, label, n, np.zeros_like(n), np.ones_like(n), features)
    assert auc(label, -age) > 0.95
    assert named(hindsight("fraud", rows)) == [stated]


@pytest.mark.parametrize("seed", range(N_WORLDS))
def test_honest_columns_pass(rows_of: RowsOf, seed: int) -> None:
    """Four columns known in time, strong and independent of each other.

    The hardest honest case: nothing known before goes with them. 32 columns looked at,
    none may be named.
    """
    assert named(hindsight("nonpayment", rows_of(seed=seed), seed)) == []


@pytest.mark.parametrize("seed", range(N_WORLDS))
@pytest.mark.parametrize("kind", ["label", "flag"])
def test_a_flag_of_half_of_the_bad_is_named(
    rows_of: RowsOf, kind: Kind, seed: int
) -> None:
    """It marks 50 % of the bad and 3 % of the others; no other column is named.

    Of 2,000 customers 25 % turn bad: 45 good ones are marked, and their echo in the
    past has a standard error of 0.04. It must be named in every one of the worlds.
    """
    leaky = planted(rows_of(seed=seed), kind, seed)
    assert named(hindsight("nonpayment", leaky, seed)) == [PLANTED]


@pytest.mark.parametrize("n_good", range(6))
def test_a_flag_with_few_exceptions_is_named(rows_of: RowsOf, n_good: int) -> None:
    """A fifth of the bad and up to five of the others: less sloppy, as visible."""
    rows = rows_of()
    flag = np.zeros(len(rows))
    flag[np.flatnonzero(rows.label == 1.0)[::4]] = 1.0
    flag[np.flatnonzero(rows.label == 0.0)[:n_good]] = 1.0
    leaky = planted(rows, "flag")
    leaky = replace(leaky, x=np.column_stack([rows.x, flag]))
    assert named(hindsight("nonpayment", leaky)) == [PLANTED]


@pytest.mark.parametrize(
    ("every", "n_good"),
    [
        pytest.param(4, 8, id="a quarter, eight exceptions"),
        pytest.param(4, 11, id="a quarter, eleven exceptions"),
        pytest.param(8, 0, id="an eighth, no exception"),
        pytest.param(8, 5, id="an eighth, five exceptions"),
    ],
)
def test_a_precise_flag_is_named_however_few_it_catches(
    rows_of: RowsOf, every: int, n_good: int
) -> None:
    """It hardly moves the AUC (.56 alone): what counts is whom it does not mark."""
    rows = rows_of()
    flag = np.zeros(len(rows))
    flag[np.flatnonzero(rows.label == 1.0)[::every]] = 1.0
    flag[np.flatnonzero(rows.label == 0.0)[:n_good]] = 1.0
    leaky = planted(rows, "flag")
    leaky = replace(leaky, x=np.column_stack([rows.x, flag]))
    assert named(hindsight("nonpayment", leaky)) == [PLANTED]


def test_a_precise_column_that_passes_is_named_without_being_guilty() -> None:
    precise, usual = {"likelihood_ratio": 9.5}, {"likelihood_ratio": 8.5}
    assert is_noteworthy(LeakVerdict("a", "fraud", "pass", (), precise))
    assert not is_noteworthy(LeakVerdict("a", "fraud", "pass", (), usual))
    assert not is_noteworthy(LeakVerdict("a", "fraud", "leak", (), precise))
    assert not is_noteworthy(LeakVerdict("a", "fraud", "pass"))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_twin_does_not_hide_what_both_know(rows_of: RowsOf, sign: float) -> None:
    """The same leak twice, as when an attribute repeats a column of the contract."""
    leaky = planted(rows_of(), "flag")
    flag = leaky.feature_set.features[-1]
    features = FeatureSet(
        (*leaky.feature_set.features, replace(flag, name="twin")),
        leaky.feature_set.vocabularies,
    )
    x = np.column_stack([leaky.x, sign * leaky.x[:, -1]])
    twins = replace(leaky, x=x, feature_set=features)
    assert named(hindsight("nonpayment", twins)) == [PLANTED, "twin"]


def test_no_check_reports_what_another_did_not_look_at(rows_of: RowsOf) -> None:
    rows = rows_of(200)
    few = replace(rows, label=np.where(np.cumsum(rows.label) <= 3, rows.label, 0.0))
    checks = {c.number: c for c in controls("nonpayment", few, ())}
    assert checks[10].outcome == "not_looked_at"
    assert checks[7].outcome == "cannot_tell"
    assert "too few outcomes" in checks[7].text
    assert "check 10" not in checks[7].text


@pytest.fixture(scope="module")
def gathered() -> TrainingData:
    return gather(Portfolio.open(LUMEN), ("fraud", "nonpayment"))


@pytest.mark.slow
def test_no_stated_column_of_the_sample_is_named(gathered: TrainingData) -> None:
    for target, rows in gathered.rows.items():
        assert any(is_stated(f) for f in rows.feature_set.features)
        assert named(hindsight(target, rows)) == []


@pytest.mark.slow
def test_the_sample_passes_what_looks_at_all_features(gathered: TrainingData) -> None:
    """Also with links, of which non-payment learns nothing and a sample finds few."""
    for target, rows in gathered.rows.items():
        checks = time_travel(Portfolio.open(LUMEN), target, rows, gathered.customer_ids)
        assert {c.name: c.features for c in checks if c.outcome != "pass"} == {}


@pytest.mark.slow
def test_the_whole_audit_of_the_sample_is_clean() -> None:
    assert audit_leakage(Portfolio.open(LUMEN)).is_clean


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["label", "flag", "late_flag", "row_flag"])
def test_every_kind_of_leak_is_named_beside_a_real_history(
    gathered: TrainingData, kind: Kind
) -> None:
    """Three draws of each kind, all found.

    `late_flag` moves the AUC by .02 only: it marks half of those who turn bad on the
    last four dates. What gives it away is that it says nothing of earlier ones.
    """
    rows = gathered.rows["nonpayment"]
    for seed in range(3):
        verdicts = hindsight("nonpayment", planted(rows, kind, seed), seed, {PLANTED})
        assert named(verdicts) == [PLANTED]


@pytest.mark.slow
def test_an_attribute_rewritten_in_place_is_named(gathered: TrainingData) -> None:
    """How late each customer was on the last date, written over all before it."""
    rows = gathered.rows["nonpayment"]
    late = rows.column("account_days_overdue")
    order = np.lexsort((rows.as_of, rows.customer))
    latest = np.zeros(int(rows.customer.max()) + 1)
    latest[rows.customer[order]] = late[order]
    leaky = planted(rows, "flag")
    x = leaky.x.copy()
    x[:, -1] = latest[rows.customer]
    verdicts = hindsight("nonpayment", replace(leaky, x=x), 0, {PLANTED})
    assert named(verdicts) == [PLANTED]


def leaky_portfolio(settings: PortfolioSettings, n: int = 1_200) -> Portfolio:
    """A flat portfolio with a column that was filled when the outcome was known."""
    rng = np.random.default_rng(4)
    load = rng.normal(size=n)
    is_bad = rng.random(n) < 1.0 / (1.0 + np.exp(1.6 - 1.2 * load))
    mark = np.where(is_bad, rng.random(n) < 0.5, rng.random(n) < 0.03)
    ids = [f"c{i:05}" for i in range(n)]
    attributes: dict[str, object] = {"load": {}, "dunning_list": {}}
    told = settings.model_copy(
        update={
            "attributes": PortfolioSettings.model_validate(
                {"attributes": attributes}
            ).attributes
        }
    )
    customers = pa.table(
        {
            "customer_id": ids,
            "event_at": ["2025-12-31T00:00:00Z"] * n,
            "created_at": ["2024-01-01T00:00:00Z"] * n,
            "load": load,
            "dunning_list": mark.astype(float),
        }
    )
    bad = [customer for customer, one in zip(ids, is_bad, strict=True) if one]
    outcomes = pa.table(
        {
            "customer_id": bad,
            "event_at": ["2026-01-20T00:00:00Z"] * len(bad),
            "kind": ["nonpayment"] * len(bad),
            "source": ["ledger"] * len(bad),
        }
    )
    tables = {"customers": customers, "outcomes": outcomes}
    return Portfolio.from_tables(tables, told)


@pytest.mark.slow
def test_a_suspected_leak_does_not_serve_until_somebody_accepts_it(
    settings: PortfolioSettings, tmp_path: Path
) -> None:
    portfolio = leaky_portfolio(settings)
    [result] = train(portfolio, home=tmp_path / "a")
    assert result.registered is not None
    assert not result.registered.is_champion
    assert [v.feature for v in result.suspected] == ["dunning_list"]
    assert "known with the customer's first row" in result.suspected[0].why

    accepted = (Acceptance("dunning_list", "the partner's list of the day before"),)
    [again] = train(portfolio, home=tmp_path / "b", accepted=accepted)
    assert again.registered is not None
    assert again.registered.is_champion
    card = next((tmp_path / "b").rglob("card/model_card.md"))
    assert "partner's list of the day before" in card.read_text()
    assert again.learnt is not None
    assert again.learnt.accepted == {
        "dunning_list": "the partner's list of the day before"
    }


def test_the_audit_names_the_column_in_words_page_and_numbers(
    settings: PortfolioSettings,
) -> None:
    audit = audit_leakage(leaky_portfolio(settings))
    assert not audit.is_clean
    assert [v.feature for v in audit.suspected] == ["dunning_list"]
    numbers = [c.number for c in audit.checks]
    numbers += [c.number for one in audit.targets for c in one.checks]
    assert sorted(set(numbers)) == list(range(1, 11))
    page = leak_page(audit)
    assert "Suspected: dunning_list." in page
    assert page.count("<figure>") == 2
    [target] = audit.to_json()["targets"]
    assert {v["feature"]: v["level"] for v in target["verdicts"]} == {
        "load": "pass",
        "dunning_list": "leak",
    }


def test_what_is_accepted_is_clean_and_a_wrong_name_is_refused(
    settings: PortfolioSettings,
) -> None:
    portfolio = leaky_portfolio(settings)
    assert audit_leakage(portfolio, [Acceptance("dunning_list", "known")]).is_clean
    with pytest.raises(UnknownFeatureAcceptedError, match="dunning_lst"):
        audit_leakage(portfolio, [Acceptance("dunning_lst", "a slip")])


def test_too_few_outcomes_are_said_and_nothing_is_named(rows_of: RowsOf) -> None:
    rows = rows_of(200)
    few = replace(rows, label=np.where(np.cumsum(rows.label) <= 3, rows.label, 0.0))
    assert named(hindsight("nonpayment", planted(few, "flag"))) == []


@pytest.mark.slow
def test_calm_customers_are_measured_for_nonpayment(gathered: TrainingData) -> None:
    def too_good(target: Target) -> Check:
        checks = controls(target, gathered.rows[target], ())
        return next(check for check in checks if check.number == 7)

    value = too_good("nonpayment").numbers["auc_not_past_due"]
    assert value is not None
    assert 0.5 < value < CALM_AUC
    assert not too_good("fraud").numbers


def test_where_everybody_turns_bad_once_there_is_nobody_to_compare_with(
    rows_of: RowsOf,
) -> None:
    rows = rows_of(400)
    later = replace(rows, customer=np.arange(len(rows)) // 4)
    label = rows.label.copy()
    label[::4] = 1.0
    for verdict in hindsight("nonpayment", replace(later, label=label)):
        numbers = verdict.numbers or {}
        assert not any(np.isnan(v) for v in numbers.values() if v is not None)


def test_without_power_nothing_is_passed(rows_of: RowsOf) -> None:
    rows = rows_of(200)
    few = replace(rows, label=np.where(np.cumsum(rows.label) <= 3, rows.label, 0.0))
    verdicts = hindsight("nonpayment", few)
    [seventh] = [c for c in controls("nonpayment", few, verdicts) if c.number == 7]
    assert seventh.outcome == "cannot_tell"


def test_without_a_row_nothing_goes_together() -> None:
    """Nor does numpy print that it has no mean; warnings are errors here."""
    assert _correlation(np.empty(0), np.empty(0)) == 0.0


def test_check_7_says_of_a_doubt_what_the_verdict_says() -> None:
    """One run said LEAK in the table and SUSPECT of the same feature below it."""
    seen = (LeakEvidence("sign", "what was seen"),)
    doubt = LeakVerdict("mood", "fraud", "suspect", seen)
    leak = LeakVerdict("list", "fraud", "leak", seen)
    check = _too_good([doubt], None, None)
    assert (check.outcome, check.features) == ("suspect", ("mood",))
    assert check.text == "suspected of hindsight: mood"
    check = _too_good([doubt, leak], None, None)
    assert check.outcome == "leak"
    assert check.text == "known in hindsight, as it seems: list; suspected of it: mood"
