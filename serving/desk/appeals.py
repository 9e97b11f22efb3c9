"""Appeals that came by the form of a letter: their clock, and a person's decision."""

import asyncio
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple, cast

from fastapi import Depends, Request
from starlette.responses import Response

from decisions.follow_up.answer_follow_up import appeal_due
from decisions.follow_up.parts import AppealDue
from decisions.policy_file.load import Policy, parse_policy
from execution.letters.plan import answer_of
from execution.letters.told import UntoldReply, untold_of
from features.moments import DAY_ZERO, end_of_day, microseconds, to_datetime
from serving.access import note_access_to
from serving.desk.addresses import customer_path
from serving.desk.days import day_of
from serving.desk.deciding import counted
from serving.desk.form import Form
from serving.desk.page import HOME, desk_router, redirect
from serving.desk.refusals import invalid
from serving.desk.visitor import (
    Visitor,
    form_of,
    records_of,
    visitor_who_may,
)
from serving.errors import ProblemError
from serving.event_routes import zone_of_days
from serving.incoming import in_force_of
from serving.keeping import keep_rows
from store.database import Database
from store.errors import (
    AppealIsOverError,
    DecisionStoreError,
    IdempotencyConflictError,
    UnknownReplyError,
)
from store.letters import Letters, PlannedLetter
from store.replies import AppealResult, Replies, Reply
from store.sql_decision_reader import SqlDecisionReader

router = desk_router()
APPEALS = f"{HOME}/appeals"
LONGEST_REASONS = 4_000  # characters
_LONGEST_INSTEAD = timedelta(days=366)
DecidingVisitor = Annotated[Visitor, Depends(visitor_who_may("decide_appeal"))]


class ShownAppeal(NamedTuple):
    """What a customer objected to; `due`: by when a person decides, and what holds."""

    reply: Reply
    about_id: str
    due: AppealDue

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided it."""
        return self.reply.result is None


async def appeals_of(request: Request, customer_id: str) -> list[
    ShownAppeal
]:  # fmt: skip
    """Those of a customer, the latest first."""

    def look(database: Database) -> list[Reply]:
        replies = Replies(database).of_customer(customer_id)
        return [one for one in reversed(replies) if one.kind == "appeal"]

    return await _shown(request, await records_of(request).ask(look))


async def open_appeals(
    request: Request, visitor: Visitor, most: int
) -> list[ShownAppeal]:
    """Those that nobody has decided, the first due at the top."""

    def look(database: Database) -> list[Reply]:
        return Replies(database).open_appeals(most, visitor.key.customers)

    found = records_of(request).look(look)
    if not found:
        return []
    shown = await _shown(request, found)
    return sorted(shown, key=lambda one: one.due.decide_by)


@router.post(f"{APPEALS}/{{reply_id}}/decide")
async def decide(request: Request, reply_id: str, visitor: DecidingVisitor) -> Response:
    """A person decides; the answer goes out as a letter with the next run of them."""
    form = await form_of(request, visitor)
    reply, asked_by = await _found(request, visitor, reply_id)
    result = _result(form)
    until = _instead_until(form, request) if result == "upheld" else None
    if until is None and form.get("until"):
        raise invalid("until", "day_of_upheld")
    reasons, now = _reasons(form), microseconds(datetime.now(UTC))
    note_access_to(request, visitor.key, reply.customer_id)

    def keep_decision(database: Database) -> None:
        Replies(database).decide(
            reply_id,
            result,
            by=visitor.key.name,
            reasons=reasons,
            now=now,
            instead_until=until,
            answer=answer_of(reply, asked_by, now),
        )

    try:
        await records_of(request).ask(keep_decision)
    except AppealIsOverError as error:
        detail = "somebody decided it already; the page of the customer says how"
        raise ProblemError("appeal_is_over", detail) from error
    await _tell(request, visitor, reply.customer_id)
    what = await counted(request, visitor, reply.customer_id, "appeal")
    return redirect(f"{customer_path(reply.customer_id)}?done={what}")


async def _found(
    request: Request, visitor: Visitor, reply_id: str
) -> tuple[Reply, PlannedLetter]:
    """An appeal of a customer of this visitor, and the letter it answers."""

    def find(database: Database) -> tuple[Reply, PlannedLetter]:
        reply = Replies(database).find(reply_id)
        return reply, Letters(database).find(reply.letter_id)

    try:
        reply, letter = await records_of(request).ask(find)
    except UnknownReplyError as error:
        raise ProblemError("not_found", "there is no such appeal") from error
    if not visitor.key.may_name(reply.customer_id):
        raise ProblemError("not_found", "there is no such appeal")
    return reply, letter


async def _tell(request: Request, visitor: Visitor, customer_id: str) -> None:
    """Keep what was decided instead, and the end once no other appeal is open.

    What is refused here, or cannot be kept, is told by the next `forbear notify run`:
    the appeal is decided, and a failure would say that nothing was done.
    """

    def look(database: Database) -> list[UntoldReply]:
        return untold_of(Replies(database).of_customer(customer_id))

    with suppress(DecisionStoreError):
        for untold in await records_of(request).ask(look):
            with suppress(ProblemError, IdempotencyConflictError):
                await _keep_untold(request, visitor, untold)


async def _keep_untold(request: Request, visitor: Visitor, untold: UntoldReply) -> None:
    """Keep rows of an appeal, and where they end it, that they are kept.

    Raises:
        ProblemError, DecisionStoreError: as of `keep_rows`.
    """
    reply_id = untold.reply.reply_id
    await keep_rows(request, visitor.key, untold.rows, untold.named)
    if untold.is_end:
        await records_of(request).ask(
            lambda database: Replies(database).mark_reported(reply_id)
        )


async def _shown(request: Request, replies: list[Reply]) -> list[ShownAppeal]:
    """Replies with their clocks."""

    def look(database: Database) -> tuple[list[PlannedLetter], dict[str, str]]:
        """The letters, and the policies they were sent under."""
        kept, document = Letters(database), SqlDecisionReader(database).document
        letters = [kept.find(one.letter_id) for one in replies]
        hashes = {one.policy_hash for one in letters}
        return letters, {one: document(one) for one in hashes}

    letters, policies = await records_of(request).ask(look)
    pairs = list(zip(replies, letters, strict=True))
    return await asyncio.to_thread(
        lambda: [_with_clock(*pair, policies[pair[1].policy_hash]) for pair in pairs]
    )


def _with_clock(reply: Reply, letter: PlannedLetter, policy_text: str) -> ShownAppeal:
    """By the policy that the letter was sent under, as of the day it was filed."""
    policy, at = _parsed(policy_text), to_datetime(reply.filed_at)
    due = appeal_due(policy.in_force(at) or policy.latest, at)
    return ShownAppeal(reply, letter.about_id, due)


@lru_cache(8)
def _parsed(text: str) -> Policy:
    """Most letters were written under one of a few policies."""
    return parse_policy(text)


def _result(form: Form) -> AppealResult:
    result = form.get("result", "")
    if result not in ("upheld", "denied"):
        raise invalid("result", "literal_error")
    return cast("Literal['upheld', 'denied']", result)


def _reasons(form: Form) -> str:
    reasons = form.get("reasons", "")
    if not 1 <= len(reasons) <= LONGEST_REASONS:
        raise invalid("reasons", "length", most=LONGEST_REASONS)
    return reasons


def _instead_until(form: Form, request: Request) -> str:
    """The end of the last day on which nothing is done to the customer, as ISO 8601.

    A moment: whoever keeps it later may end days in another zone.
    """
    zone = zone_of_days(in_force_of(request).advisor)
    today = datetime.now(zone).date()
    most = _LONGEST_INSTEAD.days
    try:
        day: date = day_of(form.get("until", ""))
    except ValueError as error:
        raise invalid("until", "day_ahead", most=most) from error
    if not today <= day <= today + _LONGEST_INSTEAD:
        raise invalid("until", "day_ahead", most=most)
    end = end_of_day(day.toordinal() - DAY_ZERO, zone)
    return to_datetime(end).isoformat()
