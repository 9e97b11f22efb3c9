"""The published policy at `/policy`: the one in force, and every one before it."""

import asyncio
import logging
import time
from contextlib import closing
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from fastapi import Request
from starlette.responses import Response

from decisions.policy_file.load import parse_policy
from features.moments import to_datetime
from serving.champions import Champions, InForce
from serving.errors import ProblemError
from serving.incoming import in_force_of
from serving.public.page import (
    html_page,
    message,
    page_language,
    require_visit,
)
from serving.public.route import public_router
from serving.settings import ServingSettings
from store.errors import UnknownDocumentError
from store.opening import open_policies
from store.policies import KeptPolicy
from wording.messages import LANGUAGES, Wording
from wording.publication.composition import compose
from wording.templates import render

router = public_router()
_log = logging.getLogger("forbear.serving")
_HASH_LENGTH = 64
Place = tuple[Path, str | None]


def keep_policy(place: Place, in_force: InForce) -> None:
    """Write a policy down that has come into force; what is there stays."""
    policy = in_force.advisor.policy
    now = time.time_ns() // 1_000
    with closing(open_policies(*place)) as policies:
        policies.keep(policy.hash, policy.reference, now, in_force.policy_text)


class _Version(NamedTuple):
    """One line of the list of versions."""

    policy_hash: str
    text: str


@router.head("/policy")
@router.get("/policy")
async def current_policy(request: Request, lang: str | None = None) -> Response:
    """The policy that decides now, as customers read it."""
    in_force = in_force_of(request)
    return await _answered(request, lang, in_force.advisor.policy.hash)


@router.head("/policy/{policy_hash}")
@router.get("/policy/{policy_hash}")
async def policy_of_hash(
    request: Request, policy_hash: str, lang: str | None = None
) -> Response:
    """A policy as it was in force, by the hash that letters and decisions name."""
    return await _answered(request, lang, policy_hash)


async def _answered(request: Request, lang: str | None, policy_hash: str) -> Response:
    require_visit(request)
    chosen = page_language(request, lang)
    settings: ServingSettings = request.app.state.settings
    champions: Champions = request.app.state.champions
    content = await asyncio.to_thread(
        _page, settings.store, chosen, policy_hash, champions.in_force
    )
    tag = f'"{sha256(content.encode()).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        # kept by the browser, and asked for whether it still holds
        "Cache-Control": "public, no-cache",
        "Vary": "Accept-Language",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return html_page(content, headers=headers)


def _page(place: Place, lang: str, policy_hash: str, in_force: InForce | None) -> str:
    with closing(open_policies(*place)) as policies:
        kept = tuple(policies.listed())
        if in_force is not None and policy_hash == in_force.advisor.policy.hash:
            replaced_at, text = None, in_force.policy_text
        else:
            if len(policy_hash) != _HASH_LENGTH:
                raise ProblemError("not_found", "no such policy")
            try:
                text = policies.content(policy_hash)
            except UnknownDocumentError as error:
                raise ProblemError("not_found", "no such policy") from error
            replaced_at = _replaced_at(kept, policy_hash)
    shown = _Shown(text, lang, policy_hash, replaced_at)
    return _pages.page(shown, kept, datetime.now(UTC).date())


class _Shown(NamedTuple):
    """A page; `replaced_at`: microseconds since 1970 UTC, None: it is in force."""

    text: str
    lang: str
    policy_hash: str
    replaced_at: int | None


class _Pages:
    """Every page of one day, until another policy is kept: as many as there are.

    A page that is not there is made by one thread at a time: however many are asked
    for, scores have the interpreter for themselves most of the time.
    """

    def __init__(self) -> None:
        self._turn = Lock()
        self._made_of: tuple[tuple[KeptPolicy, ...], date] | None = None
        self._pages: dict[_Shown, str] = {}

    def page(self, shown: _Shown, kept: tuple[KeptPolicy, ...], day: date) -> str:
        """One of them, as on `day` (UTC): changes of a later day come into force."""
        pages = self._pages
        if self._made_of == (kept, day) and shown in pages:
            return pages[shown]
        with self._turn:
            if self._made_of != (kept, day):
                self._pages, self._made_of = {}, (kept, day)
            if shown not in self._pages:
                self._pages[shown] = _rendered(shown, kept, day)
            return self._pages[shown]


_pages = _Pages()


def _replaced_at(kept: tuple[KeptPolicy, ...], policy_hash: str) -> int | None:
    """When another policy was first taken up after this one; None: never."""
    own = next(one.since for one in kept if one.policy_hash == policy_hash)
    return min((one.since for one in kept if one.since > own), default=None)


def _rendered(shown: _Shown, kept: tuple[KeptPolicy, ...], day: date) -> str:
    """A policy as it is; one that was replaced as it was when it was last in force."""
    policy, lang, replaced = parse_policy(shown.text), shown.lang, ""
    words = Wording(lang, policy.document.currency, policy.latest.zone)
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    if shown.replaced_at is not None:
        at = to_datetime(shown.replaced_at - 1)
        ended = to_datetime(shown.replaced_at).astimezone(words.zone)
        replaced = words.say("public.replaced", day=ended.date())
    versions = [_Version(one.policy_hash, _named(words, one)) for one in kept]
    return render(
        "policy.html",
        "serving.public",
        page=compose(policy, lang, at),
        here=shown.policy_hash,
        replaced=replaced,
        versions=versions,
        versions_title=message(lang, "public.versions"),
        languages_title=message(lang, "public.languages"),
        languages=[one for one in LANGUAGES if one != lang],
    )


def _named(words: Wording, kept: KeptPolicy) -> str:
    day = to_datetime(kept.since).astimezone(words.zone).date()
    return words.say("public.since", reference=kept.reference, day=day)
