"""Linter rules on what a policy owes its customers: fees, the end, and records."""

from collections.abc import Iterator

from decisions.policy.document import PolicyDocument
from decisions.policy.finding import Finding


def fees(document: PolicyDocument) -> Iterator[Finding]:
    """A fee that contradicts a limit stated in the same file."""
    limits, kinds, code = document.fees, document.notices.kinds, "fee_above_cap"
    cap = limits.cap_per_notice
    for name, rule in kinds.items():
        if cap is not None and rule.fee > cap:
            text = f"costs {rule.fee:g}, more than fees.cap_per_notice of {cap:g}"
            yield Finding(code, "error", f"notices.kinds.{name}.fee", text)
    ladder = [state.notice for state in document.ladder if state.notice]
    total = sum(kinds[name].fee for name in dict.fromkeys(ladder))
    if limits.cap_total is not None and total > limits.cap_total:
        text = f"the ladder's notices cost {total:g}: the last are not charged in full"
        yield Finding(code, "warning", "fees.cap_total", text)
    if limits.first_reminder_free and ladder and kinds[ladder[0]].fee:
        text = "is the first reminder, which fees.first_reminder_free says is free"
        where = f"notices.kinds.{ladder[0]}.fee"
        yield Finding("first_reminder_not_free", "error", where, text)
    back = document.reconnection
    if back.fee is not None and back.fee > back.fee_cap:
        text = f"costs {back.fee:g}, more than reconnection.fee_cap of {back.fee_cap:g}"
        yield Finding("reconnection_fee_above_cap", "error", "reconnection.fee", text)


def endings(document: PolicyDocument) -> Iterator[Finding]:
    """The end of a contract: announced, and with time to fetch one's data."""
    rule = document.termination
    deleted, export = rule.deletion_after_days, rule.data_export_days
    if deleted is not None and deleted < export:
        text = f"data are deleted after {deleted} days but may be fetched for {export}"
        where = "termination.deletion_after_days"
        yield Finding("deletion_before_export_ends", "error", where, text)
    is_delivered = False
    for state in document.ladder:
        if state.action == "block" and not is_delivered:
            text = "ends the contract, but no earlier notice needs proof of delivery"
            where = f"ladder.{state.state}"
            yield Finding("termination_without_notice", "error", where, text)
        if state.notice is not None:
            is_delivered |= document.notices.kinds[state.notice].proof == "delivered"


def retention(document: PolicyDocument) -> Iterator[Finding]:
    """Records that are gone while somebody may still ask for them."""
    rule, path, code = document.retention, document.fraud_path, "retention_too_short"
    if rule is None:
        return
    what, needed = max(_windows(document), key=lambda window: window[1])
    for action, days in rule.decision_days.items():
        if days < needed:
            text = f"kept {days} days, but {what} after up to {needed}"
            where = f"retention.decision_days.{action}"
            yield Finding(code, "error", where, text)
    if path is not None:
        counts = max(sign.max_age_days for sign in path.evidence_any)
        if rule.evidence_days < max(needed, counts):
            text = f"kept {rule.evidence_days} days, needed {max(needed, counts)}"
            yield Finding(code, "error", "retention.evidence_days", text)


def _windows(document: PolicyDocument) -> Iterator[tuple[str, int]]:
    """For what the record of a decision is still needed, and after how many days."""
    yield "a dispute is decided", document.holds.dispute.max_days
    yield "an appeal is decided", document.appeals.decide_days
    for state in document.ladder:
        if state.max_days is not None:
            yield f"{state.state!r} is reviewed", state.max_days
    if document.termination.write_off_after_days is not None:
        yield "a write-off is decided", document.termination.write_off_after_days
