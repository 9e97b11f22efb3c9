"""Today: whom a person should look at, what gains most first."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isinf
from typing import NamedTuple

from fastapi import Request
from starlette.responses import Response

from advice.assembly import is_stopped
from decisions.case import BudgetUse
from decisions.steps.reserve import stops_per_day
from features.moments import microseconds
from serving.access import note_access, note_access_to
from serving.budget_ledger import BudgetLedger
from serving.desk.acts import reasons_to_withdraw
from serving.desk.addresses import customer_path
from serving.desk.appeals import open_appeals
from serving.desk.clearances import Clearance, clearances_of, upheld_appeals
from serving.desk.page import (
    HOME,
    DeskText,
    desk_router,
    page,
    ranked_by,
    redirect,
    whole_units,
    wording_of,
)
from serving.desk.visitor import LookingVisitor, form_of, records_of
from serving.errors import ProblemError
from serving.incoming import in_force_of
from serving.settings import ServingSettings
from serving.waiting import TOPICS
from store.act import Act
from store.acts import Acts
from store.database import Database
from store.sql_decision_reader import SqlDecisionReader
from store.waiting import Rank, WaitingCustomer, WaitingList
from wording.messages import Wording

router = desk_router()
ON_A_PAGE = 100
_LONGEST_ID = 1_000  # characters
_PLACE = re.compile(r"-?[0-9]{1,18}|-4611686018427387904")
MOST_ACTS = 20  # of those that wait for people, beside the list
MOST_APPEALS = 20  # the first due of those that nobody has decided
MOST_TAKEN = 20  # of those who were right and have not back what was taken


class Budget(NamedTuple):
    """How much of a limit that customers share is used; `most` None: no limit."""

    name: str
    used: int
    most: int | None


class _Today(NamedTuple):
    waiting: list[WaitingCustomer]
    n_before: int  # of those that wait, on the pages before
    counts: dict[str, int]
    acts: list[Act]
    upheld: dict[str, Clearance]
    taken: list[tuple[str, int]]  # unjustly, since when


@router.post(f"{HOME}/find")
async def find(request: Request, visitor: LookingVisitor) -> Response:
    """The page of a customer; by POST, so that no id is written into an address."""
    customer_id = (await form_of(request, visitor)).get("customer", "")
    if len(customer_id) > _LONGEST_ID:  # of nobody
        raise ProblemError("unknown_customer", "no id is as long as that")
    note_access_to(request, visitor.key, customer_id)
    return redirect(customer_path(customer_id) if customer_id else HOME)


@router.get(HOME)
async def today(
    request: Request,
    visitor: LookingVisitor,
    topic: str = "",
    behind: str = "",
    ahead: str = "",
) -> Response:
    """A page of those who wait, and what bounds what can be done today."""
    note_access(request, visitor.key, "")
    topic = topic if topic in TOPICS else ""
    now, begin = datetime.now(UTC), visitor.key.customers

    def look(database: Database) -> _Today:
        waiting, moment = WaitingList(database), microseconds(now)
        rows, n_before = _piece(
            waiting, moment, topic, begin, _rank(behind), _rank(ahead)
        )
        return _Today(
            rows,
            n_before,
            waiting.counts(moment, begin),
            Acts(database).waiting_for_people(MOST_ACTS, begin),
            upheld_appeals(database, [one.customer_id for one in rows]),
            Acts(database).unjustly_taken(MOST_TAKEN, begin),
        )

    records = records_of(request)
    found = records.look(look)
    words = wording_of(request)
    ids = [one.customer_id for one in found.waiting]
    cleared = clearances_of(request, ids, found.upheld, now)
    skipped, n_shown = found.n_before, len(found.waiting)
    n_waiting = found.counts.get(topic, 0) if topic else sum(found.counts.values())
    number = 1 - (-skipped // ON_A_PAGE)
    return page(
        request,
        "today.html",
        visitor,
        rows=_rows(words, found.waiting, skipped, microseconds(now), cleared),
        counts={name: found.counts[name] for name in TOPICS if name in found.counts},
        n_all=sum(found.counts.values()),
        n_waiting=n_waiting,
        acts=found.acts,
        why_not=await records.ask(lambda db: reasons_to_withdraw(db, found.acts)),
        taken=found.taken,
        appeals=await open_appeals(request, visitor, MOST_APPEALS),
        now_at=now,
        budgets=await _budgets(request, now),
        is_stopped=is_stopped(_settings(request).home),
        topic=topic,
        ranked_by=ranked_by(request),
        page_number=number,
        n_pages=number - (-max(0, n_waiting - skipped - n_shown) // ON_A_PAGE),
        skipped=skipped,
        ahead=_text(found.waiting[0].rank) if found.waiting else "",
        behind=_text(found.waiting[-1].rank) if found.waiting else "",
        customer_path=customer_path,
    )


def _piece(
    waiting: WaitingList,
    now: int,
    topic: str,
    begin: str,
    behind: Rank | None,
    ahead: Rank | None,
) -> tuple[list[WaitingCustomer], int]:
    """A page, and how many are on those before it.

    Where too few are left before or behind a rank it is the first page.
    """
    if ahead is not None or behind is not None:
        rows = waiting.page(now, ON_A_PAGE, topic, begin, behind=behind, ahead=ahead)
        if len(rows) == ON_A_PAGE or (rows and ahead is None):
            return rows, waiting.n_ahead(rows[0].rank, now, topic, begin)
    return waiting.page(now, ON_A_PAGE, topic, begin), 0


def _text(rank: Rank) -> str:
    return f"{rank.place}.{rank.decision_id}"


def _rank(text: str) -> Rank | None:
    """A rank as it stands in an address; None where it is none."""
    place, _, decision_id = text.partition(".")
    if not _PLACE.fullmatch(place) or not 0 < len(decision_id) <= _LONGEST_ID:
        return None
    return Rank(int(place), decision_id.replace("\0", ""))


def _rows(
    words: Wording,
    waiting: list[WaitingCustomer],
    skipped: int,
    now: int,
    cleared: Mapping[str, Clearance],
) -> list[tuple[str, ...]]:
    """Texts are looked up once each: a hundred lines have few different ones."""
    show = DeskText(words)
    topics = {
        name: show.say(f"desk.topic.{name}") for name in {w.topic for w in waiting}
    }
    actions = {name: show.action(name) for name in {w.action for w in waiting}}
    measures = {w.measure for w in waiting if w.measure is not None}
    beside = {
        name: show.say("desk.today.beside", measure=show.say(f"measures.{name}"))
        for name in measures
    }
    over = show.say("desk.today.expired")
    return [
        (
            str(number),
            customer_path(one.customer_id),
            one.customer_id,
            topics[one.topic],
            _cleared(words, show, cleared.get(one.customer_id)),
            actions[one.action] + (beside[one.measure] if one.measure else ""),
            _gain(show, one.gain),
            show.moment(one.due_at),
            show.moment(one.as_of),
            over if one.expires_at <= now else "",
        )
        for number, one in enumerate(waiting, start=skipped + 1)
    ]


def _cleared(words: Wording, show: DeskText, said: Clearance | None) -> str:
    return "" if said is None else said.told(words, show.moment(said.at))


def _gain(show: DeskText, gain: int | None) -> str:
    """What is saved; where it is less than nothing, what it costs."""
    if gain is None or whole_units(gain) >= 0:
        return show.money(gain)
    return show.say("desk.today.costs", amount=show.money(-gain))


async def _budgets(request: Request, now: datetime) -> list[Budget]:
    """Stops and reviews of the policy's today, by all processes."""
    in_force = in_force_of(request)
    policy, n_customers = in_force.advisor.policy, in_force.n_customers

    def used(database: Database) -> BudgetUse:
        """Counted anew, for the service's own count belongs to its event loop."""
        ledger = BudgetLedger(SqlDecisionReader(database))
        return ledger.prior_decisions(
            "", now, policy, n_customers=n_customers, is_stopped=False
        ).budget_use

    use = await records_of(request).ask(used)
    terms = policy.in_force(now) or policy.latest
    stops = stops_per_day(terms, n_customers)
    return [
        Budget("stops", use.suspensions_today, None if isinf(stops) else int(stops)),
        Budget("reviews", use.reviews_today, terms.document.review.capacity_per_day),
    ]


def _settings(request: Request) -> ServingSettings:
    settings: ServingSettings = request.app.state.settings
    return settings
