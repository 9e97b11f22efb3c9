"""`Finding`: one error or warning of the linter, with its stable codes."""

from collections.abc import Mapping
from datetime import date
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Finding(NamedTuple):
    """Something wrong with a policy; `code` is stable, `message` is not.

    Args:
        code: one of `FINDINGS`, or of what is found beside the file.
        severity: an error keeps the policy from being taken up.
        where: the key, dotted; empty where it is the file as a whole.
        message: what is wrong, and what to do.
        line: of the file, where one was read.
        since: the day of the amendment that brings it; None: so from the first day.
    """

    code: str
    severity: Severity
    where: str
    message: str
    line: int | None = None
    since: date | None = None

    @property
    def place(self) -> str:
        """The key, and from which day it is so."""
        dated = f"from {self.since}" if self.since else ""
        return ": ".join(part for part in (dated, self.where) if part)


def malformed(message: str, where: str = "", line: int | None = None) -> Finding:
    """What breaks the form of a file."""
    return Finding("policy_file", "error", where, message, line)


FINDINGS: Mapping[str, str] = {
    "policy_file": "The file cannot be read, or breaks the form: `where` says the key.",
    "dominated_action": "An action costs no less than another and does no more in any"
    " state: nobody would ever get it.",
    "break_even_outside": "An action costs more than doing nothing at every"
    " probability, whatever is at stake.",
    "idle_measure": "A measure costs more than it saves, whatever is at stake.",
    "case_failed": "A case of the file does not come out as it says.",
    "no_cases": "The file has no cases.",
    "unreachable_state": "A state of the ladder cannot be reached, or changes nothing.",
    "idle_max_days": "A state that takes no access away names `max_days`: only a stop"
    " that lasts is reviewed after its time.",
    "count_alone": "A state opens by a count of invoices alone.",
    "suspension_without_notice": "Access can be taken away before any notice whose"
    " delivery must be proven.",
    "skipped_notice": "A stop may follow the last notice at once; or a notice is"
    " described and never sent.",
    "idle_amendment": "An amendment never comes, was there from the first day, or"
    " shares its day with another.",
    "threshold_order": "A milder action begins where a harsher one is proposed"
    " already.",
    "accepted_notice_date": "A notice of before is accepted until a day that is past"
    " when the policy begins, or for more than a year.",
    "notices_restart": "Notices that were sent under the policy in use would count no"
    " more: whoever is under way begins again.",
    "portfolio_materiality_holds": "The portfolio calls nobody overdue up to more than"
    " the policy's `materiality`.",
    "policy_currency": "The portfolio counts in another currency and states no rate for"
    " the policy's.",
    "policy_timezone": "Days overdue follow the portfolio's timezone, hours and days"
    " off the policy's `calendar`.",
    "no_notice_path": "No state of the ladder suspends: access is never taken away for"
    " non-payment.",
    "termination_without_notice": "A contract can end before any notice whose delivery"
    " must be proven.",
    "contradictory_holds": "Two rules on holds contradict each other.",
    "exemption_without_expiry": "An exemption could last for ever.",
    "fraud_path_without_terms_clause": "Acting before telling needs the clause of the"
    " terms that allows it.",
    "no_appeal_channel": "Access can be taken away and nobody is named to object to.",
    "text_missing": "A text that customers read is missing in a language in which they"
    " read it.",
    "subdivision_missing": "Regions of the country have holidays of their own, and the"
    " calendar names none of them.",
    "holidays_unknown": "The policy is for years of which no public holidays are"
    " known.",
    "service_request_unasked": "A service request is proposed for non-payment, and no"
    " state of the ladder asks for one: it needs a sign of fraud.",
    "budget_larger_than_base": "A budget that limits nothing.",
    "budget_order": "More is permitted in an hour than in a day.",
    "retry_order": "A retry of a failed charge comes before an earlier one.",
    "retry_without_method": "Retries name no payment method: nothing is ever retried.",
    "retry_after_stop": "The last retry comes after the first stop, which waits for"
    " it.",
    "fee_above_cap": "A fee is above the cap stated in the same file.",
    "first_reminder_not_free": "The first reminder has a fee, and the file says it is"
    " free.",
    "reconnection_fee_above_cap": "The fee for reconnection is above its cap.",
    "deletion_before_export_ends": "Data are deleted while the customer may still"
    " fetch them.",
    "retention_too_short": "Records are gone while somebody may still ask for them.",
}
