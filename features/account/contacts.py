"""Promises made, notices sent, delivered or bounced, and appeals, from `contacts`.

CONTRACT 2.4, 2.6.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property

from features.account.rows import ContactRow
from features.events import FOREVER, MISSING
from features.moments import DAY_US

PROMISE_HOLDS_US = 30 * DAY_US  # of one without a date


class Promise:
    """A promise to pay, up to its date; without one it holds for 30 days.

    `paid_until` is up to when money keeps it: its date, or whenever it was kept.
    """

    __slots__ = (
        "amount",
        "invoice_id",
        "made_at",
        "paid_until",
        "promise_id",
        "until",
    )

    def __init__(self, row: ContactRow) -> None:
        self.made_at = row.event_at
        self.promise_id = row.promise_id
        self.amount = None if row.amount == MISSING else row.amount
        has_date = row.until != MISSING
        self.until = row.until if has_date else row.event_at + PROMISE_HOLDS_US
        self.paid_until = self.until
        self.invoice_id = row.invoice_id

    def is_past(self, moment: int) -> bool:
        """Whether its date has gone by."""
        return moment > self.until

    def answer(self, row: ContactRow) -> None:
        """It was kept or broken, as a row says."""
        is_kept = row.kind == "promise_kept"
        self.paid_until = FOREVER if is_kept else min(self.until, row.event_at)

    def is_ended_by(self, row: ContactRow) -> bool:
        """Whether a kept or broken row may mean it: by id, else by invoice."""
        if row.promise_id is not None:
            return row.promise_id == self.promise_id
        is_about = row.invoice_id is None or row.invoice_id == self.invoice_id
        return is_about and not self.is_past(row.event_at)


class SentNotice:
    __slots__ = (
        "about",
        "bounced_at",
        "delivered_at",
        "name",
        "notice_id",
        "policy",
        "sent_at",
    )

    def __init__(self, row: ContactRow) -> None:
        self.sent_at = row.event_at
        self.name = row.notice
        self.notice_id = row.notice_id
        self.policy = row.policy
        self.about = row.about
        self.delivered_at: int | None = None
        self.bounced_at: int | None = None

    def is_meant_by(self, row: ContactRow) -> bool:
        """Whether a delivery or bounce tells of this notice.

        By id, else by name, and by what it is about where both say so.
        """
        if row.notice_id is not None and self.notice_id is not None:
            return row.notice_id == self.notice_id
        pairs = zip(self.about, row.about, strict=True)
        is_about_the_same = all(None in pair or pair[0] == pair[1] for pair in pairs)
        return row.notice == self.name and is_about_the_same


class ContactLog:
    """The contacts known of a customer; each part is read when first asked for."""

    def __init__(self, rows: Sequence[ContactRow] = ()) -> None:
        self.rows = rows

    @cached_property
    def _all_promises(self) -> tuple[list[Promise], list[Promise]]:
        return _promises(self.rows)

    @property
    def promises(self) -> list[Promise]:
        """Neither kept nor broken, oldest first; some may be past their date."""
        return self._all_promises[0]

    @property
    def answered_promises(self) -> list[Promise]:
        """Kept or broken, in that order of time."""
        return self._all_promises[1]

    @cached_property
    def notices(self) -> list[SentNotice]:
        """Those sent, oldest first, with what became of them."""
        return _notices(self.rows)

    @cached_property
    def appeal_opened_at(self) -> int | None:
        """When the open appeal was opened (µs); None when none is open."""
        return _appeal_opened_at(self.rows)

    def n_promises_since(self, start: int) -> int:
        """Promises made after `start`, kept or not."""
        return sum(
            [row.kind == "promise_made" and row.event_at > start for row in self.rows]
        )


NO_CONTACTS = ContactLog()


def _promises(rows: Iterable[ContactRow]) -> tuple[list[Promise], list[Promise]]:
    """Promises neither kept nor broken, oldest first, and those that were.

    A kept or broken row ends the promise it names; without a name it ends the
    oldest promise that is open at that moment (about its invoice, if it names one). A
    promise made anew under its id replaces the one before.
    """
    promises: list[Promise] = []
    answered: list[Promise] = []
    for row in _in_order(rows, _OF_PROMISES):
        is_made = row.kind == "promise_made"
        if not is_made or row.promise_id is not None:
            ended = next((p for p in promises if p.is_ended_by(row)), None)
            if ended is not None:
                promises.remove(ended)
                if not is_made:
                    ended.answer(row)
                    answered.append(ended)
        if is_made:
            promises.append(Promise(row))
    return promises, answered


def _notices(rows: Iterable[ContactRow]) -> list[SentNotice]:
    """Notices with what became of them.

    A delivery that nobody logged as sent counts as sent then: the customer has it. Of
    two ends the later stands; of one moment the bounce, for then nothing says that
    the customer has it.
    """
    notices: list[SentNotice] = []
    for row in _in_order(rows, _OF_NOTICES):
        kind = row.kind
        if kind == "notice_sent":
            notices.append(SentNotice(row))
        else:
            sent = next((n for n in reversed(notices) if n.is_meant_by(row)), None)
            if sent is None and kind == "notice_delivered":
                sent = SentNotice(row)
                notices.append(sent)
            if sent is not None and kind == "notice_delivered":
                sent.delivered_at, sent.bounced_at = row.event_at, None
            elif sent is not None:
                sent.delivered_at, sent.bounced_at = None, row.event_at
    return notices


def _appeal_opened_at(rows: Iterable[ContactRow]) -> int | None:
    """When the open appeal was opened (µs).

    Of one moment the closing comes second: an appeal is opened before it is decided.
    """
    opened: int | None = None
    for row in _in_order(rows, _OF_APPEALS):
        if row.kind == "appeal_closed":
            opened = None
        elif opened is None:
            opened = row.event_at
    return opened


_OF_PROMISES = frozenset({"promise_made", "promise_kept", "promise_broken"})
_OF_NOTICES = frozenset({"notice_sent", "notice_delivered", "notice_bounced"})
_OF_APPEALS = frozenset({"appeal_opened", "appeal_closed"})
_STEP = {
    "notice_delivered": 1,
    "notice_bounced": 2,
    "promise_kept": 1,
    "promise_broken": 1,
    "appeal_closed": 1,
}


def _in_order(rows: Iterable[ContactRow], kinds: frozenset[str]) -> list[ContactRow]:
    return sorted((row for row in rows if row.kind in kinds), key=_moment)


def _moment(row: ContactRow) -> tuple[int, int, int, str, str]:
    """In order of happening; what is sent comes before what becomes of it."""
    names = row.notice_id or "", row.promise_id or ""
    return row.event_at, _STEP.get(row.kind, 0), row.known_at, *names
