"""What is withheld where a table that a rule relies on is not known.

What was not looked at is unknown, never zero (CONTRACT section 1). A stop for
non-payment needs all the tables whose rows protect a customer, each observed lately;
the fraud path needs to know the holds. A table whose last rows may be missing, a row
that could not be read, a table that a model learned from and does not see now: none
of them may make a stop harsher, so all of them withhold a new one.
"""

from collections.abc import Iterator
from datetime import datetime

from decisions.actions import PURSUIT, STEPS, STOPS, Action
from decisions.case import Case
from decisions.rules.catalogue import OWED_FROM, PROTECTING, withheld
from decisions.rules.reason import Releaser, Withheld
from decisions.terms import Terms
from features.facts import AccountFacts
from features.money import UNITS


def doubts_of_debt(case: Case, terms: Terms, at: datetime) -> Iterator[Withheld]:
    """Why a stop for non-payment is not certain enough, by what was not looked at."""
    facts = case.facts
    broken = facts.rejected & OWED_FROM
    if broken:
        yield _incomplete(facts, STEPS)
    unsure = tuple(
        table for table in PROTECTING if not is_observed(case, terms, table, at)
    )
    for table in unsure:
        yield _unknown(terms, facts, table, STOPS)
    if facts.unallocated and _is_all_unallocated(terms, facts):
        received = {"unallocated": facts.unallocated / UNITS}
        yield withheld("unallocated_money", received, released_by="person")
    yield from _doubts(case, terms, at, "nonpayment", unsure, is_told=bool(broken))


def doubts_of_fraud(case: Case, terms: Terms, at: datetime) -> Iterator[Withheld]:
    """What a stop for fraud cannot rest on; a person may act in spite of them."""
    facts = case.facts
    unsure: tuple[str, ...] = ()
    if not is_observed(case, terms, "holds", at):
        unsure = ("holds",)
        yield _unknown(terms, facts, "holds", released_by="person")
    yield from _doubts(case, terms, at, "fraud", unsure, is_told=False)


def doubts_of_suspicion(case: Case, terms: Terms, at: datetime) -> Iterator[Withheld]:
    """Without a sign of fraud: the contacts, too, for they tell of appeals."""
    if not is_observed(case, terms, "contacts", at):
        yield _unknown(terms, case.facts, "contacts", STOPS, released_by="person")
    yield from doubts_of_fraud(case, terms, at)


def _doubts(
    case: Case,
    terms: Terms,
    at: datetime,
    target: str,
    unsure: tuple[str, ...],
    *,
    is_told: bool,
) -> Iterator[Withheld]:
    """What counts on every way; `is_told`: rejected rows were spoken of already."""
    facts = case.facts
    if facts.rejected and not is_told:
        yield _incomplete(facts, PURSUIT)
    unread = case.inputs_missing.get(target)
    if unread:
        yield withheld("inputs_missing", {"tables": unread}, released_by="person")
    stale = [
        table
        for table, observed_until in case.observed.items()
        if at - observed_until > terms.stale_after
        and table in facts.tables
        and table not in unsure
    ]
    if stale:
        tables, hours = tuple(sorted(stale)), _stale_hours(terms)
        yield withheld("stale_tables", {"tables": tables, "stale_hours": hours})
    until = facts.protected_until
    if until is not None and until > at:
        yield withheld("protecting_row_today", permitted_from=until)


def is_observed(case: Case, terms: Terms, table: str, at: datetime) -> bool:
    """Whether a table was looked at, and lately enough for a stop."""
    if table not in case.facts.tables:
        return False
    until = case.observed.get(table)
    return until is None or at - until <= terms.stale_after


def _incomplete(facts: AccountFacts, actions: tuple[Action, ...]) -> Withheld:
    values = {"tables": tuple(sorted(facts.rejected))}
    return withheld("incomplete_data", values, released_by="person", actions=actions)


def _unknown(
    terms: Terms,
    facts: AccountFacts,
    table: str,
    actions: tuple[Action, ...] | None = None,
    released_by: Releaser | None = None,
) -> Withheld:
    is_late = table in facts.tables
    return withheld(
        f"{table}_unknown",
        {"stale_hours": _stale_hours(terms)} if is_late else {},
        detail="not_lately" if is_late else "not_looked_at",
        released_by=released_by,
        actions=actions,
    )


def _stale_hours(terms: Terms) -> float:
    return terms.document.guardrails.any.stale_hours


def _is_all_unallocated(terms: Terms, facts: AccountFacts) -> bool:
    rest = ((facts.actionable or 0) - (facts.unallocated or 0)) / UNITS
    return rest <= max(terms.materiality, 0.0)
