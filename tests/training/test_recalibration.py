"""A champion's model gets a map of the latest outcomes, and the gate judges it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from scipy.special import expit

from advice.mature_window import PendingOutcomes, mature_window
from decisions.policy_file.load import default_policy
from features.arrays import FloatArray, IntArray
from features.catalogue import feature_set
from features.moments import DAY_US, microseconds
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from monitoring.drift import drift
from scoring.additive import AdditiveModel, NumberTerm
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap
from scoring.cards import challenger_card
from scoring.metrics import log_losses
from scoring.reference import Reference, Sketch, sketch_of
from scoring.shelf import champion_id
from scoring.starter import starter
from training.errors import NothingToRecalibrateError
from training.promotion import Promotion, promote
from training.recalibration import recalibrate, register_recalibrated
from training.tracking import Tracker
from training.train import train

FIRST = datetime(2025, 1, 31, tzinfo=UTC)
MONTH = timedelta(days=30)
TRAINED = FIRST + 7 * MONTH  # knows the outcomes of dates 0 to 5
NOW = FIRST + 11 * MONTH  # of dates 6 to 9 as well
N_DATES, N_CUSTOMERS = 14, 7_000
SHIFT = 0.9  # log-odds by which it happens more often from date 6 on
LEVEL = -2.2


class ShiftedWorld:
    """Every customer is asked about once; from date 6 on it happens more often."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.date: IntArray = np.arange(N_CUSTOMERS) % N_DATES
        self.load: FloatArray = rng.normal(size=N_CUSTOMERS)
        shift = SHIFT * (self.date >= 6)
        p = expit(LEVEL + self.load + shift)
        self.happens: FloatArray = (rng.random(N_CUSTOMERS) < p).astype(np.float64)
        ids = [f"c{i:05}" for i in range(N_CUSTOMERS)]
        moments = [FIRST + int(d) * MONTH for d in self.date]
        self._tables = {
            "customers": pa.table(
                {
                    "customer_id": ids,
                    "event_at": pa.array([FIRST - MONTH] * N_CUSTOMERS),
                    "created_at": pa.array([FIRST - MONTH] * N_CUSTOMERS),
                    "load": self.load,
                }
            ),
            "snapshots": pa.table({"customer_id": ids, "event_at": moments}),
            "outcomes": pa.table(
                {
                    "customer_id": ids,
                    "event_at": [at + timedelta(days=20) for at in moments],
                    "kind": ["nonpayment"] * N_CUSTOMERS,
                    "source": ["ledger"] * N_CUSTOMERS,
                }
            ).filter(pa.array(self.happens == 1.0)),
        }

    def write(self, folder: Path, moment: datetime) -> None:
        """The portfolio as it was known then, in a folder."""
        folder.mkdir()
        for name, table in self.known(moment).items():
            pq.write_table(table, folder / f"{name}.parquet")
        content = settings(moment).model_dump(
            mode="json",
            by_alias=True,
            include={"name", "attributes", "observed_until", "labels"},
            exclude_none=True,
        )
        (folder / "portfolio.yaml").write_text(json.dumps(content), "utf-8")

    def until(self, moment: datetime) -> Portfolio:
        """What was known then."""
        return Portfolio.from_tables(self.known(moment), settings(moment))

    def known(self, moment: datetime) -> dict[str, pa.Table]:
        return {
            name: table.filter(pc.less_equal(table["event_at"], pa.scalar(moment)))
            for name, table in self._tables.items()
        }

    def later(self) -> tuple[FloatArray, FloatArray]:
        """Load and outcome of the dates that nobody has seen at `NOW`."""
        chosen = self.date >= 10
        return self.load[chosen], self.happens[chosen]


def settings(moment: datetime) -> PortfolioSettings:
    label = {"from": "outcomes", "horizon_days": 30, "posting_lag_days": 0}
    return PortfolioSettings.model_validate(
        {
            "name": "shifted",
            "attributes": {"load": {"monotone": "increasing", "family": "means"}},
            "observed_until": moment.isoformat(),
            "labels": {"nonpayment": label},
        }
    )


@pytest.fixture(scope="module")
def world() -> ShiftedWorld:
    return ShiftedWorld()


@pytest.fixture(scope="module")
def champion(world: ShiftedWorld) -> Bundle:
    """Right about everything until it was trained."""
    portfolio = world.until(TRAINED)
    term = NumberTerm("load", 1.0, 0.0, 1.0, False, 0.0, 0.0)
    return Bundle(
        target="nonpayment",
        model=AdditiveModel("linear", LEVEL, (term,)),
        calibration=LogOddsMap(),
        feature_set=feature_set(portfolio.settings).subset(["load"]),
        settings=portfolio.settings,
        horizon_days=30,
        trained_on=TRAINED.date(),
    )


def off(p: FloatArray, label: FloatArray) -> float:
    """How far observed over expected is from 1, on the scale of ratios."""
    return abs(float(np.log(label.sum() / p.sum())))


def test_the_level_is_right_on_later_dates(
    world: ShiftedWorld, champion: Bundle
) -> None:
    made = recalibrate(world.until(NOW), champion)
    load, label = world.later()
    before = champion.calibration.probability(LEVEL + load)
    after = made.bundle.calibration.probability(LEVEL + load)
    assert off(before, label) > 0.5
    assert off(after, label) < 0.1
    assert log_losses(label, after).mean() < log_losses(label, before).mean()
    # what is said of the window by maps of other customers is right as well
    assert off(made.p, made.rows.label) < off(made.p_before, made.rows.label) / 3.0
    assert made.bundle.model == champion.model
    assert made.bundle.trained_on == NOW.date()


def test_no_outcome_is_used_that_the_champion_has_seen(
    world: ShiftedWorld, champion: Bundle
) -> None:
    made = recalibrate(world.until(NOW), champion)
    horizon = timedelta(days=30)
    first = datetime.fromtimestamp(made.rows.as_of.min() / 1e6, UTC)
    last = datetime.fromtimestamp(made.rows.as_of.max() / 1e6, UTC)
    assert first >= TRAINED
    assert last <= NOW - horizon
    assert made.bundle.reference is None


def test_a_second_look_waits_for_newer_outcomes(
    world: ShiftedWorld, champion: Bundle
) -> None:
    """What a map has learnt from it is not judged by."""
    nothing = Reference(0, {}, Sketch((), (0,), 0), {}, 0)
    made = recalibrate(world.until(NOW), replace(champion, reference=nothing))
    assert made.bundle.reference is not None
    assert made.bundle.reference.learnt_until == made.rows.as_of.max()
    with pytest.raises(NothingToRecalibrateError):
        recalibrate(world.until(NOW), made.bundle)


def test_the_training_is_told_by_the_new_map(
    world: ShiftedWorld, champion: Bundle
) -> None:
    """So that monitoring does not ring because the map did what it was made for."""
    margins = np.random.default_rng(1).normal(-2.0, 1.0, 1_000)
    by_old = sketch_of(champion.calibration.probability(margins))
    reference = Reference(0, {}, by_old, {}, 0)
    bundle = recalibrate(
        world.until(NOW), replace(champion, reference=reference)
    ).bundle
    assert bundle.reference is not None
    p = bundle.calibration.probability(margins)
    assert drift("p", by_old, p).index > 0.25  # by the map of before it rings
    assert drift("p", bundle.reference.probability, p).index < 0.01
    assert bundle.reference.probability.moved(p) == pytest.approx(0.0, abs=1e-3)


def test_no_outcome_shares_time_with_one_that_was_learnt(
    world: ShiftedWorld, champion: Bundle
) -> None:
    """With a horizon of 90 days the next three monthly dates share months with it."""
    learnt = microseconds(FIRST + 4 * MONTH)
    reference = Reference(0, {}, Sketch((), (0,), 0), {}, learnt)
    long = replace(champion, horizon_days=90, reference=reference)
    made = recalibrate(world.until(NOW), long)
    assert made.rows.as_of.min() >= learnt + 90 * DAY_US


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((7, 100), "7 positive outcomes are mature since its training, and 20 are"),
        ((25, 0), "all 25 outcomes that are mature since its training are positive"),
    ],
)
def test_the_next_date_is_named(counts: tuple[int, int], said: str) -> None:
    text = str(NothingToRecalibrateError("fraud", microseconds(NOW), *counts))
    assert said in text
    assert f"those of the next date are known on {NOW.date()}" in text
    assert "learnt" in str(NothingToRecalibrateError("fraud", None, 0, 0))


def test_a_date_that_is_mature_is_not_waited_for(
    world: ShiftedWorld, champion: Bundle
) -> None:
    """Some of the dates are mature and too few; what is said comes after today."""
    soon = FIRST + 9 * MONTH + timedelta(days=1)
    tables = world.known(soon)
    tables["outcomes"] = tables["outcomes"].slice(0, 5)
    seen = mature_window(Portfolio.from_tables(tables, settings(soon)), champion)
    assert isinstance(seen, PendingOutcomes)
    assert seen.n_negatives > 0
    assert seen.next_at is not None
    assert seen.next_at > microseconds(soon)


def test_the_same_data_and_seed_give_the_same_bundle(
    world: ShiftedWorld, champion: Bundle
) -> None:
    one, other = (recalibrate(world.until(NOW), champion) for _ in range(2))
    assert one.bundle.bundle_id == other.bundle.bundle_id
    assert one.bundle.bundle_id != champion.bundle_id
    assert np.array_equal(one.p, other.p)


def test_a_champion_that_is_right_keeps_its_map(champion: Bundle) -> None:
    """Within what chance gives: the map moves by less than a tenth."""
    calm = ShiftedWorld(1)
    right = replace(champion, calibration=LogOddsMap(SHIFT, 1.0))
    made = recalibrate(calm.until(NOW), right)
    assert abs(made.bundle.calibration.intercept - SHIFT) < 0.25
    load, label = calm.later()
    p = made.bundle.calibration.probability(LEVEL + load)
    before = right.calibration.probability(LEVEL + load)
    assert log_losses(label, p).mean() < log_losses(label, before).mean() * 1.01


def test_what_cannot_be_recalibrated_says_why(
    world: ShiftedWorld, champion: Bundle
) -> None:
    with pytest.raises(NothingToRecalibrateError, match="starter"):
        recalibrate(world.until(NOW), starter("nonpayment"))
    soon = TRAINED + timedelta(days=10)
    fresh = replace(champion, trained_on=soon.date())
    with pytest.raises(NothingToRecalibrateError, match=r"no date|are needed"):
        recalibrate(world.until(soon), fresh)


@pytest.mark.slow  # trains once and registers twice
def test_it_goes_through_the_gate_of_every_challenger(
    world: ShiftedWorld, tmp_path: Path
) -> None:
    [first] = train(world.until(TRAINED), home=tmp_path)
    assert first.bundle is not None
    tracker = Tracker(tmp_path)
    made = recalibrate(world.until(NOW), first.bundle)
    version = register_recalibrated(made, tracker)
    assert champion_id(tmp_path, "nonpayment") == first.bundle.bundle_id
    kept = challenger_card(tmp_path, "nonpayment")
    assert kept is not None
    assert kept.bundle_id == made.bundle.bundle_id
    assert sum(one.n for one in kept.curve) in (0, len(made.p))
    done = promoted(tracker)
    assert done.version == version
    gates = {gate.name: gate.is_passed for gate in done.gates}
    assert gates["rows_in_common"]
    assert gates["log_loss_better"]
    assert gates["level_is_right"]
    assert done.is_done, done.gates
    assert champion_id(tmp_path, "nonpayment") == made.bundle.bundle_id
    # a worse map of the same model is refused by the same rows
    worse = replace(
        made,
        bundle=replace(
            first.bundle, calibration=LogOddsMap(3.0, 1.0), trained_on=date(2025, 12, 1)
        ),
        before=made.bundle,
        p=np.clip(made.p * 3.0, 0.0, 0.99),
        p_before=made.p,
    )
    register_recalibrated(worse, tracker)
    refused = promoted(tracker)
    assert not refused.is_done
    assert champion_id(tmp_path, "nonpayment") == made.bundle.bundle_id


def promoted(tracker: Tracker) -> Promotion:
    return promote("nonpayment", tracker, terms=default_policy().latest)


def test_a_model_trained_much_later_is_compared_on_dates_that_are_new_to_both(
    world: ShiftedWorld, tmp_path: Path
) -> None:
    """Their reports have no date in common; what serves was then never replaced."""
    for moment in (TRAINED, NOW):
        [result] = train(world.until(moment), home=tmp_path)
    done = promote("nonpayment", Tracker(tmp_path), terms=default_policy().latest)
    gates = {gate.name: gate for gate in done.gates}
    assert result.learnt is not None
    n = len(result.learnt.judgement.p)
    told = f"{n:,} rows that neither learned from"
    assert gates["rows_in_common"].is_passed
    assert gates["rows_in_common"].text.startswith(told)
    assert "log_loss_better" in gates, "so they are compared"
