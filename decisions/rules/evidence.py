"""Signs of fraud: what opens the fraud path, and what counts as confirmed."""

from datetime import datetime, timedelta

from decisions.policy.ways import EvidenceRule
from decisions.terms import Terms
from features.facts import AccountFacts, Evidence

_CONFIDENCE = {"low": 0, "medium": 1, "high": 2}
_SEVERITY = {"informational": 0, "low": 1, "medium": 2, "high": 3}


def is_confirmed(facts: AccountFacts) -> bool:
    """Whether somebody, not a model, said it is fraud, however long ago.

    It keeps a stop that is in force; a new one asks `is_proven`.
    """
    return any(sign.is_confirmed for sign in facts.evidence)


def is_proven(terms: Terms, facts: AccountFacts, at: datetime) -> bool:
    """Whether a sign that still counts for a new stop was confirmed as fraud."""
    return any(sign.is_confirmed for sign in counting_evidence(terms, facts, at))


def counting_evidence(
    terms: Terms, facts: AccountFacts, at: datetime
) -> list[Evidence]:
    """Signs that open the policy's fraud path at `at`.

    What nobody has confirmed may take access away once: after that only a newer sign
    counts.
    """
    path = terms.document.fraud_path
    if path is None:
        return []
    return [
        sign
        for sign in facts.evidence
        if not _is_used_up(facts, sign)
        and any(_matches(rule, sign, at) for rule in path.evidence_any)
    ]


def _is_used_up(facts: AccountFacts, sign: Evidence) -> bool:
    stopped_at = facts.fraud_stopped_at
    return not sign.is_confirmed and stopped_at is not None and sign.at <= stopped_at


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
