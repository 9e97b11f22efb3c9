"""Advice as rows of a table: its columns, and one row."""

from typing import Any

import pyarrow as pa

from advice.advice import Advice, reason_row
from decisions.actions import ACTIONS
from decisions.case import Case
from decisions.policy_file.load import Policy
from features.targets import TARGETS
from scoring.points import band, points
from wording.answer import answer_in_words

_REASONS = pa.list_(
    pa.struct(
        [
            ("family", pa.string()),
            ("share", pa.float64()),
            ("targets", pa.list_(pa.string())),
            ("feature", pa.string()),
            ("value", pa.string()),
            ("typical", pa.string()),
            ("staff", pa.string()),
            ("customer", pa.string()),
        ]
    )
)
_THRESHOLDS = pa.list_(
    pa.struct([("action", pa.string()), ("probability", pa.float64())])
)
_WITHHELD = pa.list_(
    pa.struct(
        [
            ("code", pa.string()),
            ("actions", pa.list_(pa.string())),
            ("sentence", pa.string()),
            ("permitted_from", pa.timestamp("us", tz="UTC")),
        ]
    )
)
_NOTICES = pa.list_(
    pa.struct(
        [
            ("notice", pa.string()),
            ("state", pa.string()),
            ("channel", pa.string()),
            ("send_by", pa.timestamp("us", tz="UTC")),
            ("invoices", pa.list_(pa.string())),
            ("is_final_warning", pa.bool_()),
        ]
    )
)
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("as_of", pa.timestamp("us", tz="UTC")),
        ("p_fraud", pa.float64()),
        ("p_nonpayment", pa.float64()),
        ("band_fraud", pa.string()),
        ("band_nonpayment", pa.string()),
        ("points_fraud", pa.int64()),
        ("points_nonpayment", pa.int64()),
        ("is_fraud_confirmed", pa.bool_()),  # then p_fraud is learnt from others
        ("proposed_action", pa.string()),
        ("action", pa.string()),
        ("action_in_run", pa.string()),
        ("is_beyond_budget", pa.bool_()),
        ("no_decision", pa.string()),
        ("sentence", pa.string()),  # why there is no decision
        ("in_force", pa.bool_()),
        ("requires_person", pa.bool_()),
        ("person_because", pa.list_(pa.string())),
        ("raised_by", pa.string()),  # the rule that asks for more than was proposed
        ("mode", pa.string()),
        ("state", pa.string()),
        ("permitted_from", pa.timestamp("us", tz="UTC")),
        ("restore_by", pa.timestamp("us", tz="UTC")),
        ("restored_by", pa.string()),
        ("stability", pa.float64()),
        ("currency", pa.string()),
        ("open", pa.float64()),
        ("run_up", pa.float64()),
        ("clv", pa.float64()),
        ("overdue", pa.float64()),
        ("actionable", pa.float64()),
        ("days_overdue", pa.int64()),
        ("nonpayment_days", pa.int64()),  # where reached: then p is of who is less late
        ("days_contested", pa.int64()),  # of the same invoice, not in days_overdue
        ("assumed", pa.list_(pa.string())),
        ("rejected", pa.list_(pa.string())),  # tables a row of the customer's broke
        *((f"expected_cost_{action}", pa.float64()) for action in ACTIONS),
        ("thresholds_fraud", _THRESHOLDS),
        ("thresholds_nonpayment", _THRESHOLDS),
        ("withheld", _WITHHELD),
        ("measures", pa.list_(pa.string())),
        ("notices_due", _NOTICES),
        ("reasons", _REASONS),
        ("missing", pa.list_(pa.string())),
        ("policy", pa.string()),
    ]
)


def advice_row(advice: Advice, policy: Policy) -> dict[str, Any]:
    """One row of `SCHEMA`; sentences are English, moments in the portfolio's zone."""
    recommendation, exposure = advice.recommendation, advice.exposure()
    proposal = recommendation.proposal
    case = advice.case
    worded = answer_in_words("en", case, recommendation, policy, case.zone)
    cost = {} if proposal is None else proposal.expected_cost or {}
    terms = policy.in_force(recommendation.at)
    back = recommendation.follow_up.reactivation
    thresholds = recommendation.thresholds(None if terms is None else terms.model)
    return {
        "customer_id": advice.customer_id,
        "as_of": advice.as_of,
        **_scores("fraud", recommendation.p_fraud),
        **_scores("nonpayment", recommendation.p_nonpayment),
        "is_fraud_confirmed": any(one.is_confirmed for one in advice.facts.evidence),
        "proposed_action": recommendation.proposed_action,
        "action": recommendation.action,
        "no_decision": recommendation.code,
        "sentence": None if worded.no_decision is None else worded.no_decision.sentence,
        "in_force": recommendation.permission.in_force,
        "requires_person": recommendation.people.requires_person,
        "person_because": list(recommendation.people.because),
        "raised_by": recommendation.permission.raised_by,
        "mode": recommendation.question.mode,
        "state": recommendation.permission.ladder_state,
        "permitted_from": recommendation.permission.permitted_from,
        "restore_by": None if back is None else back.restore_by,
        "restored_by": None if back is None else back.by,
        "stability": None if proposal is None else proposal.stability,
        "currency": recommendation.question.currency,
        "open": exposure.open,
        "run_up": None if proposal is None else proposal.stake.run_up_cost,
        "clv": exposure.clv,
        "overdue": exposure.overdue,
        "actionable": exposure.actionable,
        **_days(advice.case, policy),
        "assumed": list(recommendation.question.assumed),
        "rejected": sorted(advice.facts.rejected),
        **{f"expected_cost_{action}": cost.get(action) for action in ACTIONS},
        **{
            f"thresholds_{target}": [
                {"action": edge.action, "probability": edge.probability}
                for edge in thresholds.get(target, ())
            ]
            for target in TARGETS
        },
        "withheld": [_withheld(reason) for reason in worded.permission.withheld],
        "measures": [one.measure for one in recommendation.permission.measures],
        "notices_due": [
            {name: getattr(notice, name) for name in _NOTICES.value_type.names}
            for notice in recommendation.follow_up.notices_due
        ],
        "reasons": [_texts(reason_row(reason)) for reason in advice.reasons or ()],
        "missing": list(recommendation.question.missing),
        "policy": recommendation.question.policy,
    }


def _days(case: Case, policy: Policy) -> dict[str, int | None]:
    """How late the customer is, and how the days are to be understood."""
    return {
        "days_overdue": case.facts.days_overdue,
        "nonpayment_days": case.nonpayment_days if case.is_nonpayment else None,
        "days_contested": _days_contested(case, policy),
    }


def _days_contested(case: Case, policy: Policy) -> int | None:
    """Days since the due date that are not among those overdue: it was contested."""
    facts = case.facts
    if not facts.days_overdue:
        return None
    zone = case.zone or (policy.in_force(facts.as_of) or policy.latest).zone
    today = facts.as_of.astimezone(zone).date()
    dated = [one for one in facts.items if one.days_overdue == facts.days_overdue]
    late = ((today - one.due_on).days for one in dated)
    return max(0, min(late, default=facts.days_overdue) - facts.days_overdue)


def _withheld(reason: Any) -> dict[str, Any]:  # noqa: ANN401  a worded reason
    names = ("code", "sentence", "permitted_from")
    row = {name: getattr(reason, name) for name in names}
    return {**row, "actions": list(reason.actions)}


def _scores(target: str, p: float | None) -> dict[str, Any]:
    return {
        f"p_{target}": p,
        f"band_{target}": None if p is None else band(p),
        f"points_{target}": None if p is None else points(p),
    }


def _texts(reason: dict[str, Any]) -> dict[str, Any]:
    """Values of features are numbers or words: one column needs one type."""
    for name in ("value", "typical"):
        if reason[name] is not None:
            reason[name] = str(reason[name])
    return reason
