"""The answer: what is proposed, what is permitted, why not more, and until when."""

from dataclasses import field
from datetime import datetime
from typing import Literal

from decisions.actions import STOPS, Action
from decisions.case import Basis
from decisions.follow_up.parts import FollowUp
from decisions.money.cost import CostModel
from decisions.money.thresholds import Stake, Threshold, thresholds_of
from decisions.policy.document import Mode
from decisions.policy.measures import MeasureName
from decisions.rules.reason import Hold, Values, Withheld
from decisions.terms import Terms
from features.made_often import dataclass
from features.targets import Target

# Why there is no decision at all.
NoDecisionCode = Literal[
    "not_in_force",
    "out_of_scope",
    "no_probability",
    "incomplete_data",
    "unknown_money",
    "stale_data",
]


RaisedBy = Literal[
    "first_invoice",
    "confirmed_fraud",
    "linked_frauds",
    "notice_required",
    "long_promise",
    "late_dispute",
    "left_to_a_person",
    "hysteresis",
    "holdout",
]
# what may raise an action and still leave it to the ladder's days; None: nothing did
_RAISED_BY_DAYS = (None, "notice_required", "holdout")
ArmName = Literal["greedy", "explore", "holdout"]
# why a person must agree to a stop that the policy alone would leave to automation
PersonBecause = Literal[
    "by_days",
    "starter",
    "unproven",
    "signs_without_model",
    "confirmed_fraud",
    "assumed_money",
    "suspicion",
]


@dataclass(frozen=True, slots=True)
class States:
    """Exclusive probabilities; they sum to 1."""

    fraud: float
    nonpayment_only: float
    good: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDecision:
    """Why there is no decision: then nothing changes, and nothing is suspended.

    `values` are what the sentence about it quotes.
    """

    code: NoDecisionCode
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """By which policy it was decided, and on how much knowledge.

    Args:
        policy: name and version of the policy file.
        policy_hash: of what it says beyond the defaults, whatever its layout.
        mode: how actions were proposed: by cost, by typed thresholds, or by the days of
            the ladder (`timeline`), also where neither probability nor cost is known.
        currency: of every amount here and in the policy.
        horizon_days: within which the policy's costs fall.
        n_customers: the base of budgets stated as a share; None: they did not count.
        missing: what was not known: `tables.NAME`, `money.NAME`, `p_fraud`,
            `p_nonpayment`.
        assumed: the money that the data do not say and that is assumed.
    """

    policy: str
    policy_hash: str
    mode: Mode
    currency: str
    horizon_days: int
    n_customers: int | None
    missing: tuple[str, ...]
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What money and probabilities say, before the policy permits or withholds.

    Args:
        action: the one of least expected cost, or what thresholds or days propose.
        states: the exclusive probabilities that were weighed.
        stake: the money that was weighed, at cost; at the customer's prices where the
            policy states no `costs`.
        expected_cost: of every action, major units; None where costs do not decide.
        stability: share of the draws of uncertain costs that agree, in [0, 1].
        is_close_call: too few agree, so that a milder action stands.
    """

    action: Action
    states: States
    stake: Stake
    expected_cost: dict[Action, float] | None
    stability: float | None
    is_close_call: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendedMeasure:
    """A step beside the action, milder than a suspension.

    Args:
        measure: which.
        basis: the target on which it stands.
        net_gain: what it saves beside the action, expected, major units.
        limit: of limit_spending: a month, in the currency that the provider bills in.
        approvals: people who must agree.
    """

    measure: MeasureName
    basis: Basis
    net_gain: float
    limit: float | None
    approvals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What the policy permits of the proposal, why not more, and from when on.

    Args:
        basis: the target on which the action stands; None without an action.
        in_force: the action was carried out already and simply goes on.
        raised_by: the rule that made the action harsher than the proposal.
        withheld: why the action is milder than the proposal.
        permitted_from: when the proposal would be permitted if nothing else changed;
            None where it waits for somebody.
        holds: reasons not to act, and reasons why access is off.
        ladder_state: where the customer stands on the policy's ladder.
        restrict: what the customer may not do meanwhile.
        measures: the measure that saves most beside the action; empty: none.
        measures_in_force: those that stand already: they are not recommended again,
            and what they avoid is not saved twice.
        subscriptions: the ones a stop for non-payment touches, or a service request
            about it; empty: all.
        arm: of the randomised share: greedy (none), explore or holdout.
        propensity: probability of this action over the arms, in (0, 1].
    """

    basis: Basis | None
    in_force: bool
    raised_by: RaisedBy | None
    withheld: tuple[Withheld, ...]
    permitted_from: datetime | None
    holds: tuple[Hold, ...]
    ladder_state: str | None
    restrict: tuple[str, ...]
    measures: tuple[RecommendedMeasure, ...]
    measures_in_force: tuple[MeasureName, ...]
    subscriptions: tuple[str, ...]
    arm: ArmName
    propensity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who must agree before anything is done, and who is in charge.

    Args:
        requires_person: automation may not carry the action out alone.
        approvals: the number of people who must agree.
        approver_roles: who may agree.
        because: what is not known and therefore leaves a stop to a person.
        meanwhile_action: what automation may do until they have answered.
        owner: who is in charge of the case.
    """

    requires_person: bool
    approvals: int
    approver_roles: tuple[str, ...]
    because: tuple[PersonBecause, ...]
    meanwhile_action: Action | None
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One answer about one customer, good until `expires_at`; nothing is a sentence.

    `action` is the least-cost one the policy permits; None is "no decision", and
    `no_decision` says why: then there is no proposal. A stop is automatic only where
    `people.requires_person` is False. The probabilities are calibrated marginals, None
    without a model; `nonpayment_given_fraud` joins them.
    """

    customer_id: str
    at: datetime
    p_fraud: float | None
    p_nonpayment: float | None
    nonpayment_given_fraud: float
    action: Action | None
    no_decision: NoDecision | None
    expires_at: datetime
    question: Question
    proposal: Proposal | None
    permission: Permission
    people: People
    follow_up: FollowUp

    @property
    def proposed_action(self) -> Action | None:
        """The proposal's action; None without a proposal."""
        return None if self.proposal is None else self.proposal.action

    @property
    def code(self) -> str | None:
        """Why there is no decision; None where there is one."""
        return None if self.no_decision is None else self.no_decision.code

    @property
    def is_by_days(self) -> bool:
        """Whether the days of the policy's ladder came to this action."""
        return (
            self.question.mode == "timeline"
            and self.permission.basis == "nonpayment"
            and self.permission.raised_by in _RAISED_BY_DAYS
        )

    def asks_for_probability(self, terms: Terms) -> bool:
        """Whether a policy by days stops only whom the models expect not to pay."""
        is_asked = terms.guardrails.suspend.min_p_bad > 0
        return terms.mode == "timeline" and is_asked and self.action in STOPS

    def thresholds(
        self, model: CostModel | None
    ) -> dict[Target, tuple[Threshold, ...]]:
        """Per target, from which probability on each action costs least.

        Nothing where costs did not decide. `model`: the costs of the policy's terms in
        force at `at`.
        """
        proposal = self.proposal
        if model is None or proposal is None or proposal.expected_cost is None:
            return {}
        return thresholds_of(
            model,
            proposal.stake,
            self.p_fraud or 0.0,
            self.p_nonpayment or 0.0,
            self.nonpayment_given_fraud,
        )
