"""The report: what it says, that it escapes, and that groups are treated rightly."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fairlearn.metrics import MetricFrame

from advice.stakes import Stakes
from cli.evaluate import _show
from decisions.policy_file.load import default_policy
from features.portfolio import Portfolio
from scoring.intervals import MetricEstimate
from training.drawing import axes_of
from training.errors import ProtectedFileError
from training.report.evaluation_report import evaluate, write_evaluation
from training.report.evidence import Evidence, _sample, read_protected
from training.report.fairness import UNKNOWN, audit
from training.report.figures import as_svg
from training.report.savings import Saving, Savings, savings

TERMS = default_policy().latest


@pytest.fixture(scope="module")
def found(flat_portfolio: Portfolio) -> Evidence:
    ids = flat_portfolio.customer_ids
    names = ("<script>north</script>", "south")
    protected = {"region": {one: names[i % 2] for i, one in enumerate(ids[:-100])}}
    [one] = evaluate(flat_portfolio, ["nonpayment"], TERMS, protected=protected)
    assert one.evidence is not None
    return one.evidence


def test_the_report_is_one_file_that_fetches_nothing_and_escapes(
    found: Evidence, tmp_path: Path
) -> None:
    page, document = write_evaluation(found, tmp_path)
    html = page.read_text()
    assert "<script" not in html
    assert "&lt;script&gt;north" in html
    assert "<img" not in html
    assert 'src="http' not in html
    for anchor in ("population", "discrimination", "calibration", "time", "money"):
        assert f'id="{anchor}"' in html
    assert html.count("<figcaption>") == html.count("<figure>") >= 5
    numbers = json.loads(document.read_text())
    assert 0.5 < numbers["metrics"]["auc"]["value"] < 1.0
    looked_at = numbers["found_at_share"]["0.1"]
    assert looked_at["low"] < looked_at["value"] < looked_at["high"]
    assert numbers["split"] == "customers"
    assert numbers["origins"] == []
    assert {g["name"] for g in numbers["fairness"][0]["groups"]} >= {UNKNOWN, "south"}


def test_the_report_tells_what_directions_cost_where_it_is_asked(
    flat_portfolio: Portfolio, found: Evidence, tmp_path: Path
) -> None:
    assert found.directions == ()
    [one] = evaluate(flat_portfolio, ["nonpayment"], TERMS, directions=True)
    assert one.evidence is not None
    held = [f.name for f in one.evidence.rows.feature_set.features if f.monotone]
    assert held
    page, document = write_evaluation(one.evidence, tmp_path)
    html = page.read_text()
    assert 'id="directions"' in html
    told = json.loads(document.read_text())["directions"]
    assert [row["feature"] for row in told] == ["all together", *held]
    assert all(name in html for name in held)


def test_one_moment_says_nothing_of_a_later_one(
    found: Evidence, tmp_path: Path
) -> None:
    html = write_evaluation(found, tmp_path)[0].read_text()
    assert "nothing here says how it does at a later one" in html
    assert "There is one test date" in html
    mixed = replace(found.learnt.split, kind="cross_fitted")
    flattering = replace(found, learnt=replace(found.learnt, split=mixed))
    html = write_evaluation(flattering, tmp_path)[0].read_text()
    assert "with all dates mixed" in html


def test_a_group_without_positives_is_open_and_a_missing_one_is_a_group() -> None:
    """MetricFrame gives 0 for the one, and leaves out or refuses the other."""
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.6, 900)
    label = (rng.random(900) < p).astype(np.float64)
    group = np.array(["a", "b", None] * 300, dtype=object)
    label[group == "b"] = 0.0
    one = audit("region", group, label, p, np.arange(900))
    by_name = {g.name: g for g in one.groups}
    assert set(by_name) == {"a", "b", UNKNOWN}
    assert by_name["b"].bad_found is None
    assert by_name["b"].auc is None
    assert by_name["a"].bad_found is not None
    assert "b" in one.out_of_level
    assert one.bad_found_difference is not None
    assert one.bad_found_difference.value == pytest.approx(
        abs(by_name["a"].bad_found - (by_name[UNKNOWN].bad_found or 0.0))
    )

    def recall(y_true: np.ndarray, y_pred: np.ndarray) -> float:
        from sklearn.metrics import recall_score

        return float(recall_score(y_true, y_pred, zero_division=0))

    frame = MetricFrame(
        metrics=recall,
        y_true=label[group != None],  # noqa: E711  of each element
        y_pred=(p > 0.4)[group != None],  # noqa: E711
        sensitive_features=group[group != None],  # noqa: E711
    )
    assert frame.by_group["b"] == 0.0  # what the audit must not say


@pytest.mark.parametrize("dates", [1, 4])
def test_groups_that_mean_nothing_lie_no_further_apart_than_chance_puts_them(
    dates: int,
) -> None:
    """At most 5 of 100 draws are beyond it; 11 or more of 100 come once in 80 runs."""
    rng, beyond = np.random.default_rng(3), 0
    for _ in range(100):
        customers = np.repeat(np.arange(240), dates)
        p = np.repeat(rng.uniform(0.05, 0.6, 240), dates)
        label = np.repeat((rng.random(240) < p[::dates]).astype(np.float64), dates)
        group = np.repeat(rng.choice(np.array(["a", "b", "c"]), 240), dates)
        one = audit("nothing", group.astype(object), label, p, customers)
        assert one.bad_found_difference is not None
        beyond += one.bad_found_difference.is_beyond_chance
    assert beyond <= 10


def test_a_group_that_is_found_less_is_beyond_chance() -> None:
    rng = np.random.default_rng(4)
    group = np.array(["a", "b"] * 300, dtype=object)
    label = np.append(np.ones(120), np.zeros(480))
    p = np.where((label == 1.0) & (group == "a"), 0.5, rng.uniform(0.05, 0.3, 600))
    one = audit("region", group, label, p, np.arange(600))
    assert one.bad_found_difference is not None
    assert one.bad_found_difference.is_beyond_chance


def test_a_group_is_no_surer_for_dates_that_share_what_came() -> None:
    """Twice as much as expected of 12: off where it is of 12 customers, not of 4."""
    label = np.append(np.ones(12), np.zeros(108))
    p, group = np.full(120, 0.05), np.array(["a", "b"] * 60, dtype=object)
    alone = audit("region", group, label, p, np.arange(120))
    shared = audit("region", group, label, p, np.arange(120) // 6)
    [wide], [narrow] = (
        {g.ratio[2] - g.ratio[1] for g in one.groups if g.ratio}
        for one in (shared, alone)
    )
    assert wide > 1.5 * narrow


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_protected_groups_come_from_a_file(
    tmp_path: Path, separator: str, encoding: str
) -> None:
    file = tmp_path / "groups.csv"
    lines = "customer_id,sex,age\nc1,f,30\nc2,,\n,,\n"
    file.write_text(lines.replace(",", separator), encoding)
    assert read_protected(file, ["c0", "c1"]) == {
        "sex": {"c1": "f", "c2": None},
        "age": {"c1": "30", "c2": None},
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("id,sex\nc1,f\n", "a column customer_id", id="no ids"),
        pytest.param("customer_id\nc1\n", "one column per attribute", id="no groups"),
        pytest.param("customer_id,sex\nC-1,f\n", "nobody in it", id="other ids"),
        pytest.param("customer_id,sex\nc1,f,30\n", "1 line with", id="a cell more"),
    ],
)
def test_a_protected_file_that_says_nothing_of_the_portfolio_is_refused(
    tmp_path: Path, text: str, why: str
) -> None:
    file = tmp_path / "groups.csv"
    file.write_text(text)
    with pytest.raises(ProtectedFileError, match=why):
        read_protected(file, ["c1"])


def test_savings_know_a_perfect_model_and_a_useless_one() -> None:
    """All of the ceiling for one that knows, and never more than the ceiling."""
    n = 400
    rng = np.random.default_rng(1)
    label = (rng.random(n) < 0.1).astype(np.float64)
    money = (np.full(n, 2_000.0), np.full(n, 500.0), np.full(n, 500.0))
    stakes = Stakes(
        tuple(map(str, range(n))), np.zeros(n, np.int64), *money, np.full(n, 300.0)
    )
    model = TERMS.model
    assert model is not None

    def captured(p: np.ndarray) -> float:
        days = np.where(label == 1.0, 40.0, 0.0)
        one = savings(
            "nonpayment", stakes, model, label, p, days, np.arange(n), "EUR", "x"
        )
        ours = next(way for way in one.ways if way.name == "this model")
        assert one.regret.value >= -1e-9
        return ours.captured.value

    assert captured(label) == pytest.approx(1.0)
    assert captured(np.full(n, 1e-6)) == pytest.approx(0.0)
    assert captured(1.0 - label) < 0.0


@pytest.mark.parametrize(
    ("model", "threshold", "than"),
    [
        pytest.param(-0.5, 0.0, "less than doing nothing", id="below nothing"),
        pytest.param(1.0, 2.0, "one threshold for everybody", id="below a threshold"),
        pytest.param(2.0, 2.0, None, id="as good"),
        pytest.param(0.186, 0.194, None, id="less by what is not shown"),
        pytest.param(-0.004, 0.0, None, id="nothing, as it is shown"),
        pytest.param(np.nan, np.nan, None, id="unknown"),
    ],
)
def test_the_terminal_says_where_a_simpler_way_saves_more(
    found: Evidence,
    capsys: pytest.CaptureFixture[str],
    model: float,
    threshold: float,
    than: str | None,
) -> None:
    saved = {"this model": model, "best single threshold": threshold}
    unknown = MetricEstimate(np.nan, np.nan, np.nan)
    ways = tuple(
        Saving(name, MetricEstimate(value, value - 1, value + 1), unknown, 0.1, 0.0)
        for name, value in saved.items()
    )
    weighed = Savings("EUR", "house@1", 400, 3.0, unknown, ways)
    _show(replace(found, savings=weighed), Path("page"), Path("document"))
    said = " ".join(capsys.readouterr().out.split())
    if than is None:
        assert "save" not in said
        return
    assert than in said
    assert f"{model:,.2f} EUR a row (95 %: {model - 1:,.2f} to" in said
    assert 'see "What is it worth?"' in said


def test_no_protected_column_reaches_the_features(found: Evidence) -> None:
    assert "region" not in found.bundle.feature_set.names


def test_ids_of_two_figures_differ_however_alike_their_captions_begin() -> None:
    beginning = "Observed and expected positives of each date"
    drawings = [axes_of("t", "x", "y")[0] for _ in range(2)]
    svgs = [
        as_svg(drawing, f"{beginning} {n}").svg for n, drawing in enumerate(drawings)
    ]
    first, second = (set(re.findall(r'id="([^"]+)"', svg)) for svg in svgs)
    assert first
    assert first.isdisjoint(second)


def test_a_small_sample_is_drawn_from_all_rows() -> None:
    rows = _sample(10_000, 1_000)
    assert len(rows) == len(set(rows.tolist())) == 1_000
    assert rows[0] < 200
    assert rows[-1] > 9_800
