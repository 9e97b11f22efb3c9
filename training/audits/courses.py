"""How each customer's arrears went, in hindsight: what the labels audit counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from features.account.account import Account
from features.account.history import History
from features.account.many import histories, rows_by_customer
from features.account.rows import Row, known
from features.account.standing import Rules
from features.events import FOREVER
from features.invoice import WRITTEN_OFF
from features.moments import DAY_US
from features.portfolio import Portfolio

DAYS_PAST_DUE = (1, 30, 45, 60, 75, 90, 120)  # definitions that are compared
STAND_IN_DAYS = 180  # past due that count as lost where nothing is ever written off
ALL_DAYS = (*DAYS_PAST_DUE, STAND_IN_DAYS)
MOST_CUSTOMERS = 3_000  # a sample; the report says so

Spell = tuple[int, int]


@dataclass(frozen=True)
class Course:
    """One customer's arrears up to the end of observation; moments in µs.

    Args:
        first_at: of the first invoice or report.
        spells: [from, to) by days past due: when at least so many.
        losses: moment and money (ten-thousandths; 0 where unknown) of each loss, in
            order; what is written off or recorded at one moment is one loss.
        owed_since: by days past due, for each spell when the invoice was issued that
            made the customer so late; where invoices tell.
    """

    customer_id: str
    first_at: int
    spells: Mapping[int, Sequence[Spell]]
    losses: Sequence[tuple[int, int]] = ()
    owed_since: Mapping[int, Sequence[int]] = field(default_factory=dict)

    def is_late(self, n_days: int, moment: int) -> bool:
        """Whether at least so many days past due at a moment."""
        return any(begin <= moment < end for begin, end in self.spells[n_days])

    def is_lost(self, since: int, until: int) -> bool:
        """Whether money was lost in (since, until]."""
        return any(since < moment <= until for moment, _ in self.losses)


def sampled_customers(portfolio: Portfolio, seed: int) -> list[str]:
    """Everyone, or 3,000 of them by lot, in order."""
    everyone = portfolio.customer_ids
    if len(everyone) <= MOST_CUSTOMERS:
        return list(everyone)
    rng = np.random.default_rng([seed, 4])
    chosen = rng.choice(len(everyone), MOST_CUSTOMERS, replace=False)
    return [everyone[i] for i in np.sort(chosen)]


def courses(portfolio: Portfolio, customer_ids: Sequence[str]) -> list[Course]:
    """The course of each customer who ever was billed or reported."""
    source = portfolio.settings.money_source
    if source not in ("invoices", "ageing"):
        return []
    outcomes = portfolio.tables["outcomes"]
    bad = outcomes.filter(outcomes.kind.isin(["written_off", "nonpayment"]))
    recorded = rows_by_customer(bad, Row)
    until, rules = portfolio.observed_until, Rules(portfolio.settings)
    billed = []
    for history in histories(portfolio, customer_ids, usage_since=FOREVER):
        theirs = known(recorded.get(history.customer_id, ()), until)
        losses = [(row.event_at, 0) for row in theirs]
        read = _billed if source == "invoices" else _reported
        course = read(history, rules, until, losses)
        if course is not None:
            billed.append(course)
    return billed


def has_losses(everyone: Sequence[Course]) -> bool:
    """Whether anything was ever written off or recorded as lost."""
    return any(course.losses for course in everyone)


def with_stand_in(everyone: Sequence[Course]) -> list[Course]:
    """Courses in which each customer counts as lost when 180 days past due."""
    return [
        Course(
            c.customer_id,
            c.first_at,
            c.spells,
            [(begin, 0) for begin, _ in c.spells.get(STAND_IN_DAYS, ())],
            c.owed_since,
        )
        for c in everyone
    ]


def _billed(
    history: History, rules: Rules, until: int, losses: list[tuple[int, int]]
) -> Course | None:
    """By invoices; None of who was never sent one."""
    account = Account(history, rules)
    standing = account.owing(until)
    invoices = sorted(standing.ledger.invoices.values(), key=lambda i: i.key)
    if not invoices:
        return None
    arrears = account.arrears(standing)
    spells: dict[int, list[Spell]] = {}
    since: dict[int, list[int]] = {}
    for n_days in ALL_DAYS:
        spells[n_days] = arrears.spells(n_days, until)
        since[n_days] = []
        for begin, _ in spells[n_days]:
            items = arrears.at(begin, invoices).items
            oldest = max(items, key=lambda item: item.days_overdue)
            since[n_days].append(oldest.invoice.issued_at)
        if not spells[n_days]:  # who was never so late was never later
            spells |= {later: [] for later in ALL_DAYS[len(since) :]}
            break
    losses += [
        (entry[0], entry[1])
        for invoice in invoices
        for entry in invoice.entries
        if entry[2] == WRITTEN_OFF and entry[1] > 0 and entry[0] <= until
    ]
    first_at = min(invoice.issued_at for invoice in invoices)
    return Course(history.customer_id, first_at, spells, _merged(losses), since)


def _reported(
    history: History, rules: Rules, until: int, losses: list[tuple[int, int]]
) -> Course | None:
    reports = known(history.ageing, until)
    if not reports:
        return None
    account = Account(history, rules)
    ordered = sorted(reports, key=lambda r: (r.event_at, r.known_at))
    said = ((r.event_at, account.reported(r, [], r.event_at)) for r in ordered)
    late = [(at, d.days_overdue) for at, d in said if d.days_overdue is not None]
    if not late:
        return None
    spells = {n: list(_spells(late, n, until)) for n in ALL_DAYS}
    return Course(history.customer_id, late[0][0], spells, _merged(losses))


def _merged(losses: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """One loss a moment: an outcome often records what the ledger wrote off, too."""
    money_at: dict[int, int] = {}
    for moment, money in losses:
        money_at[moment] = money_at.get(moment, 0) + money
    return sorted(money_at.items())


def _spells(
    late: Sequence[tuple[int, float]], n_days: int, until: int
) -> Iterator[Spell]:
    began: int | None = None
    for at, days in late:
        if days >= n_days and began is None:
            began = at
        elif days < n_days and began is not None:
            yield began, at
            began = None
    if began is not None:
        yield began, until + DAY_US
