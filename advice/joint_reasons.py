"""One list of reasons for two scores.

A family that raises the probability of the costlier state matters more: its part of
a score counts by the share of the expected loss that comes from that state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from decisions.money.cost import CostModel, product, terms_of
from decisions.recommendation import Recommendation
from features.made_often import dataclass
from scoring.reasons import COVERED, MOST, Reason, principal

Target = str


@dataclass(frozen=True, slots=True)
class JointReason:
    """A family of features that stands behind the expected loss, or days that decided.

    Args:
        share: of everything that raises the expected loss, 0 to 1; 1 for days of the
            ladder that decided.
        targets: the scores it raises, the one where it weighs most first.
        lead: the wording and the value, from the score where it weighs most.
    """

    family: str
    share: float
    targets: tuple[Target, ...]
    lead: Reason


def loss_shares(
    recommendation: Recommendation, model: CostModel | None
) -> dict[Target, float]:
    """Share of the expected loss of doing nothing that comes from each bad state.

    Without a cost model or without money at stake the probabilities are the weights.
    """
    proposal = recommendation.proposal
    if proposal is None:
        fraud = recommendation.p_fraud or 0.0
        nonpayment = recommendation.p_nonpayment or 0.0
    elif model is None:
        fraud = proposal.states.fraud
        nonpayment = proposal.states.nonpayment_only
    else:
        states, money = proposal.states, replace(proposal.stake, clv=0.0).money
        nothing = (0.0, *model.by_action[0][1:])  # of action none, without fixed cost
        fraud = product(terms_of(states.fraud, 0.0, 0.0, *money), nothing)
        only = states.nonpayment_only
        nonpayment = product(terms_of(0.0, only, 0.0, *money), nothing)
    total = fraud + nonpayment
    if total <= 0.0:
        return {"fraud": 0.5, "nonpayment": 0.5}
    return {"fraud": fraud / total, "nonpayment": nonpayment / total}


def joint_reasons(
    reasons_by_target: Mapping[Target, Sequence[Reason]],
    weights: Mapping[Target, float],
    *,
    most: int = MOST,
    covered: float = COVERED,
) -> tuple[JointReason, ...]:
    """At most `most` families, by weighted contribution, largest first.

    Args:
        reasons_by_target: all positive families of each score that was computed.
        weights: share of the expected loss per target.
        most: how many at the utmost.
        covered: stop once this share of the weighted mass is named.
    """
    if len(reasons_by_target) == 1:  # one score: nothing to weigh against
        weights = dict.fromkeys(reasons_by_target, 1.0)
    of_family: dict[str, list[tuple[float, Target, Reason]]] = {}
    for target, reasons in reasons_by_target.items():
        for reason in reasons:
            mass = weights[target] * reason.contribution
            if mass > 0.0:
                of_family.setdefault(reason.family, []).append((mass, target, reason))
    by_family = {name: sum(m for m, _, _ in parts) for name, parts in of_family.items()}
    joint: list[JointReason] = []
    for family, share in principal(by_family, most=most, covered=covered):
        parts = sorted(of_family[family], key=lambda part: (-part[0], part[1]))
        targets = tuple(target for _, target, _ in parts)
        joint.append(JointReason(family, share, targets, parts[0][2]))
    return tuple(joint)
