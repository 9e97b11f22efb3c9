"""Each gate of a promotion, on rows made so that it alone decides."""

from datetime import date

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit, logit

from decisions.money.exposure import FaceValues
from decisions.policy_file.load import default_policy
from features.arrays import FloatArray
from scoring.cards import PromotionGate
from training.comparison import gates, in_common
from training.judged_money import Money
from training.judged_rows import JudgedRows

TERMS = default_policy().latest
SAME_DAY = (date(2026, 1, 31), date(2026, 1, 31))
NEWER = (date(2026, 2, 28), date(2026, 1, 31))
N = 3_000


def rows(
    p: FloatArray,
    label: FloatArray,
    *,
    money: float = 500.0,
    segment: str = "",
    families: frozenset[str] | None = None,
    is_assumed: float = 0.0,
) -> JudgedRows:
    n = len(p)
    face = FaceValues(*(np.full(n, v) for v in (money, 100.0, 0.0, 0.0, 0.0)))
    return JudgedRows(
        key=np.array([f"c{i}|0" for i in range(n)], dtype=object),
        customer=np.arange(n),
        label=label,
        p=p,
        segment=np.full(n, segment, dtype=object),
        money=Money(
            face,
            np.zeros(n),
            np.full(n, 300.0 if money == money else np.nan),
            np.zeros(n),
            np.full(n, is_assumed),
        ),
        families=(families,) * n,
    )


@pytest.fixture(scope="module")
def world() -> tuple[FloatArray, FloatArray]:
    """True probabilities and what came of them."""
    rng = np.random.default_rng(3)
    truth = expit(rng.normal(-2.0, 1.3, N))
    return truth, (rng.random(N) < truth).astype(np.float64)


def by_name(
    new: JudgedRows,
    old: JudgedRows,
    trained_on: tuple[date, date] = SAME_DAY,
) -> dict[str, PromotionGate]:
    return {
        g.name: g for g in gates("nonpayment", in_common(new, old), trained_on, TERMS)
    }


def blurred(truth: FloatArray, by: float, seed: int = 0) -> FloatArray:
    noise = np.random.default_rng(seed).normal(0.0, by, len(truth))
    return np.asarray(expit(logit(truth) + noise))


def test_a_better_model_passes_every_gate(
    world: tuple[FloatArray, FloatArray],
) -> None:
    truth, label = world
    named = frozenset({"lateness"})
    new = rows(truth, label, segment="sme", families=named)
    old = rows(blurred(truth, 1.0), label, segment="sme", families=named)
    passed = by_name(new, old)
    assert set(passed) == {
        "rows_in_common",
        "log_loss_better",
        "level_is_right",
        "slope_is_right",
        "cost_not_worse",
        "no_segment_worse",
        "reasons_overlap",
    }
    assert all(gate.is_passed for gate in passed.values()), passed
    refused = by_name(old, new)
    assert not refused["log_loss_better"].is_passed
    assert not refused["cost_not_worse"].is_passed
    assert not refused["no_segment_worse"].is_passed


def test_as_good_is_enough_for_a_model_of_newer_data_only(
    world: tuple[FloatArray, FloatArray],
) -> None:
    truth, label = world
    new, old = rows(blurred(truth, 0.02), label), rows(truth, label)
    assert not by_name(new, old)["log_loss_better"].is_passed
    assert by_name(new, old, NEWER)["log_loss_better"].is_passed
    worse = rows(blurred(truth, 0.8), label)
    assert not by_name(worse, old, NEWER)["log_loss_better"].is_passed


@pytest.mark.parametrize(("shift", "is_right"), [(0.0, True), (1.0, False)])
def test_the_level_must_be_right(
    world: tuple[FloatArray, FloatArray], shift: float, is_right: bool
) -> None:
    truth, label = world
    new = rows(expit(logit(truth) + shift), label)
    assert by_name(new, rows(truth, label))["level_is_right"].is_passed is is_right


@pytest.mark.parametrize(
    ("slope", "is_right"),
    [
        pytest.param(1.0, True, id="right"),
        pytest.param(0.85, True, id="near enough"),
        pytest.param(0.5, False, id="high probabilities too high"),
        pytest.param(1.8, False, id="high probabilities too low"),
    ],
)
def test_the_slope_must_not_be_off_for_sure(
    world: tuple[FloatArray, FloatArray], slope: float, is_right: bool
) -> None:
    truth, label = world
    log_odds = logit(truth) / slope

    def excess(shift: float) -> float:
        return float(expit(log_odds + shift).sum() - truth.sum())

    new = rows(expit(log_odds + brentq(excess, -20.0, 20.0)), label)
    found = by_name(new, rows(np.full(N, truth.mean()), label))
    # of the timid one the log-loss says nothing: it ranks, the champion does not
    assert found["log_loss_better"].is_passed is (slope > 0.5)
    assert found["level_is_right"].is_passed
    assert found["slope_is_right"].is_passed is is_right


def test_the_level_is_no_surer_for_dates_that_share_what_came(
    world: tuple[FloatArray, FloatArray],
) -> None:
    truth, label = world
    index = np.tile(np.arange(N), 3)

    def level(*models: JudgedRows) -> str:
        both = in_common(*models)
        named = {
            gate.name: gate.text for gate in gates("nonpayment", both, SAME_DAY, TERMS)
        }
        return named["level_is_right"]

    def thrice(one: JudgedRows) -> JudgedRows:
        return one._replace(
            key=np.array([f"c{i}|{n // N}" for n, i in enumerate(index)], dtype=object),
            customer=one.customer[index],
            label=one.label[index],
            p=one.p[index],
            segment=one.segment[index],
            money=one.money.taken(index),
            families=one.families * 3,
        )

    new, old = rows(truth, label), rows(0.8 * truth, label)
    assert level(thrice(new), thrice(old)) == level(new, old)


def test_one_segment_that_is_worse_is_named(
    world: tuple[FloatArray, FloatArray],
) -> None:
    """Better for all others, so only the segment stands against it."""
    truth, label = world
    segment = np.where(np.arange(N) < 600, "small", "large").astype(object)
    p_new = np.where(segment == "small", blurred(truth, 1.5, 1), truth)
    p_old = np.where(segment == "small", truth, blurred(truth, 1.5, 2))
    new = rows(p_new, label)._replace(segment=segment)
    old = rows(p_old, label)._replace(segment=segment)
    gate = by_name(new, old)["no_segment_worse"]
    assert gate.is_passed is False
    assert "small by" in gate.text
    assert "large by" not in gate.text


def test_other_reasons_are_refused_and_unknown_ones_said(
    world: tuple[FloatArray, FloatArray],
) -> None:
    truth, label = world
    new = rows(truth, label, families=frozenset({"lateness", "usage"}))
    old = rows(truth, label, families=frozenset({"balance", "usage"}))
    assert by_name(new, old)["reasons_overlap"].is_passed is False
    assert by_name(rows(truth, label), old)["reasons_overlap"].is_passed is None


def test_without_money_cost_is_open_and_blocks_nobody(
    world: tuple[FloatArray, FloatArray],
) -> None:
    truth, label = world
    new, old = (rows(p, label, money=np.nan) for p in (truth, blurred(truth, 1.0)))
    assert by_name(new, old)["cost_not_worse"].is_passed is None


def test_assumed_money_is_priced_and_said(world: tuple[FloatArray, FloatArray]) -> None:
    truth, label = world
    new, old = (rows(p, label, is_assumed=1.0) for p in (truth, blurred(truth, 1.0)))
    gate = by_name(new, old)["cost_not_worse"]
    assert gate.is_passed
    assert "of 3,000 of the 3,000 rows with money part of it is assumed" in gate.text
    stated = by_name(rows(truth, label), old)["cost_not_worse"]
    assert "assumed" not in stated.text


def test_rows_that_only_one_judged_or_that_ended_otherwise_do_not_count(
    world: tuple[FloatArray, FloatArray],
) -> None:
    truth, label = world
    new, old = rows(truth, label), rows(truth, label)
    shifted = old._replace(key=np.array([f"c{i + 10}|0" for i in range(N)]))
    flipped = shifted._replace(label=1.0 - label)
    assert len(in_common(new, shifted).new.label) < N - 10
    both = in_common(new, flipped)
    assert (both.new.label == both.old.label).all()
    few = in_common(new, old._replace(key=np.array([f"d{i}" for i in range(N)])))
    assert few.n_positives == 0
    nobody = old._replace(key=np.array([f"d{i}" for i in range(N)]))
    [gate] = by_name(new, nobody).values()
    assert (gate.name, gate.is_passed) == ("rows_in_common", False)
