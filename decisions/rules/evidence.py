"""Signs of fraud: what opens the fraud path, and what counts as confirmed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from decisions.policy.document import PolicyDocument
from decisions.policy.ways import EvidenceRule
from decisions.terms import Terms
from features.facts import AccountFacts, Evidence

BOUNCED = "notice_bounced"
_NO_ALERTS = frozenset({"chargeback_fraud", "outcome_fraud", "account_takeover"})
_CONFIDENCE = {"low": 0, "medium": 1, "high": 2}
_SEVERITY = {"informational": 0, "low": 1, "medium": 2, "high": 3}


def is_confirmed(facts: AccountFacts) -> bool:
    """Whether somebody, not a model, said it is fraud, however long ago.

    It keeps a stop that is in force; a new one asks `is_proven`.
    """
    return any(sign.is_confirmed for sign in facts.evidence)


def is_proven(
    terms: Terms, facts: AccountFacts, at: datetime, since: datetime | None = None
) -> bool:
    """Whether a sign that still counts for a new stop was confirmed as fraud.

    `since`: only signs after that moment are asked for.
    """
    return any(
        sign.is_confirmed and (since is None or sign.at > since)
        for sign in counting_evidence(terms, facts, at)
    )


def counting_evidence(
    terms: Terms, facts: AccountFacts, at: datetime, p_fraud: float | None = None
) -> list[Evidence]:
    """Signs that open the policy's fraud path at `at`.

    What nobody has confirmed may take access away once: after that only a newer sign
    counts. A notice that came back says that an address is wrong, which many are; it
    is a sign only where `p_fraud` makes fraud likely. The starter's is not asked: it
    has seen no outcome of the portfolio.
    """
    return signs_of(terms.document, facts, at, p_fraud)


def has_alert(terms: Terms, facts: AccountFacts, at: datetime) -> bool:
    """Whether a provider's alert counts, so that its case can still be answered."""
    signs = counting_evidence(terms, facts, at)
    return any(sign.kind not in _NO_ALERTS for sign in signs)


def signs_of(
    document: PolicyDocument,
    facts: AccountFacts,
    at: datetime,
    p_fraud: float | None = None,
) -> list[Evidence]:
    """The signs of fraud that count, as `counting_evidence`, by a document."""
    path = document.fraud_path
    if path is None:
        return []
    signs = facts.evidence
    if p_fraud is not None and p_fraud >= path.min_p_fraud:
        signs = (*signs, *_bounced(facts))
    return [
        sign
        for sign in signs
        if not _is_used_up(facts, sign)
        and any(_matches(rule, sign, at) for rule in path.evidence_any)
    ]


def _bounced(facts: AccountFacts) -> Iterator[Evidence]:
    """Notices of this episode that came back, but for those before one that arrived."""
    if facts.episode_started_at is None:
        return
    arrived = [n.delivered_at for n in facts.notices if n.delivered_at is not None]
    reached_at = max(arrived, default=None)
    for notice in facts.notices:
        at = notice.bounced_at
        if at is not None and (reached_at is None or at > reached_at):
            yield Evidence(kind=BOUNCED, at=at)


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
