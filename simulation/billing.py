"""Invoices, disputes, and whether they are paid."""

from dataclasses import dataclass

import numpy as np

from simulation.behaviour import Span, usage_rate
from simulation.people import (
    CARD,
    COUNTRY_LOG_ODDS,
    DIRECT_DEBIT,
    People,
)
from simulation.state import NEVER, SLOTS, State
from simulation.streams import Draws, Flags, Floats, Ints
from simulation.timeline import WRITE_OFF_DAYS
from simulation.worlds import (
    DISPUTER,
    FIRST_PARTY,
    FRAGILE,
    STOLEN_CARD,
    World,
)

MARKUP = 1.22  # on metered usage
CENT = 100
# days from due of a small-loan book at 0/25/50/75/90/95/99/100 %, see datasets
LATENESS_AT = np.array([0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0])
LATENESS_DAYS = np.array([-12.0, -6.0, -2.0, 0.0, 4.0, 9.0, 27.0, 40.0])
BUSINESS_LATER_DAYS = 4.0  # than those small borrowers
LOST = 1  # position among the verdicts won, lost, withdrawn


@dataclass(frozen=True)
class Billed:
    issued: Flags
    slot_month: Ints  # the month in which it falls due names an invoice
    issue_day: Ints
    due_day: Ints
    amount: Ints


@dataclass(frozen=True)
class Disputed:
    opened: Flags
    open_day: Ints
    end_day: Ints
    amount: Ints
    verdict: Ints


@dataclass(frozen=True)
class Paid:
    owed: Ints
    log_odds: Floats
    paid: Flags
    day: Ints  # also for those who do not pay: when they would have
    amount: Ints
    only_slot_month: Ints  # the one invoice it pays, or -1
    newest_slot_month: Ints  # the youngest invoice it touches, or -1
    cleared: Flags  # nothing overdue is left
    oldest_due: Ints  # before paying; NEVER when nothing falls due


def bill(people: People, state: State, span: Span, starts: Ints) -> Billed:
    """Issue one invoice per customer: seats in advance, usage in arrears."""
    early = people.due_offset - people.terms_days < 0  # issued in the month before
    slot_month = span.month + early
    due = starts[slot_month] + people.due_offset
    issue = due - people.terms_days
    tenured = people.joined_month < span.month - people.is_trial
    seats = state.seats * people.seat_price * people.has_license
    amount = seats * (state.is_live & ~state.is_suspended & ~state.is_stopped)
    amount = amount + (state.usage_cost * MARKUP).astype(np.int64)
    amount = amount // CENT * CENT
    issued = tenured & ~state.is_fraud_known & (amount >= 100 * CENT)
    rows = np.flatnonzero(issued)
    slot = slot_month[rows] % SLOTS
    state.remainder[rows, slot] = amount[rows]
    state.due_day[rows, slot] = due[rows]
    return Billed(issued, slot_month, issue, due, amount)


def dispute(
    world: World, people: People, state: State, draws: Draws, span: Span
) -> Disputed:
    """Contest the invoice that falls due this month: its clock stops until the end."""
    rows, slot = np.arange(len(people)), span.month % SLOTS
    remainder, due = state.remainder[:, slot], state.due_day[:, slot]
    chance = np.where(
        people.kind == DISPUTER,
        world.dispute_per_invoice_disputer,
        world.dispute_per_invoice,
    )
    falls_due = (remainder > 0) & (due >= span.start) & (due < span.end)
    opened = falls_due & ~state.is_stopped & draws.happens("dispute", chance)
    earliest = np.maximum(span.start, due - people.terms_days)
    open_day = np.minimum(earliest + draws.whole("dispute_day", 0, 6), due)
    end_day = open_day + draws.whole("dispute_days", 8, 45)
    share = np.where(draws.happens("dispute_part", 0.2), 0.5, 1.0)
    amount = (remainder * share).astype(np.int64) // CENT * CENT
    verdict = draws.choice("dispute_verdict", np.array([0.5, 0.35, 0.15]))
    lost = opened & (verdict == LOST)
    state.remainder[rows[lost], slot] -= amount[lost]
    state.due_day[rows[opened], slot] = np.maximum(due, end_day)[opened]
    return Disputed(opened, open_day, end_day, amount, verdict)


def pay_log_odds(
    world: World, people: People, state: State, days_overdue: Ints, macro: float
) -> Floats:
    """Log-odds of paying this month, before any action."""
    base = np.array(world.pay_log_odds)[people.kind]
    sleeping = (people.kind == FIRST_PARTY) & ~state.is_abusing
    growth = np.log1p(
        usage_rate(people, state) / np.maximum(people.usage_daily_cost, 1)
    ) - np.log(2.0)
    odds = np.where(sleeping, 3.0, base) + people.inertia + macro
    odds += world.liquidity_effect * state.liquidity - state.distress
    odds += COUNTRY_LOG_ODDS[people.country] + 0.5 * people.is_auto_pay
    odds -= world.overdue_log_odds_per_day * np.minimum(days_overdue, 120)
    odds -= world.usage_growth_effect * growth * people.has_usage
    odds -= 1.4 * state.is_hijacked + 0.6 * state.has_left
    return odds


def pay(
    people: People,
    state: State,
    disputed: Disputed,
    log_odds: Floats,
    partial_share: float,
    draws: Draws,
    span: Span,
) -> Paid:
    """Decide who pays what on which day, and reduce what is owed."""
    oldest, owed = state.oldest_due(span.end)
    chance = 1.0 / (1.0 + np.exp(-log_odds))
    day, in_time = _pay_day(people, state, disputed, oldest, draws, span)
    may = (owed > 0) & ~state.is_stopped & in_time
    paid = may & (draws.uniform("pays") < chance)
    amount = _amount(people, state, owed, partial_share, draws, span)
    amount = np.where(paid, amount, 0)
    only, newest = _settle(state, amount, span)
    left, _ = state.oldest_due(span.end)
    return Paid(
        owed=owed,
        log_odds=log_odds,
        paid=paid,
        day=day,
        amount=amount,
        only_slot_month=only,
        newest_slot_month=newest,
        cleared=paid & (left == NEVER),
        oldest_due=oldest,
    )


def _pay_day(
    people: People,
    state: State,
    disputed: Disputed,
    oldest: Ints,
    draws: Draws,
    span: Span,
) -> tuple[Ints, Flags]:
    """Draw a day around the due date, or early in the month when already late.

    Who is late beyond the month's end decides again next month.
    """
    u = draws.uniform("pay_day")
    shift = people.habit_days - 2.0 * state.liquidity + 3.0 * (people.kind == FRAGILE)
    shift = shift - 3.0 * people.inertia
    late = np.interp(u, LATENESS_AT, LATENESS_DAYS) + shift + BUSINESS_LATER_DAYS
    booked = np.where(people.method == DIRECT_DEBIT, 2, 0)  # after the mandate is used
    late = np.where(people.is_auto_pay, np.where(late < 4, booked, late - 2), late)
    slot = span.month % SLOTS
    due = np.where(
        state.due_day[:, slot] < span.end, state.due_day[:, slot], span.start
    )
    fresh = due + np.rint(late).astype(np.int64)
    overdue = span.start + (span.length * u**6).astype(np.int64)
    day = np.where(oldest < span.start, overdue, fresh)
    issue = np.where(state.remainder[:, slot] > 0, due - people.terms_days, span.start)
    earliest = np.maximum(span.start, issue)
    ended = disputed.opened & (disputed.end_day < span.end)
    earliest = np.where(ended, np.maximum(earliest, disputed.end_day), earliest)
    return np.clip(day, earliest, span.end - 1), day < span.end


def _amount(
    people: People,
    state: State,
    owed: Ints,
    partial_share: float,
    draws: Draws,
    span: Span,
) -> Ints:
    """Everything that is due, the oldest invoice only, or a part."""
    is_due = (state.remainder > 0) & (state.due_day < span.end)
    first = np.where(is_due, state.due_day, NEVER).argmin(axis=1)
    oldest = state.remainder[np.arange(len(owed)), first]
    several = is_due.sum(axis=1) > 1
    u = draws.uniform("pays_how")
    partial = partial_share * np.where(people.kind == FRAGILE, 3.0, 1.0)
    part = (owed * (0.3 + 0.5 * draws.uniform("pays_part"))).astype(np.int64)
    amount = np.where(several & (u > 0.85), oldest, owed)
    return np.where(u < partial, part // CENT * CENT, amount)


def _settle(state: State, amount: Ints, span: Span) -> tuple[Ints, Ints]:
    """Pay oldest first, as the contract allocates."""
    left = amount.copy()
    touched = np.zeros(len(amount), dtype=np.int64)
    newest = np.full(len(amount), -1, dtype=np.int64)
    for age in range(SLOTS - 2, -1, -1):
        slot_month = span.month - age
        slot = slot_month % SLOTS
        is_due = state.due_day[:, slot] < span.end
        part = np.minimum(left, state.remainder[:, slot]) * is_due
        state.remainder[:, slot] -= part
        left -= part
        touched += part > 0
        newest = np.where(part > 0, slot_month, newest)
    return np.where(touched == 1, newest, -1), newest


def charge(
    world: World, people: People, state: State, paid: Paid, draws: Draws, span: Span
) -> None:
    """Remember which of this month's payments a cardholder will take back."""
    by_card = paid.paid & (people.method == CARD)
    stolen = (
        by_card
        & (people.kind == STOLEN_CARD)
        & draws.happens("stolen", world.chargeback_share)
    )
    chance = np.where(
        people.kind == DISPUTER, world.friendly_fraud_disputer, world.friendly_fraud
    )
    chance = np.where(state.is_hijacked, 0.25, chance)
    friendly = by_card & ~stolen & draws.happens("friendly", chance)
    slot = span.month % SLOTS
    state.charged_day[:, slot] = np.where(stolen | friendly, paid.day, NEVER)
    state.is_friendly[:, slot] = friendly


def write_off(state: State, span: Span) -> tuple[Flags, Ints, Ints]:
    """Give up debts of 120 days: who, on which day, how much of each slot."""
    oldest, _ = state.oldest_due(span.start)
    day = oldest + WRITE_OFF_DAYS
    gone = (oldest < NEVER) & (day < span.end)
    amounts = np.where(gone[:, None] & (state.due_day < span.start), state.remainder, 0)
    state.remainder -= amounts
    return gone, np.maximum(day, span.start), amounts
