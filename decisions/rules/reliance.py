"""Which tables each rule relies on, and what is withheld where one is not known.

What was not looked at is unknown, never zero (CONTRACT section 1). A stop for
non-payment needs all the tables whose rows protect a customer, each observed lately;
the fraud path needs to know the holds. A table whose last rows may be missing, a row
that could not be read, a table that a model learned from and does not see now: none
of them may make a stop harsher, so all of them withhold a new one.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from decisions.actions import STOPS, Action
from decisions.case import Case
from decisions.money.exposure import UNITS
from decisions.recommendation import Withheld
from decisions.terms import Terms
from features.facts import AccountFacts

STEPS: tuple[Action, ...] = ("remind", "service_request", "suspend", "block")
PURSUIT: tuple[Action, ...] = ("service_request", "suspend", "block")

PROTECTING = ("payments", "disputes", "contacts", "holds")  # their rows keep stops away
MONEY = frozenset({"invoices", *PROTECTING})  # what is owed is read from these


class Rule(NamedTuple):
    """A reason to withhold by its code, and the tables it is read from."""

    code: str
    tables: tuple[str, ...]


_OWED = ("invoices", "payments", "ageing")
_ACTIONABLE = (*_OWED, "disputes", "contacts")
_TOLD = (*_ACTIONABLE, "holds")
_SIGNS = ("alerts", "disputes", "outcomes", "actions")
_EVERY = ("customers", "subscriptions", "usage", *_TOLD)

RULES: tuple[Rule, ...] = (
    Rule("arrears_unknown", _OWED),
    Rule("nothing_overdue", _OWED),
    Rule("below_materiality", _ACTIONABLE),
    Rule("substantially_paid", _ACTIONABLE),
    Rule("dispute", (*_OWED, "disputes")),
    Rule("promise", (*_OWED, "contacts")),
    Rule("payment_in_flight", _OWED),
    Rule("unallocated_money", _ACTIONABLE),
    Rule("protecting_row_today", PROTECTING),
    Rule("exemption", ("holds",)),
    Rule("instalment_plan", ("holds",)),
    Rule("legal", ("holds",)),
    Rule("manual", ("holds",)),
    Rule("override", ("overrides",)),
    Rule("too_early", _TOLD),
    Rule("cure_period", _TOLD),
    Rule("notice_missing", _TOLD),
    Rule("notice_bounced", _TOLD),
    Rule("notice_undelivered", _TOLD),
    Rule("not_suspended", (*_TOLD, "actions")),
    Rule("too_few_invoices", _TOLD),
    Rule("too_little_overdue", _TOLD),
    Rule("clock_not_started", _TOLD),
    Rule("ladder_state", _TOLD),
    Rule("no_ladder", ()),
    Rule("no_notice_due", _TOLD),
    Rule("no_service_request", (*_TOLD, *_SIGNS)),
    Rule("retry_pending", _ACTIONABLE),
    Rule("essential_service", ("customers", "subscriptions")),
    Rule("open_appeal", ("contacts",)),
    Rule("new_customer", ("customers",)),
    Rule("cool_down", ("actions",)),
    Rule("day_off", ()),
    Rule("eve_of_day_off", ()),
    Rule("outside_hours", ()),
    Rule("holidays_unknown", ()),
    Rule("no_evidence", _SIGNS),
    Rule("payments_unknown", ("payments",)),
    Rule("disputes_unknown", ("disputes",)),
    Rule("contacts_unknown", ("contacts",)),
    Rule("holds_unknown", ("holds",)),
    Rule("stale_tables", ("every table looked at",)),
    Rule("inputs_missing", ("every table of the training",)),
    Rule("incomplete_data", ("every table looked at",)),
    Rule("below_floor", ("every table of the training",)),
    Rule("block_floor", ("every table of the training",)),
    Rule("fraud_floor", ("every table of the training",)),
    Rule("small_exposure", _EVERY),
    Rule("close_call", _EVERY),
    Rule("small_gain", _EVERY),
    Rule("explore", ()),
    Rule("holdout", ()),
    Rule("review_queue_full", ()),
    Rule("kill_switch", ()),
    Rule("suspension_budget", ()),
)
RELIES_ON: Mapping[str, tuple[str, ...]] = dict(RULES)


def doubts_of_debt(case: Case, terms: Terms, at: datetime) -> Iterator[Withheld]:
    """Why a stop for non-payment is not certain enough, by what was not looked at."""
    facts = case.facts
    broken = facts.rejected & MONEY
    if broken:
        yield _incomplete(facts, STEPS)
    unsure = tuple(
        table for table in PROTECTING if not is_observed(case, terms, table, at)
    )
    for table in unsure:
        yield Withheld(f"{table}_unknown", STOPS, _unknown(facts, table))
    if facts.unallocated and _is_all_unallocated(terms, facts):
        text = (
            f"{facts.unallocated / UNITS:.2f} were received that pay no known invoice:"
            " they may pay what is overdue."
        )
        yield Withheld("unallocated_money", STOPS, text, released_by="a person")
    yield from _doubts(case, terms, at, unsure, is_told=bool(broken))


def doubts_of_fraud(case: Case, terms: Terms, at: datetime) -> Iterator[Withheld]:
    """The same for the fraud path; a person may act in spite of them."""
    facts = case.facts
    unsure: tuple[str, ...] = ()
    if not is_observed(case, terms, "holds", at):
        unsure = ("holds",)
        text = _unknown(facts, "holds")
        yield Withheld("holds_unknown", PURSUIT, text, released_by="a person")
    yield from _doubts(case, terms, at, unsure, is_told=False)


def _doubts(
    case: Case, terms: Terms, at: datetime, unsure: tuple[str, ...], *, is_told: bool
) -> Iterator[Withheld]:
    """What counts on every way; `is_told`: rejected rows were spoken of already."""
    facts = case.facts
    if facts.rejected and not is_told:
        yield _incomplete(facts, PURSUIT)
    if case.inputs_missing:
        names = ", ".join(case.inputs_missing)
        text = f"The models learned from tables that were not looked at: {names}."
        yield Withheld("inputs_missing", STOPS, text, released_by="a person")
    stale = [
        table
        for table in sorted(facts.tables & case.observed.keys())
        if table not in unsure and not is_observed(case, terms, table, at)
    ]
    if stale:
        text = f"Not observed lately: {', '.join(stale)}."
        yield Withheld("stale_tables", STOPS, text)
    until = facts.protected_until
    if until is not None and until > at:
        text = "A payment, dispute, promise or hold of today counts when today is over."
        yield Withheld("protecting_row_today", STOPS, text, until)


def is_observed(case: Case, terms: Terms, table: str, at: datetime) -> bool:
    """Whether a table was looked at, and lately enough for a stop."""
    if table not in case.facts.tables:
        return False
    until = case.observed.get(table)
    return until is None or at - until <= terms.stale_after


def _incomplete(facts: AccountFacts, actions: tuple[Action, ...]) -> Withheld:
    names = ", ".join(sorted(facts.rejected))
    text = f"Rows of this customer could not be read: {names}."
    return Withheld("incomplete_data", actions, text, released_by="a person")


def _unknown(facts: AccountFacts, table: str) -> str:
    seen = "was not observed lately" if table in facts.tables else "was not looked at"
    return f"The table {table!r} {seen}; what it would say is not known."


def _is_all_unallocated(terms: Terms, facts: AccountFacts) -> bool:
    rest = ((facts.actionable or 0) - (facts.unallocated or 0)) / UNITS
    return rest <= max(terms.materiality, 0.0)
