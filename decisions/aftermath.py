"""What follows from an answer: notices, reviews, pauses that end, data to fetch."""

from datetime import datetime, timedelta
from typing import Any

from decisions.actions import BLOCK, NONE
from decisions.decided import Decided
from decisions.recommendation import NoticeDue


def aftermath(d: Decided) -> dict[str, Any]:
    """Fields of the recommendation that say what comes after it."""
    days = d.document.termination.data_export_days
    by_fraud = d.basis == "fraud" and d.is_new_stop
    return {
        "notices_due": tuple(_notices_due(d, by_fraud)),
        "review_by": _review_by(d),
        "data_export_until": d.at + timedelta(days=days) if d.action == BLOCK else None,
        **(_pause(d) if by_fraud else {}),
    }


def _notices_due(d: Decided, by_fraud: bool) -> list[NoticeDue]:
    """The ladder's next notice where somebody wants to act, and the after-notice."""
    found = []
    due, path = d.seen.position.notice, d.document.fraud_path
    is_wanted = max(d.choice.proposed, d.action) > NONE
    if due is not None and (d.terms.notices_always or is_wanted):
        found.append(due)
    if by_fraud and path is not None and path.notice is not None:
        rule = d.document.notices.kinds[path.notice]
        found.append(
            NoticeDue(
                notice=path.notice,
                state="fraud_path",
                channel=rule.channels[0],
                languages=rule.languages,
                send_by=d.at + timedelta(hours=path.notice_within_hours),
            )
        )
    return found


def _pause(d: Decided) -> dict[str, Any]:
    """A stop by the fraud path: neutral words, a quick review, an end by itself."""
    path = d.document.fraud_path
    if path is None:
        return {}
    return {
        "wording": d.document.own(path.wording),
        "review_by": d.at + timedelta(hours=path.review_within_hours),
        "auto_expires_at": d.at + timedelta(hours=path.auto_expire_hours),
        "stop_charging": path.stop_charging,
    }


def _review_by(d: Decided) -> datetime | None:
    """A stop that goes on is looked at again after its state's longest time."""
    longest = [s.max_days for s in d.document.ladder if s.max_days is not None]
    off = [h.since for h in d.seen.holds if not h.protects and h.since is not None]
    if not (d.goes_on and longest and off):
        return None
    return min(off) + timedelta(days=min(longest))
