"""What became of a customer's debts after a snapshot (CONTRACT section 3).

Judged with everything known when observation ended. A suspension for non-payment
censors nothing: what was owed already is paid or not. A suspicion of fraud, or a
departure without debt, ends what can be observed.
"""

from features.account.account import Account
from features.account.holds_and_actions import TAKES_ACCESS
from features.account.rows import AgeingRow, Row, known
from features.account.stake import have_all_ended, subscriptions
from features.account.standing import ReportedDebt
from features.invoice import WRITTEN_OFF, Invoice


class ActionRow(Row, frozen=True):
    """An executed action."""

    action: str
    reason: str | None


class NonpaymentOutcome:
    """One customer's later course, as known at `observed_until`.

    Args:
        account: the customer's rows.
        actions: in order of event_at.
        n_days: how many days overdue count as non-payment.
        observed_until: µs since 1970 UTC.
    """

    def __init__(
        self,
        account: Account,
        actions: list[ActionRow],
        n_days: int,
        observed_until: int,
    ) -> None:
        self._account, self._until = account, observed_until
        self._n_days = n_days
        self._actions = known(actions, observed_until)
        self._final = account.owing(observed_until)
        self._is_billed = account.rules.source == "invoices"
        self._reports: list[AgeingRow] = []
        self._subscriptions = known(account.history.subscriptions, observed_until)
        ends = {"ended", "cancelled"}
        self._may_depart = any(row.kind in ends for row in self._subscriptions)
        if self._is_billed:
            self._arrears = account.arrears(self._final)
            self._spells = self._arrears.spells(n_days, observed_until)
            self._invoices = sorted(
                self._final.ledger.invoices.values(), key=lambda invoice: invoice.key
            )
            self._write_offs = sorted(
                entry[0]
                for invoice in self._invoices
                for entry in invoice.entries
                if entry[2] == WRITTEN_OFF and entry[1] > 0  # else a recovery
            )
        else:
            reports = known(account.history.ageing, observed_until)
            self._reports = sorted(reports, key=lambda r: (r.event_at, r.known_at))
            self._spells = [
                (row.event_at, row.event_at + 1)
                for row in self._reports
                if (self._reported(row).days_overdue or 0) >= n_days
            ]
            self._write_offs = []

    def default_at(self, since: int, until: int) -> int | None:
        """When the customer first counted as not paying in (since, until]."""
        first = since + 1
        moments = [
            max(first, begin)
            for begin, end in self._spells
            if begin <= until and end > first
        ]
        moments += [moment for moment in self._write_offs if first <= moment <= until]
        if not moments and until <= self._until:
            departed_at = self._departed_at(until)
            if (
                departed_at is not None
                and departed_at > since
                and self._owed_at(until)[1]
            ):
                return until
        return min(moments, default=None)

    def is_unseen(self, since: int, until: int, default_at: int | None) -> bool:
        """Whether observation of (since, until] ended before anything was decided.

        A suspicion of fraud hides what comes after it; a departure hides the rest of
        the window if nothing was owed by then.
        """
        suspected_at = self._suspected_at(since, until)
        if suspected_at is not None:
            return default_at is None or suspected_at < default_at
        if default_at is not None:
            return False
        if self._is_unsaid(since, until):
            return True
        departed_at = self._departed_at(min(until, self._until))
        return (
            departed_at is not None
            and departed_at > since
            and not self._owed_at(departed_at)[0]
        )

    def may_be_paid(self, default_at: int) -> bool:
        """Whether money that names an invoice nobody knows may have paid what was late.

        Whatever its age by then: nobody has found out what it was for.
        """
        if not self._is_billed or not self._final.ledger.unallocated_receipts:
            return False
        late = self._late_at(default_at)
        if not late:
            return False
        since = min(invoice.issued_at for invoice, _ in late)
        unallocated = sum(
            receipt.money
            for receipt in self._final.ledger.unallocated_receipts
            if since <= receipt.at <= default_at
        )
        overdue = self._owed_at(default_at)[1]
        is_small = overdue - unallocated <= self._account.rules.materiality
        return unallocated >= sum(money for _, money in late) or (
            bool(unallocated) and is_small
        )

    def _late_at(self, moment: int) -> list[tuple[Invoice, int]]:
        """What made the customer count as not paying then, and how much of it."""
        given_up = [
            (invoice, entry[1])
            for invoice in self._invoices
            for entry in invoice.entries
            if entry[0] == moment and entry[2] == WRITTEN_OFF and entry[1] > 0
        ]
        if given_up:
            return given_up
        overdue = [
            item
            for item in self._arrears.at(moment, self._invoices).items
            if item.is_overdue
        ]
        late = [item for item in overdue if item.days_overdue >= self._n_days]
        return [(i.invoice, i.remainder - i.contested) for i in late or overdue]

    def _suspected_at(self, since: int, until: int) -> int | None:
        """The first action for fraud; `since` if access was off for fraud already."""
        is_off = False
        for done in self._actions:
            if done.event_at > since:
                break
            if done.action == "reactivate" and done.reason != "nonpayment":
                is_off = False
            elif done.action in TAKES_ACCESS and done.reason == "fraud":
                is_off = True
        if is_off:
            return since
        later = (
            done.event_at
            for done in self._actions
            if since < done.event_at <= until
            and done.reason == "fraud"
            and done.action not in {"none", "reactivate"}
        )
        return next(later, None)

    def _departed_at(self, moment: int) -> int | None:
        """Since when all subscriptions have ended, as it was at a moment."""
        if not self._may_depart:
            return None
        happened = [r for r in self._subscriptions if r.event_at <= moment]
        theirs = subscriptions(happened, moment)
        if not have_all_ended(theirs, moment):
            return None
        return max(s.ends_at or 0 for s in theirs)

    def _is_unsaid(self, since: int, until: int) -> bool:
        """Whether a report does not say how late its balance is.

        Those in (since, until] are asked, and where there is none the one before.
        """
        within = [r for r in self._reports if since < r.event_at <= until]
        before = [r for r in self._reports if r.event_at <= since]
        asked = within or before[-1:]
        return any(self._reported(row).days_overdue is None for row in asked)

    def _owed_at(self, moment: int) -> tuple[int, int]:
        """Open and overdue money at a moment, in hindsight."""
        if self._is_billed:
            owed = self._arrears.at(moment, self._invoices)
            return sum(item.remainder for item in owed.items), owed.overdue
        past = [r for r in self._reports if r.event_at <= moment]
        if not past:
            return 0, 0
        reported = self._reported(past[-1])
        return reported.open, reported.overdue or 0

    def _reported(self, report: AgeingRow) -> ReportedDebt:
        return self._account.reported(report, self._final.disputes, report.event_at)
