"""Advice: what was recommended about a customer, on which numbers, and why."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from advice.exposure import Exposure, exposure_of
from advice.joint_reasons import JointReason
from decisions.case import Case
from decisions.follow_up.counterfactual import Counterfactuals
from decisions.recommendation import Recommendation
from features.facts import AccountFacts
from features.made_often import dataclass
from features.targets import Target

ModelKind = Literal["champion", "starter", "none"]


Row = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that decides of one customer's events: facts, and features (F,) per target.

    Targets that could not be scored have no row.
    """

    facts: AccountFacts
    rows: Mapping[str, Row]


@dataclass(frozen=True, slots=True)
class Advice:
    """One answer about one customer at one moment.

    `rows`: the features (F,) per target, where one customer was asked about.
    """

    case: Case
    recommendation: Recommendation
    reasons: tuple[JointReason, ...] | None  # None: not asked for
    counterfactuals: Counterfactuals | None = None  # None: not asked for
    rows: Mapping[str, Row] = field(default_factory=dict, compare=False)

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
    def inputs(self) -> Inputs:
        """What was computed from: the facts and the features per target."""
        return Inputs(self.facts, self.rows)

    def exposure(self) -> Exposure:
        """Money at stake, at face value."""
        return exposure_of(self.facts)

    def model(self, target: Target) -> ModelKind:
        """Where the probability of a target comes from."""
        case = self.case
        p = case.p_fraud if target == "fraud" else case.p_nonpayment
        if p is None:
            return "none"
        return "starter" if target in case.starter else "champion"


def reason_row(reason: JointReason) -> dict[str, Any]:
    """A reason as plain values, for Parquet."""
    lead = reason.lead
    return {
        "family": reason.family,
        "share": reason.share,
        "targets": list(reason.targets),
        "feature": lead.feature,
        "value": lead.value,
        "typical": lead.typical,
        "staff": lead.staff,
        "customer": lead.customer,
    }
