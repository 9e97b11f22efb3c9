"""Linter rules on what a policy says to no effect: amendments and thresholds."""

from collections.abc import Iterator

from decisions.actions import SEVERITY
from decisions.policy.document import PolicyDocument
from decisions.policy.finding import Finding


def amendments(document: PolicyDocument) -> Iterator[Finding]:
    """Changes that never come, or that another one of their day undoes."""
    first, last = document.effective_from, document.effective_to
    days = [change.from_ for change in document.amendments]
    for row, day in enumerate(days, start=1):
        if day <= first:
            text = f"the policy begins on {first}: say it in the sections themselves"
        elif last is not None and day > last:
            text = f"the policy ends on {last}: this never comes"
        elif day in days[: row - 1]:
            text = f"another one is from {day}, too, and this one is laid over it"
        else:
            continue
        yield Finding("idle_amendment", "warning", f"amendments.{row}.from", text)


def thresholds(document: PolicyDocument) -> Iterator[Finding]:
    """Actions that a harsher one is always proposed instead of."""
    for row, tier in enumerate(document.thresholds, start=1):
        for target, share in (("nonpayment", tier.nonpayment), ("fraud", tier.fraud)):
            for action, least in share.items():
                before = [
                    (other, -SEVERITY[harsher], harsher)
                    for harsher, other in share.items()
                    if SEVERITY[harsher] > SEVERITY[action] and other <= least
                ]
                if before:
                    first, _, harsher = min(before)
                    text = f"is never proposed: from {first:g} on it is {harsher}"
                    where = f"thresholds.{row}.{target}.{action}"
                    yield Finding("threshold_order", "warning", where, text)
