"""Champion and challenger on rows that neither learned from: the gates of a promotion.

What is compared is what each run said of its own test rows, where both have the row. So
neither has seen an outcome that it is judged by (`training.judged_rows`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.special import expit, logit

from decisions.money.cost import CostModel, cheapest, expected_costs, terms_of
from decisions.money.exposure import days_to_stop, stakes
from decisions.money.states import exclusive_states
from decisions.terms import Terms
from features.arrays import BoolArray, FloatArray
from features.targets import Target
from scoring.calibration import newton_logistic
from scoring.cards import PromotionGate
from scoring.early_warning import TOLERATED
from scoring.intervals import (
    MetricEstimate,
    compare_log_loss,
    compare_means,
    customer_blocks,
    measured,
    observed_over_expected_interval,
)
from scoring.metrics import CLIP, log_losses
from training.evaluation import level_is_right
from training.judged_rows import JudgedRows

LEAST_POSITIVES = 20  # in common; fewer tell no two models apart
SURE = 0.95  # share of the draws in which a challenger must be better
AS_GOOD = 0.01  # share of the log-loss by which a fresher model may at most be worse
LEVEL = 1.15  # observed over expected that is near enough to 1, either way
SEGMENT_POSITIVES = 20
SEGMENT_ERRORS = 2.0  # standard errors by which a segment may look worse by chance
OVERLAP = 0.7  # of the families named to people before and after
LEAST_EXPLAINED = 30
# a third model starts from half of each, and is held there by a few rows
HALF_EACH, HALF_RIDGE = np.array([0.0, 0.5, 0.5]), np.array([1e-6, 5.0, 5.0])


@dataclass(frozen=True)
class CommonRows:
    """The rows that both versions judged: the same n rows in both."""

    new: JudgedRows
    old: JudgedRows

    @property
    def n_positives(self) -> int:
        return int(self.new.label.sum())


def in_common(new: JudgedRows, old: JudgedRows) -> CommonRows:
    """Rows both judged whose outcome both know alike, in one order."""
    _, mine, theirs = np.intersect1d(new.key, old.key, return_indices=True)
    alike = new.label[mine] == old.label[theirs]
    return CommonRows(_taken(new, mine[alike]), _taken(old, theirs[alike]))


def _taken(rows: JudgedRows, chosen: np.ndarray) -> JudgedRows:
    return JudgedRows(
        rows.key[chosen],
        rows.customer[chosen],
        rows.label[chosen],
        rows.p[chosen],
        rows.segment[chosen],
        rows.money.taken(chosen),
        tuple(rows.families[i] for i in chosen.tolist()),
    )


def gates(
    target: Target,
    both: CommonRows,
    trained_on: tuple[date, date],
    terms: Terms,
    seed: int = 0,
) -> Iterator[PromotionGate]:
    """Every gate of a challenger against the champion.

    Args:
        target: what the probabilities are of.
        both: what either said of rows that it had not learnt from.
        trained_on: the last day that the challenger's data observe, and the champion's.
        terms: of the policy whose costs weigh the difference.
        seed: of the draws.
    """
    yield _enough(both)
    if both.n_positives < LEAST_POSITIVES:
        return
    blocks = customer_blocks(both.new.customer)
    yield _better(both, blocks, trained_on, seed)
    yield _level(both, blocks)
    yield _slope(both, blocks, seed)
    yield _cost(target, both, blocks, terms, seed)
    yield _segments(both)
    yield _reasons(both)


def _enough(both: CommonRows) -> PromotionGate:
    n = both.n_positives
    return PromotionGate(
        "rows_in_common",
        n >= LEAST_POSITIVES,
        f"{len(both.new.label):,} rows that neither learned from, {n} of them"
        f" positive; at least {LEAST_POSITIVES} tell two models apart",
    )


def _better(
    both: CommonRows, blocks: np.ndarray, trained_on: tuple[date, date], seed: int
) -> PromotionGate:
    """Better for sure; or as good, and it knows what happened since."""
    label = both.new.label
    paired = compare_log_loss(label, both.new.p, both.old.p, blocks, seed=seed)
    margin = AS_GOOD * float(log_losses(label, both.old.p).mean())
    is_fresher = trained_on[0] > trained_on[1]
    is_as_good = is_fresher and paired.high <= margin
    text = (
        f"log-loss of the challenger minus the champion {paired.difference:+.5f}"
        f" (95 % interval {paired.low:+.5f} to {paired.high:+.5f}); better in"
        f" {paired.p_a_is_better:.0%} of the draws, {SURE:.0%} are asked for"
    )
    if is_fresher:
        text += f", or at most {margin:.5f} worse for a model of newer data"
    return PromotionGate(
        "log_loss_better", paired.p_a_is_better >= SURE or is_as_good, text
    )


def _level(both: CommonRows, blocks: np.ndarray) -> PromotionGate:
    low, high = observed_over_expected_interval(both.new.label, both.new.p, blocks)
    ratio = float(both.new.label.sum() / both.new.p.sum())
    gate = level_is_right(MetricEstimate(ratio, low, high), LEVEL)
    return PromotionGate(gate.name, gate.is_passed, gate.text)


def _slope(both: CommonRows, blocks: np.ndarray, seed: int) -> PromotionGate:
    """High probabilities are not surely too high, nor surely too low."""
    slope = measured(both.new.label, both.new.p, blocks, seed=seed)["calibration_slope"]
    return PromotionGate(
        "slope_is_right",
        not slope.is_surely_off,
        f"calibration slope {slope.value:.2f} (95 % interval {slope.low:.2f} to"
        f" {slope.high:.2f}; 1 is perfect, below it high probabilities are too high);"
        f" the interval must reach into {TOLERATED[0]:g} to {TOLERATED[1]:g}",
    )


def _cost(
    target: Target, both: CommonRows, blocks: np.ndarray, terms: Terms, seed: int
) -> PromotionGate:
    """What the actions each would take cost, by a model that weighs both."""
    known = both.new.money.is_known
    if terms.model is None or not known.any():
        why = (
            "the policy states no costs" if terms.model is None else "no money is known"
        )
        return PromotionGate("cost_not_worse", None, f"not measured: {why}")
    new_cost, old_cost = model_assisted_costs(target, both, terms, terms.model, known)
    paired = compare_means(new_cost, old_cost, blocks[known], seed=seed)
    n_assumed = int(both.new.money.is_assumed[known].sum())
    return PromotionGate(
        "cost_not_worse",
        paired.low <= 0.0,
        f"expected cost of the challenger's actions minus the champion's"
        f" {paired.difference:+.3f} a customer (95 % interval {paired.low:+.3f} to"
        f" {paired.high:+.3f}), by {terms.reference} and a model that weighs both"
        f"{_assumed(n_assumed, int(known.sum()))}",
    )


def _assumed(n: int, n_priced: int) -> str:
    """How much of the money rests on an assumption; decisions go by the same."""
    if n == 0:
        return ""
    return (
        f"; of {n:,} of the {n_priced:,} rows with money part of it is assumed, as"
        " decisions assume it"
    )


def model_assisted_costs(
    target: Target, both: CommonRows, terms: Terms, model: CostModel, known: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """(n,) expected cost of the actions of each, by a third model that weighs both.

    Expectation differs far less by chance than realised cost: 8,600 customers tell what
    realised cost needs 417,000 for.
    """
    money = both.new.money
    days = days_to_stop(terms.stake, money.days_overdue, money.days_until_due)
    at_stake = stakes(terms.stake, days, money.face)

    def costs(p: FloatArray) -> FloatArray:
        none = np.zeros(len(p))
        fraud, nonpayment = (p, none) if target == "fraud" else (none, p)
        states = exclusive_states(fraud, nonpayment)
        by_action = expected_costs(model, terms_of(*states, *at_stake, money.clv))
        return np.stack([np.broadcast_to(cost, p.shape) for cost in by_action])

    weighed = costs(third_model(both))
    rows = np.arange(len(both.new.p))
    new, old = (
        weighed[np.asarray(cheapest(list(costs(p))), dtype=np.int64), rows][known]
        for p in (both.new.p, both.old.p)
    )
    return new, old


def third_model(both: CommonRows) -> FloatArray:
    """(n,) a logistic regression on the log-odds of both, cross-fitted by customer.

    A plain mean would favour whichever of the two is more extreme.
    """
    log_odds = [logit(np.clip(one.p, CLIP, 1.0 - CLIP)) for one in (both.new, both.old)]
    design = np.column_stack([np.ones(len(both.new.p)), *log_odds])
    fold = customer_blocks(both.new.customer) % 2
    p = np.empty(len(fold))
    for k in (0, 1):
        weights = newton_logistic(
            design[fold != k], both.new.label[fold != k], HALF_RIDGE, HALF_EACH
        )
        p[fold == k] = expit(design[fold == k] @ weights)
    return p


def _segments(both: CommonRows) -> PromotionGate:
    """No segment with enough positives may become surely worse."""
    difference = log_losses(both.new.label, both.new.p)
    difference = difference - log_losses(both.new.label, both.old.p)
    worse, n_judged = [], 0
    for name in np.unique(both.new.segment.astype(str)):
        own = both.new.segment == name
        if both.new.label[own].sum() < SEGMENT_POSITIVES:
            continue
        n_judged += 1
        mean, error = _clustered(difference[own], both.new.customer[own])
        if mean > SEGMENT_ERRORS * error:
            worse.append(
                f"{name or 'unknown'} by {mean:+.5f} ({mean / error:.1f} s.e.)"
            )
    none = f"none of {n_judged} is worse by {SEGMENT_ERRORS:g} s.e."
    text = "; ".join(worse) or none
    return PromotionGate(
        "no_segment_worse",
        not worse if n_judged else None,
        f"log-loss by segment: {text}"
        if n_judged
        else "not measured: too few positives",
    )


def _clustered(values: FloatArray, customer: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error, rows of one customer counted together."""
    sums = np.bincount(customer_blocks(customer), weights=values - values.mean())
    return float(values.mean()), float(np.sqrt((sums**2).sum())) / len(values)


def _reasons(both: CommonRows) -> PromotionGate:
    """Families of reasons must overlap, so that staff read what they are used to."""
    overlaps = [
        len(new & old) / len(new | old)
        for new, old in zip(both.new.families, both.old.families, strict=True)
        if new and old
    ]
    if len(overlaps) < LEAST_EXPLAINED:
        return PromotionGate(
            "reasons_overlap", None, "not measured: too few were explained by both"
        )
    mean = float(np.mean(overlaps))
    return PromotionGate(
        "reasons_overlap",
        mean >= OVERLAP,
        f"of the families of reasons named to people {mean:.0%} stay the same over"
        f" {len(overlaps)} risky customers; {OVERLAP:.0%} are asked for",
    )
