"""Thresholds in tiers of exposure, and a review capacity, derived from costs.

Within a tier one threshold serves everybody. It starts at the break-even of the
tier's mean stakes, each customer counted by the probability of going bad, and moves
to where this book costs least. Tiers hold equal parts of the expected loss, not of
the customers. A policy file types tiers of exposure only; tiers of exposure and
lifetime value are priced beside it, to show what that leaves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from advice.advisor import Advisor
from advice.knowledge import require_same
from advice.rehearsal.errors import UnpricedPolicyError
from advice.rehearsal.plan import Assumptions
from advice.rehearsal.scores import Floats, probabilities
from advice.rehearsal.stakes import Stakes, stakes_at
from decisions.actions import REVIEW, SEVERITY, Action
from decisions.cost import CostModel
from decisions.policy.document import PolicyDocument, Tier
from decisions.policy.load import Policy
from decisions.thresholds import Stake, Threshold, thresholds_of
from features.portfolio import Portfolio
from features.snapshots import latest_snapshots

NEVER = "2999-01-01"  # a draft is in force for nobody until somebody sets the day
TRIED = (1, 2, 3, 5, 8)
CLV_TIERS = 3
_ROUND = 3  # decimals of a threshold
_SWEEPS = 3
_GAIN = 0.005  # a threshold moves for no less
_GRID = tuple(np.round(np.geomspace(0.005, 0.98, 30), _ROUND).tolist())
_MOVABLE: dict[str, tuple[Action, ...]] = {
    "nonpayment": ("remind", "review", "service_request", "suspend"),
    "fraud": ("review", "suspend", "block"),
}


@dataclass(frozen=True)
class Priced:
    """What a way of deciding saves in this book; `share` is of the cost mode."""

    title: str
    saving: float
    share: float


@dataclass(frozen=True)
class Draft:
    """A proposal, never live: `policy` in YAML, and what it would save.

    `reviews` customers would be reviewed at once, of whom `reviews_per_day` fit when
    each is looked at again after the usual rest.
    """

    policy: str
    currency: str
    n_customers: int
    nothing: float
    saved: tuple[Priced, ...]
    reviews: int
    reviews_per_day: int
    review_gain: float


@dataclass(frozen=True)
class _Scored:
    """Everybody's stakes and probabilities at one moment."""

    stakes: Stakes
    p_fraud: Floats
    p_nonpayment: Floats
    rho: float
    model: CostModel

    def costs(self) -> Floats:
        return self.stakes.costs(self.model, self.p_fraud, self.p_nonpayment, self.rho)

    def take(self, rows: npt.NDArray[np.bool_]) -> "_Scored":
        return _Scored(
            self.stakes.take(rows),
            self.p_fraud[rows],
            self.p_nonpayment[rows],
            self.rho,
            self.model,
        )


def tune(
    advisor: Advisor, portfolio: Portfolio, n_tiers: int, as_of: int | None = None
) -> Draft:
    """Propose typed thresholds and a review capacity for `advisor.policy`.

    Args:
        advisor: models, and the policy whose costs are used.
        portfolio: whose customers are counted; its settings must be the models'.
        n_tiers: tiers of exposure in the draft.
        as_of: µs; default the latest the portfolio knows.

    Raises:
        SettingsDifferError, UnpricedPolicyError: they do not fit, or state no costs.
    """
    require_same("the bundles", advisor.settings, "the portfolio", portfolio.settings)
    book = _scored(advisor, portfolio, as_of)
    costs = book.costs()
    best = costs.argmin(axis=1)
    base = float(costs[:, 0].sum())
    least = base - float(costs.min(axis=1).sum())

    def worth(title: str, action: npt.NDArray[np.int64]) -> Priced:
        total = np.take_along_axis(costs, action[:, None], axis=1).sum()
        saving = base - float(total)
        return Priced(title, saving, saving / least if least > 0 else 0.0)

    tried = sorted({*TRIED, n_tiers})
    saved = [worth("cost mode, each customer alone", best)]
    for n in tried:
        title = f"thresholds, {n} tier{'s' * (n > 1)} of exposure"
        saved.append(worth(title, typed(tiers(book, n), book)))
    beside = f"thresholds, {n_tiers} × {CLV_TIERS} tiers of exposure and lifetime value"
    saved.append(worth(beside, _by_value(book, n_tiers)))
    reviewed = best == REVIEW
    capacity = ceil(int(reviewed.sum()) / Assumptions().review_rest_days)
    without = np.delete(costs[reviewed], REVIEW, axis=1).min(axis=1)
    return Draft(
        policy=_written(advisor.policy, tiers(book, n_tiers), capacity, portfolio),
        currency=advisor.policy.document.currency,
        n_customers=len(costs),
        nothing=base,
        saved=tuple(saved),
        reviews=int(reviewed.sum()),
        reviews_per_day=capacity,
        review_gain=float((without - costs[reviewed, REVIEW]).sum()),
    )


def _scored(advisor: Advisor, portfolio: Portfolio, as_of: int | None) -> _Scored:
    terms = advisor.policy.latest
    if terms.model is None:
        raise UnpricedPolicyError(advisor.policy.reference)
    snapshots = latest_snapshots(portfolio, as_of)
    moment = pc.max(snapshots["as_of"]).as_py()
    latest = snapshots.filter(pc.equal(snapshots["as_of"], moment))
    ids = latest["customer_id"].to_pylist()
    stakes = stakes_at(portfolio, terms, ids, moment)
    at = pa.array([moment] * len(stakes.customer_ids), pa.int64())
    asked = pa.table(
        {"customer_id": pa.array(stakes.customer_ids, pa.string()), "as_of": at}
    )
    p = probabilities(advisor, portfolio, asked)
    nobody = np.zeros(len(at))
    return _Scored(
        stakes=stakes,
        p_fraud=p.get("fraud", nobody),
        p_nonpayment=p.get("nonpayment", nobody),
        rho=advisor.nonpayment_given_fraud,
        model=terms.model,
    )


def tiers(book: _Scored, n: int) -> tuple[Tier, ...]:
    """`n` tiers of exposure at the most, each with the break-evens of its mean."""
    exposure = book.stakes.exposure
    edges = _edges(exposure, (book.p_fraud + book.p_nonpayment) * exposure, n)
    tier = np.searchsorted(edges, exposure, side="right") - 1
    found: list[Tier] = []
    for k, edge in enumerate(edges):
        here = tier == k
        if here.any():
            found.append(_tier(0.0 if not found else edge, book.take(here)))
    return tuple(found)


def _edges(exposure: Floats, loss: Floats, n: int) -> list[float]:
    """Exposures that cut the expected loss into equal parts, rounded to 2 digits."""
    order = np.argsort(exposure)
    passed = np.cumsum(loss[order])
    cuts = np.searchsorted(passed, passed[-1] * np.arange(1, n) / n)
    found = {_two_digits(float(exposure[order[cut]])) for cut in cuts}
    return [0.0, *sorted(edge for edge in found if edge > 0.0)]


def _two_digits(amount: float) -> float:
    if amount <= 0.0:
        return 0.0
    return round(amount, 1 - floor(log10(amount)))


def _tier(edge: float, book: _Scored) -> Tier:
    weight = book.p_fraud + book.p_nonpayment
    if not weight.any():
        weight = np.ones(len(weight))

    def mean(column: Floats) -> float:
        return float(np.average(column, weights=weight))

    stakes = book.stakes
    typical = Stake(
        open=None,
        clv=mean(stakes.clv),
        open_cost=mean(stakes.open_cost),
        run_up_cost=mean(stakes.run_up),
        stoppable=mean(stakes.stoppable),
    )
    p_fraud, p_nonpayment = float(book.p_fraud.mean()), float(book.p_nonpayment.mean())
    edges = thresholds_of(book.model, typical, p_fraud, p_nonpayment, book.rho)
    start = Tier(
        exposure_from=edge,
        nonpayment=_typed("nonpayment", edges["nonpayment"]),
        fraud=_typed("fraud", edges["fraud"]),
    )
    return _moved(start, book)


def _moved(tier: Tier, book: _Scored) -> Tier:
    """Thresholds moved, one at a time, to where the tier's customers cost least."""
    costs = book.costs()

    def cost(trial: Tier) -> float:
        action = typed([trial.model_copy(update={"exposure_from": 0.0})], book)
        return float(np.take_along_axis(costs, action[:, None], axis=1).sum())

    best = cost(tier)
    for _ in range(_SWEEPS):
        before = best
        for target, action, p in _moves():
            moved = {**getattr(tier, target), action: p}
            if p is None:
                del moved[action]
            trial = tier.model_copy(update={target: moved})
            found = cost(trial)
            if found < best - _GAIN:
                tier, best = trial, found
        if best == before:
            break
    return tier


def _moves() -> Iterator[tuple[str, Action, float | None]]:
    """Every threshold at every place of a grid that is finer where p is small."""
    for target, actions in _MOVABLE.items():
        for action in actions:
            for p in (*_GRID, None):
                yield target, action, p


def _typed(target: str, edges: Sequence[Threshold]) -> dict[Any, float]:
    """From which probability on each action counts; only ever harsher.

    What already costs least at probability 0 does so for another reason than this
    target, so no threshold of this target says it.
    """
    found: dict[Any, float] = {}
    harshest = 0
    for action, p in edges:
        if p > 0.0 and action in _MOVABLE[target] and SEVERITY[action] > harshest:
            harshest = SEVERITY[action]
            found[action] = round(p, _ROUND)
    return found


def typed(tiers_: Sequence[Tier], book: _Scored) -> npt.NDArray[np.int64]:
    """What typed thresholds propose for everybody: the harshest that is reached."""
    exposure = book.stakes.exposure
    place = np.searchsorted([t.exposure_from for t in tiers_], exposure, "right") - 1
    action = np.zeros(len(exposure), dtype=np.int64)
    for k, tier in enumerate(tiers_):
        pairs = ((tier.nonpayment, book.p_nonpayment), (tier.fraud, book.p_fraud))
        for thresholds, p in pairs:
            for name, edge in thresholds.items():
                reached = (place == k) & (p >= edge)
                action[reached] = np.maximum(action[reached], SEVERITY[name])
    return action


def _by_value(book: _Scored, n_tiers: int) -> npt.NDArray[np.int64]:
    """Thresholds by exposure within thirds of lifetime value."""
    clv = book.stakes.clv
    thirds = np.quantile(clv, np.arange(1, CLV_TIERS) / CLV_TIERS)
    group = np.searchsorted(thirds, clv, side="right")
    action = np.zeros(len(clv), dtype=np.int64)
    for k in range(CLV_TIERS):
        here = group == k
        if here.any():
            part = book.take(here)
            action[here] = typed(tiers(part, n_tiers), part)
    return action


def _plain(tier: Tier) -> dict[str, Any]:
    """A tier for YAML, thresholds rising."""
    values = tier.model_dump(mode="json")
    for target in _MOVABLE:
        values[target] = dict(sorted(values[target].items(), key=lambda t: t[1]))
    return values


def _written(
    policy: Policy, tiers_: Sequence[Tier], capacity: int, portfolio: Portfolio
) -> str:
    """The draft as YAML: the policy's own rules, other numbers."""
    changed = policy.document.model_dump(mode="json", by_alias=True, exclude_unset=True)
    changed |= {
        "name": f"{policy.document.name}-draft",
        "version": 1,
        "title": f"DRAFT of typed thresholds after {policy.reference}",
        "effective_from": NEVER,
        "approved_by": None,
        "because": (
            f"Proposed from the costs of {policy.reference} and the portfolio"
            f" {portfolio.settings.name}; read it, try it with `forbear policy"
            " simulate`, set the date and sign it before it goes live."
        ),
        "mode": "thresholds",
        "thresholds": [_plain(t) for t in tiers_],
        "review": {**changed.get("review", {}), "capacity_per_day": capacity},
    }
    for dropped in ("effective_to", "amendments", "cases"):
        changed.pop(dropped, None)
    PolicyDocument.model_validate(changed)
    head = (
        "# DRAFT: not in force for anybody. A person reads it, sets effective_from,\n"
        "# approved_by and cases, and gives it a name of its own.\n"
    )
    return head + yaml.safe_dump(changed, sort_keys=False, allow_unicode=True)
