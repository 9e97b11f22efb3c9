"""Advice: what was recommended about a customer, on which numbers, and why."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from advice.joint_reasons import JointReason
from decisions.case import Case
from decisions.follow_up.counterfactual import Counterfactuals
from decisions.recommendation import Recommendation
from features.facts import AccountFacts
from features.money import major_units

_MONEY = (
    "open",
    "credit",
    "written_off",
    "contested",
    "in_flight",
    "promised",
    "overdue",
    "actionable",
    "unallocated",
    "recurring_monthly",
    "usage_daily_cost",
    "committed",
    "clv",
)


@dataclass(frozen=True, slots=True)
class Advice:
    """One answer about one customer at one moment."""

    case: Case
    recommendation: Recommendation
    reasons: tuple[JointReason, ...]
    counterfactuals: Counterfactuals | None = None  # None: not asked for

    @property
    def facts(self) -> AccountFacts:
        return self.case.facts

    @property
    def customer_id(self) -> str:
        return self.facts.customer_id

    @property
    def as_of(self) -> datetime:
        return self.facts.as_of

    @property
    def missing(self) -> tuple[str, ...]:
        return self.recommendation.missing

    def exposure(self) -> dict[str, Any]:
        """Money in major units of the portfolio's currency; null is unknown.

        `run_up` and `at_stake` are what the policy makes of the face values: at cost,
        until its ordinary stop.
        """
        stake, facts = self.recommendation.stake, self.facts
        stated = {name: _major(getattr(facts, name)) for name in _MONEY}
        return {
            "source": facts.source,
            **stated,
            "run_up": None if stake is None else stake.run_up_cost,
            "at_stake": None if stake is None else stake.exposure,
            "days_overdue": facts.days_overdue,
        }

    def items(self) -> list[dict[str, Any]]:
        """Open invoices with what covers them, major units, the oldest first."""
        money = ("amount", "remainder", "contested", "in_flight", "promised")
        return [
            {
                "invoice_id": item.invoice_id,
                "due_on": item.due_on,
                "days_overdue": item.days_overdue,
                **{name: _major(getattr(item, name)) for name in money},
            }
            for item in sorted(self.facts.items, key=lambda item: item.due_on)
        ]

    def models(self) -> dict[str, str]:
        """Where each probability comes from: champion, starter, or none."""
        case = self.case
        known = {"fraud": case.p_fraud, "nonpayment": case.p_nonpayment}
        return {
            target: "none"
            if p is None
            else ("starter" if target in case.starter else "champion")
            for target, p in known.items()
        }


def _major(money: int | None) -> float | None:
    return None if money is None else major_units(money)


def reason_row(reason: JointReason) -> dict[str, Any]:
    """A reason as plain values, for JSON and for Parquet."""
    lead = reason.lead
    said = {f.name: getattr(lead, f.name) for f in fields(lead)}
    return {
        "family": reason.family,
        "share": reason.share,
        "targets": list(reason.targets),
        "feature": said["feature"],
        "value": said["value"],
        "typical": said["typical"],
        "staff": said["staff"],
        "customer": said["customer"],
    }
