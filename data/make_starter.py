"""Make the starter: the models that stand in until a portfolio has taught its own.

    python -m data.make_starter    (about four minutes of CPU; the same bytes each time)

It learns from simulated worlds whose parameters are drawn at random, each read as the
plainest portfolio is (customers, invoices, payments; for fraud also alerts), from
features that compare a customer with itself: no amounts, no currency, no country. Every
feature may only raise the probability, or only lower it, where the sign is common
sense, and a payment moves none to the worse side (`FEATURES`). Each world has an
intercept of its own, so the weights say who is worse than others and not how bad a
world is; the shipped intercept is the middle one. The slope is what is left of the
weights in a world that did not teach them.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from data.starter_card import Judged, card
from features.arrays import BoolArray, FloatArray, IntArray
from features.batch import feature_table, matrix
from features.catalogue import feature_set as features_of
from features.feature_set import FeatureSet
from features.labels import labels
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from features.snapshots import snapshots
from features.targets import Target
from scoring.additive import AdditiveModel, NumberTerm, signed_log
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap, fit_log_odds_affine
from scoring.metrics import auc
from scoring.starter import STARTER_TABLES, starter_folder
from simulation.run import simulate
from simulation.worlds import CALM, World

N_WORLDS, N_CUSTOMERS, N_MONTHS, SEED = 36, 500, 20, 20_260_601
N_PARTS = 6  # of the worlds, each judged by what the others taught
RIDGE = 30.0  # pseudo-rows that pull each weight to 0
MADE_ON = date(2026, 6, 1)
TAUGHT_TABLES = STARTER_TABLES | {"alerts"}  # alerts say nothing where there are none


@dataclass(frozen=True)
class Reading:
    """How a feature is read.

    Args:
        direction: 1 where it may only raise the probability, −1 where only lower it.
        is_log: whether its logarithm counts.
        nothing: what it is where there is nothing to tell it from (who has paid nothing
            did so first 0 days ago); None where what is missing says nothing.
    """

    direction: int
    is_log: bool = True
    nothing: float | None = None

    def __call__(self, value: FloatArray) -> FloatArray:
        return value if self.nothing is None else np.nan_to_num(value, nan=self.nothing)


FEATURES: Mapping[Target, Mapping[str, Reading]] = {
    "nonpayment": {
        "account_invoices_overdue": Reading(1),
        "account_invoices_open": Reading(1),
        "account_open_age_days": Reading(1, is_log=False),
        "payments_failed_90d": Reading(1),
        "payments_returned_365d": Reading(1),
        "payments_succeeded_30d": Reading(-1),
        "payments_succeeded_365d": Reading(-1),
        "payments_first_age_days": Reading(-1, nothing=0.0),
    },
    "fraud": {
        "invoice_amount_peak_30d": Reading(1),
        "payments_failed_90d": Reading(1),
        "payments_failed_hard_90d": Reading(1),
        "payments_succeeded_365d": Reading(-1),
        "invoices_first_age_days": Reading(-1),
        "alerts_30d": Reading(1),
        "alerts_high_confidence_30d": Reading(1),
        "alerts_resolved_legitimate_365d": Reading(-1),
    },
}
"""A monotone additive model over features that every portfolio has.

A payment moves none of them to the worse side. Not read, therefore: ratios to what was
paid (unknown while nothing is, large after a first small payment); how late paid
invoices were (one that is paid late becomes one of them); shares of what is open (who
pays ahead has more of the rest overdue); how many cards were tried (paying by a new one
is no warning).
"""


@dataclass(frozen=True)
class Taught:
    """Labelled rows of all worlds; `world` is the number of each row's."""

    x: FloatArray
    label: FloatArray
    world: IntArray

    def __getitem__(self, chosen: BoolArray) -> "Taught":
        return Taught(self.x[chosen], self.label[chosen], self.world[chosen])


def random_world(rng: np.random.Generator, number: int) -> World:
    """The calm world with what differs between resellers drawn at random."""

    def times(values: Sequence[float], low: float, high: float) -> tuple[float, ...]:
        factor = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        return tuple(min(value * factor, 0.9) for value in values)

    level = float(rng.uniform(-0.8, 1.0))
    pay = (*(v + level for v in CALM.pay_log_odds[:3]), *CALM.pay_log_odds[3:5])
    honest = tuple(v + level for v in CALM.pay_log_odds[5:])
    fragile, strategic = (float(v) for v in rng.uniform([0.05, 0.02], [0.25, 0.15]))
    share = (0.965 - fragile - strategic, fragile, strategic, 0.0, 0.0, 0.02, 0.015)
    return replace(
        CALM,
        name=f"random-{number}",
        share_at_start=float(rng.uniform(0.3, 0.9)),
        share_of_kind=share,
        fraud_share_new=times(CALM.fraud_share_new, 0.5, 2.5),  # type: ignore[arg-type]
        careful_share=float(rng.uniform(0.4, 0.9)),
        pay_log_odds=(*pay, *honest),  # type: ignore[arg-type]
        inertia_sd=float(rng.uniform(0.1, 1.2)),
        liquidity_effect=float(rng.uniform(0.2, 0.9)),
        distress_per_month=times(CALM.distress_per_month, 0.5, 1.8),  # type: ignore[arg-type]
        distress_log_odds=float(rng.uniform(4.0, 7.5)),
        distress_kept_per_month=float(rng.uniform(0.2, 0.7)),
        overdue_log_odds_per_day=float(rng.uniform(0.002, 0.025)),
        macro_sd=float(rng.uniform(0.02, 0.25)),
        partial_share=float(rng.uniform(0.0, 0.1)),
        dispute_per_invoice=float(rng.uniform(0.0, 0.01)),
        churn_per_month=float(rng.uniform(0.003, 0.02)),
        missing_share=float(rng.uniform(0.0, 0.4)),
    )


def plainest(folder: Path) -> Portfolio:
    """A portfolio as somebody has it who exports three tables; labels by all."""
    for file in folder.glob("*.parquet"):
        if file.stem not in {*TAUGHT_TABLES, "disputes", "outcomes"}:
            file.unlink()
    return Portfolio.open(folder)


def gathered() -> tuple[FeatureSet, Mapping[Target, Taught]]:
    """Rows of every world, and the features their columns stand for."""
    rng = np.random.default_rng(SEED)
    settings = PortfolioSettings(tables=TAUGHT_TABLES)
    names = {name for of_target in FEATURES.values() for name in of_target}
    features = features_of(settings).subset(names)
    parts: dict[Target, list[Taught]] = {target: [] for target in FEATURES}
    for number in range(N_WORLDS):
        with TemporaryDirectory() as scratch:
            folder = Path(scratch) / "world"
            world = random_world(rng, number)
            simulate(world, N_CUSTOMERS, N_MONTHS, SEED + number, folder)
            portfolio = plainest(folder)
        moments = snapshots(portfolio)
        x = matrix(feature_table(portfolio, moments, features), features)
        for target, rows in parts.items():
            labelled = labels(portfolio, moments, target)
            label = labelled["label"].to_numpy(zero_copy_only=False).astype(np.float64)
            label[labelled["mature_at"].to_numpy() > portfolio.observed_until] = np.nan
            known = ~np.isnan(label)
            where = np.full(known.sum(), number)
            rows.append(Taught(x[known], label[known], where))
        sys.stderr.write(f"\rworld {number + 1} of {N_WORLDS}")
    sys.stderr.write("\n")
    return features, {target: _joined(rows) for target, rows in parts.items()}


def _joined(parts: Sequence[Taught]) -> Taught:
    return Taught(
        np.concatenate([p.x for p in parts]),
        np.concatenate([p.label for p in parts]),
        np.concatenate([p.world for p in parts]),
    )


def fitted(target: Target, features: FeatureSet, rows: Taught) -> AdditiveModel:
    """Bounded logistic regression with an intercept per world, worlds weighed alike."""
    chosen = FEATURES[target]
    columns = {
        name: reading(rows.x[:, features.names.index(name)])
        for name, reading in chosen.items()
    }
    scales = {name: _scale(columns[name], chosen[name].is_log) for name in chosen}
    design = np.column_stack(
        [_standardised(columns[n], chosen[n].is_log, *scales[n]) for n in chosen]
    )
    signs = [reading.direction for reading in chosen.values()]
    weights, intercept = _weights(design, rows, signs)
    terms = tuple(
        _term(name, float(weight), *scales[name], chosen[name])
        for name, weight in zip(chosen, weights, strict=True)
        if weight != 0.0
    )
    return AdditiveModel("linear", intercept, terms)


def _term(
    name: str, weight: float, centre: float, scale: float, reading: Reading
) -> NumberTerm:
    term = NumberTerm(name, weight, centre, scale, reading.is_log, 0.0, 0.0)
    if reading.nothing is None:
        return term
    return replace(term, when_missing=float(term(np.array([reading.nothing]))[0]))


def _scale(value: FloatArray, is_log: bool) -> tuple[float, float]:
    known = value[~np.isnan(value)]
    known = signed_log(known) if is_log else known
    return round(float(known.mean()), 6), round(max(float(known.std()), 1e-6), 6)


def _standardised(
    value: FloatArray, is_log: bool, centre: float, scale: float
) -> FloatArray:
    z = ((signed_log(value) if is_log else value) - centre) / scale
    return np.where(np.isnan(value), 0.0, np.clip(z, -8.0, 8.0))


def _weights(
    design: FloatArray, rows: Taught, signs: Sequence[int]
) -> tuple[FloatArray, float]:
    n_features = design.shape[1]
    _, world = np.unique(rows.world, return_inverse=True)
    n_worlds = int(world.max()) + 1
    weight = (len(world) / n_worlds / np.bincount(world))[world]

    def loss(at: FloatArray) -> tuple[float, FloatArray]:
        beta, own = at[:n_features], at[n_features:]
        margin = design @ beta + own[world]
        p = expit(margin)
        value = weight @ (np.logaddexp(0.0, margin) - rows.label * margin)
        value += 0.5 * RIDGE * beta @ beta + 0.5 * ((own - own.mean()) ** 2).sum()
        wrong = weight * (p - rows.label)
        of_beta = design.T @ wrong + RIDGE * beta
        of_own = np.bincount(world, weights=wrong) + (own - own.mean())
        return float(value), np.concatenate([of_beta, of_own])

    bounds = [(0.0, None) if sign > 0 else (None, 0.0) for sign in signs]
    start = np.concatenate([np.zeros(n_features), np.full(n_worlds, -3.0)])
    fit = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds + [(None, None)] * n_worlds,
        options={"maxiter": 2_000, "ftol": 1e-13},
    )
    # rounded, so that another machine's last bits give the same file
    beta = np.round(fit.x[:n_features], 4)
    return beta, round(float(np.median(fit.x[n_features:])), 4)


def slope_elsewhere(target: Target, features: FeatureSet, rows: Taught) -> float:
    """What is left of the weights in worlds that did not teach them; at most 1."""
    slopes = []
    for part in range(N_PARTS):
        held_out = rows.world % N_PARTS == part
        model = fitted(target, features, rows[~held_out])
        other = rows[held_out]
        margin = model.margin(other.x, features.names)
        slopes.append(fit_log_odds_affine(margin, other.label).slope)
    return round(min(1.0, float(np.mean(slopes))), 3)


def starter_bundle(target: Target, features: FeatureSet, rows: Taught) -> Bundle:
    model = fitted(target, features, rows)
    kept = features.subset([term.feature for term in model.terms])
    slope = slope_elsewhere(target, features, rows)
    # the slope turns about the usual customer, whose odds stay what they are
    shift = round((1.0 - slope) * model.intercept, 4)
    return Bundle(
        target=target,
        model=model,
        calibration=LogOddsMap(shift, slope),
        feature_set=kept,
        settings=PortfolioSettings(
            name="starter", is_simulated=True, tables=_tables(kept)
        ),
        horizon_days=90,
        trained_on=MADE_ON,
        typical={name: _typical(rows.x, features, name) for name in kept.names},
        versions={"forbear": version("forbear")},
        is_starter=True,
        is_proven=False,
    )


def _tables(features: FeatureSet) -> frozenset[str]:
    return STARTER_TABLES.union(*(one.tables for one in features.features))


def _typical(x: FloatArray, features: FeatureSet, name: str) -> float:
    return round(float(np.nanmedian(x[:, features.names.index(name)])), 4)


def judged(target: Target, features: FeatureSet, rows: Taught, slope: float) -> Judged:
    """AUC within each world, by a model that the other worlds taught."""
    measured = []
    for part in range(N_PARTS):
        held_out = rows.world % N_PARTS == part
        model = fitted(target, features, rows[~held_out])
        other = rows[held_out]
        margin = model.margin(other.x, features.names)
        for world in np.unique(other.world):
            own = other.world == world
            if 0.0 < other.label[own].mean() < 1.0:
                measured.append(auc(other.label[own], margin[own]))
    n_positives = int(rows.label.sum())
    return Judged(
        len(rows.label), n_positives, float(np.mean(measured)), min(measured), slope
    )


def main() -> None:
    features, taught = gathered()
    made = {}
    for target, rows in taught.items():
        bundle = starter_bundle(target, features, rows)
        folder = starter_folder(target)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in bundle.files.items():
            (folder / name).write_bytes(content)
        slope = bundle.calibration.slope
        made[target] = bundle, judged(target, features, rows, slope)
    text = card(made, N_WORLDS, N_CUSTOMERS, N_MONTHS)
    starter_folder("").joinpath("model_card.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
