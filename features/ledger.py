"""The ledger: which money paid which invoice, and when (CONTRACT 2.1 to 2.3).

Documents, payments and refunds are posted in the order in which they happened.
Every allocation is kept with its moment, so what an invoice still owed is a step
function of time: facts read it at `as_of`, arrears episodes and labels along the
way. The same plain Python serves one customer and a portfolio.

A payment takes the invoice it names first, then the open ones by due date; what is
left is credit, which later invoices use as they are issued. Money is an integer
number of ten-thousandths.
"""

from collections.abc import Callable

INVOICE, CREDIT_NOTE, WRITE_OFF, PAYMENT, REFUND = range(5)
KINDS = {None: INVOICE, "invoice": INVOICE, "credit_note": CREDIT_NOTE}
KINDS["write_off"] = WRITE_OFF

# (event_at, 0 document 1 payment 2 refund, id, kind, amount, invoice named,
#  due_at, due_on, subscription_id); sorts into posting order by its first three
Item = tuple[int, int, str, int, int, str | None, int, int, str | None]

PAID, CREDITED, WRITTEN_OFF = range(3)  # what an entry of an invoice is


class Invoice:
    """An issued invoice and what has reduced it so far."""

    __slots__ = (
        "amount",
        "days_late",
        "due_on",
        "entries",
        "id",
        "issued_at",
        "key",
        "n_paid",
        "remainder",
        "settled_at",
        "subscription_id",
        "written_off",
    )

    def __init__(self, item: Item) -> None:
        at, _, self.id, _, amount, _, due_at, self.due_on, self.subscription_id = item
        self.issued_at = at
        self.key = (due_at, at, self.id)  # the order in which money takes invoices
        self.amount = self.remainder = amount
        self.entries: list[tuple[int, int, int]] = []  # (moment, money, PAID …)
        self.settled_at: int | None = None
        self.days_late = 0  # of the settlement, in local days; negative when early
        self.n_paid = 0  # entries of money paid
        self.written_off = 0

    def remainder_at(self, moment: int) -> int:
        """What was unpaid at `moment`, by all that the ledger knows; 0 before issue."""
        if moment < self.issued_at:
            return 0
        if self.settled_at is not None and moment >= self.settled_at:
            return 0
        return self.amount - sum(e[1] for e in self.entries if e[0] <= moment)


class Ledger:
    """One customer's invoices, payments and credit, posted in order.

    Attributes:
        invoices: the issued ones by id.
        open: those with something unpaid, in the order in which money takes them.
        settled: the others, in the order in which they were settled.
        credit: money that no invoice has used yet.
    """

    __slots__ = (
        "_announced",
        "_day",
        "_last",
        "_reserved",
        "_strangers",
        "credit",
        "invoices",
        "open",
        "settled",
        "written_off",
    )

    def __init__(self, day: Callable[[int], int]) -> None:
        self.invoices: dict[str, Invoice] = {}
        self.open: list[Invoice] = []
        self.settled: list[Invoice] = []
        self.credit = 0
        self.written_off = 0
        self._day = day
        self._last: Item | None = None
        self._announced: dict[str, int] = {}  # being posted: what they can still take
        self._reserved: dict[str, list[tuple[int, int]]] = {}
        self._strangers: set[str] = set()  # invoices named before anyone knew them

    def continues_with(self, items: list[Item]) -> bool:
        """Whether posting `items` now equals posting everything anew.

        It does unless one of them happened before what is posted already, or is an
        invoice which an earlier payment had named in vain.
        """
        if not items:
            return True
        if self._last is not None and min(items) < self._last:
            return False
        return not self._strangers or not any(
            item[3] == INVOICE and item[2] in self._strangers for item in items
        )

    def post(self, items: list[Item]) -> None:
        """Posts items; the caller has asked `continues_with` unless it is new."""
        ordered = sorted(items) if len(items) > 1 else items
        self._announced = {item[2]: item[4] for item in items if item[3] == INVOICE}
        for item in ordered:
            kind = item[3]
            if kind == INVOICE:
                self._issue(item)
            elif kind == REFUND:
                self.credit -= min(self.credit, item[4])
            else:
                self._allocate(item)
        if ordered:
            self._last = ordered[-1]

    def _issue(self, item: Item) -> None:
        invoice = Invoice(item)
        self.invoices[invoice.id] = invoice
        self.open.append(invoice)
        if len(self.open) > 1 and invoice.key < self.open[-2].key:
            self.open.sort(key=_key)
        if self._reserved:
            for money, entry in self._reserved.pop(invoice.id, ()):
                self._reduce(invoice, invoice.issued_at, money, entry)
        if self.credit and invoice.remainder:
            self.credit -= self._reduce(invoice, invoice.issued_at, self.credit, PAID)

    def _allocate(self, item: Item) -> None:
        """A payment, credit note or write-off: the named invoice, then the rest."""
        at, kind, money, name = item[0], item[3], item[4], item[5]
        entry = _ENTRY[kind]
        is_named = False
        if name is not None:
            invoice = self.invoices.get(name)
            is_named = True
            if invoice is not None:
                money -= self._reduce(invoice, at, money, entry)
            elif name in self._announced:
                money -= self._reserve(name, money, entry)
            else:
                self._strangers.add(name)
                is_named = False
        if kind == WRITE_OFF:
            if not is_named:
                self._spread(at, money, WRITTEN_OFF)
                return
            entry = CREDITED  # the surplus of a named write-off is credit
        if money:
            self.credit += self._spread(at, money, entry)

    def _reserve(self, name: str, money: int, entry: int) -> int:
        """Keeps money for a known invoice that is issued later."""
        kept = min(money, self._announced[name])
        self._announced[name] -= kept
        self._reserved.setdefault(name, []).append((kept, entry))
        return kept

    def _spread(self, at: int, money: int, entry: int) -> int:
        """Open invoices take what they can, in their order; returns the rest."""
        while money and self.open:
            money -= self._reduce(self.open[0], at, money, entry)
        return money

    def _reduce(self, invoice: Invoice, at: int, money: int, entry: int) -> int:
        """Takes up to `money` for one invoice; returns what it took."""
        owed = invoice.remainder
        taken = money if money < owed else owed
        if not taken:
            return 0
        invoice.entries.append((at, taken, entry))
        invoice.remainder -= taken
        if entry == PAID:
            invoice.n_paid += 1
        elif entry == WRITTEN_OFF:
            invoice.written_off += taken
            self.written_off += taken
        if not invoice.remainder:
            invoice.settled_at = at
            invoice.days_late = self._day(at) - invoice.due_on
            self.open.remove(invoice)
            self.settled.append(invoice)
        return taken


_ENTRY = {PAYMENT: PAID, CREDIT_NOTE: CREDITED, WRITE_OFF: WRITTEN_OFF}


def _key(invoice: Invoice) -> tuple[int, int, str]:
    return invoice.key
