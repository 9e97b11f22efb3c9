"""The policy in force, a change tried on screen, and the two people who publish it."""

import asyncio
from datetime import UTC, datetime

from fastapi import Depends, Request
from starlette.responses import Response

from features.moments import microseconds
from serving.access import note_access
from serving.desk.deeds import reason_in
from serving.desk.page import chosen_language, desk_router, page, redirect
from serving.desk.policy_backtest import backtest_shown
from serving.desk.policy_change import POLICY, ChangingVisitor, change_of
from serving.desk.policy_publishing import (
    publish_change,
    require_base,
    require_undecided,
)
from serving.desk.policy_trial import Trial, tried
from serving.desk.refusals import DeskRefusalError
from serving.desk.visitor import (
    LookingVisitor,
    Visitor,
    form_of,
    records_of,
    visitor_who_may,
)
from serving.errors import ProblemError
from serving.incoming import in_force_of
from store.database import Database
from store.policy_changes import PolicyChange, PolicyChanges
from store.policy_versions import ALL, PolicyVersion, PolicyVersions
from wording.publication import publish

router = desk_router()
MOST_SHOWN = 30  # of the changes that were submitted
LONGEST = 150_000  # characters of a policy file; a form holds 200,000 bytes
PublishingVisitor = Depends(visitor_who_may("publish_policy"))


@router.get(POLICY)
async def policy_page(request: Request, visitor: LookingVisitor) -> Response:
    """What is in force, and which changes wait for somebody to agree."""
    in_force = in_force_of(request)
    policy, language = in_force.advisor.policy, chosen_language(request)
    text = await asyncio.to_thread(publish, policy, language, "md", datetime.now(UTC))
    return page(
        request,
        "policy.html",
        visitor,
        policy=policy,
        terms=policy.in_force(datetime.now(UTC)) or policy.latest,
        file=in_force.policy_text,
        text=text,
        origin=in_force.policy_from,
        changes=await records_of(request).ask(_submitted),
        versions=await records_of(request).ask(_published),
    )


@router.post(POLICY)
async def try_change(request: Request, visitor: Visitor = ChangingVisitor) -> Response:
    """Keep a change to be looked at; nothing comes into force."""
    form = await form_of(request, visitor)
    text = form.get("text", "").replace("\r\n", "\n") + "\n"
    if len(text) > LONGEST:
        raise DeskRefusalError("body_too_large", "too_long", most=LONGEST)
    base = in_force_of(request).file_hash
    now = microseconds(datetime.now(UTC))

    def keep(database: Database) -> str:
        changes = PolicyChanges(database)
        return changes.add(visitor.key.key_id, visitor.key.name, now, base, text)

    change_id = await records_of(request).ask(keep)
    note_access(request, visitor.key, change_id)
    return redirect(f"{POLICY}/{change_id}")


@router.get(f"{POLICY}/{{change_id}}")
async def change_page(
    request: Request, change_id: str, visitor: LookingVisitor
) -> Response:
    """What a change would do: findings, rules, and what customers would read."""
    change, in_force = await change_of(request, change_id), in_force_of(request)
    trial = await _tried(request, change, chosen_language(request))
    return page(
        request,
        "policy_change.html",
        visitor,
        change=change,
        trial=trial,
        is_current=change.base_hash == in_force.file_hash,
        is_own=_is_own(change, visitor),
        policy_path=POLICY,
        backtest=backtest_shown(request, change_id),
    )


@router.post(f"{POLICY}/{{change_id}}/submit")
async def submit(
    request: Request, change_id: str, visitor: Visitor = ChangingVisitor
) -> Response:
    """Ask somebody else to agree."""
    reason = reason_in(await form_of(request, visitor))
    change = await change_of(request, change_id)
    await _require_publishable(request, change)
    if change.author_id != visitor.key.key_id:
        raise DeskRefusalError("role_may_not", "only_author")

    def ask(database: Database) -> bool:
        return PolicyChanges(database).submit(change_id, visitor.key.key_id, reason)

    if not await records_of(request).ask(ask):
        raise ProblemError("change_was_submitted", "it waits for somebody else")
    note_access(request, visitor.key, change_id)
    return redirect(f"{POLICY}/{change_id}")


@router.post(f"{POLICY}/{{change_id}}/publish")
async def publish_for_all(
    request: Request, change_id: str, visitor: Visitor = PublishingVisitor
) -> Response:
    """Put a change of somebody else into force, in every service on this store."""
    reason = reason_in(await form_of(request, visitor))
    change = await change_of(request, change_id)
    _require_other(change, visitor)
    await _require_publishable(request, change)
    note_access(request, visitor.key, change_id)
    now = microseconds(datetime.now(UTC))

    def put(database: Database) -> None:
        publish_change(database, change, visitor.key.name, now, reason)

    await records_of(request).ask(put)
    return redirect(f"{POLICY}/{change_id}")


@router.post(f"{POLICY}/{{change_id}}/refuse")
async def refuse(
    request: Request, change_id: str, visitor: Visitor = PublishingVisitor
) -> Response:
    """Say no to a change, and why."""
    reason = reason_in(await form_of(request, visitor))
    await change_of(request, change_id)
    note_access(request, visitor.key, change_id)
    now = microseconds(datetime.now(UTC))

    def say_no(database: Database) -> bool:
        changes = PolicyChanges(database)
        return changes.decide(change_id, "refused", visitor.key.name, now, reason)

    require_undecided(is_new=await records_of(request).ask(say_no))
    return redirect(f"{POLICY}/{change_id}")


def _submitted(database: Database) -> list[PolicyChange]:
    return PolicyChanges(database).latest(MOST_SHOWN)


def _published(database: Database) -> list[PolicyVersion]:
    return PolicyVersions(database).listed(MOST_SHOWN)


def _every_version(database: Database) -> list[PolicyVersion]:
    return PolicyVersions(database).listed(ALL)


async def _tried(request: Request, change: PolicyChange, lang: str) -> Trial:
    in_force = in_force_of(request)
    published = await records_of(request).ask(_every_version)
    return await asyncio.to_thread(
        tried,
        in_force.policy_text,
        change.text,
        lang,
        in_force.n_customers,
        in_force.advisor.settings,
        published,
    )


async def _require_publishable(request: Request, change: PolicyChange) -> None:
    """Raises ProblemError where it was decided about, or cannot come into force."""
    if change.decided_by is not None:
        reason = f"{change.state}_by"
        raise DeskRefusalError("change_is_over", reason, by=change.decided_by)
    in_force = in_force_of(request)
    require_base(change, in_force.file_hash)
    trial = await _tried(request, change, "en")
    if trial.has_errors:
        raise DeskRefusalError("invalid_request", "mend_first")


def _require_other(change: PolicyChange, visitor: Visitor) -> None:
    """Raises ProblemError where author and approver are the same."""
    if _is_own(change, visitor):
        raise DeskRefusalError("role_may_not", "other_agrees")


def _is_own(change: PolicyChange, visitor: Visitor) -> bool:
    names = change.author_id, change.author.casefold()
    return visitor.key.key_id == names[0] or visitor.key.name.casefold() == names[1]
