"""Signs of fraud: what opens the fraud path, and what counts as confirmed."""

from datetime import datetime, timedelta

from decisions.policy.ways import EvidenceRule
from decisions.terms import Terms
from features.facts import AccountFacts, Evidence

CONFIRMED = ("outcome_fraud", "chargeback_fraud")
_CONFIDENCE = {"low": 0, "medium": 1, "high": 2}
_SEVERITY = {"informational": 0, "low": 1, "medium": 2, "high": 3}


def is_confirmed(facts: AccountFacts) -> bool:
    """Whether somebody, not a model, said it is fraud."""
    return any(sign.kind in CONFIRMED for sign in facts.evidence)


def counting_evidence(
    terms: Terms, facts: AccountFacts, at: datetime
) -> list[Evidence]:
    """Signs that open the policy's fraud path at `at`."""
    path = terms.document.fraud_path
    if path is None:
        return []
    return [
        sign
        for sign in facts.evidence
        if any(_matches(rule, sign, at) for rule in path.evidence_any)
    ]


def _matches(rule: EvidenceRule, sign: Evidence, at: datetime) -> bool:
    if rule.kind not in ("*", sign.kind):
        return False
    if at - sign.at > timedelta(days=rule.max_age_days):
        return False
    sure = _CONFIDENCE.get(sign.confidence or "", -1)
    grave = _SEVERITY.get(sign.severity or "", -1)
    return (
        rule.min_confidence is None or sure >= _CONFIDENCE[rule.min_confidence]
    ) and (rule.min_severity is None or grave >= _SEVERITY[rule.min_severity])
