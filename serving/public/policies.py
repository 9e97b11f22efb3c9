"""The published policy at `/policy`: the one in force, and every one before it."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from threading import Lock
from typing import NamedTuple

from fastapi import Request
from starlette.responses import Response

from decisions.errors import PolicyFileError
from decisions.policy_file.load import parse_policy
from features.moments import to_datetime
from serving.champions import Champions, InForce
from serving.errors import ProblemError
from serving.incoming import in_force_of
from serving.kept_policies import Place
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
from store.policies import KeptPolicy, Policies
from wording.messages import LANGUAGES, Wording
from wording.publication.composition import compose
from wording.templates import render

router = public_router()
_HASH_LENGTH = 64


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
        text = _text_of(policies, policy_hash, in_force)
        rules, begun = _rules(policy_hash, text), _begun(policies)
        kept = _joined(policies)
    replaced_at, is_over = None, False
    if in_force is None or rules != in_force.file_hash:
        replaced_at, is_over = _replaced_at(begun, rules), in_force is not None
    shown = _Shown(text, lang, policy_hash, replaced_at, is_over)
    return _pages.page(shown, kept, datetime.now(UTC).date())


def _text_of(policies: Policies, policy_hash: str, in_force: InForce | None) -> str:
    if in_force is not None and policy_hash == in_force.advisor.policy.hash:
        return in_force.policy_text
    if len(policy_hash) != _HASH_LENGTH:
        raise ProblemError("not_found", "no such policy")
    try:
        return policies.content(policy_hash)
    except UnknownDocumentError as error:
        raise ProblemError("not_found", "no such policy") from error


_rules_of: dict[str, str] = {}  # by the hash under which a policy was kept


def _rules(policy_hash: str, text: str) -> str:
    """The hash of a file as this release counts it: same rules, same hash."""
    if policy_hash not in _rules_of:
        try:
            _rules_of[policy_hash] = parse_policy(text).hash
        except PolicyFileError:  # of another release
            return policy_hash
    return _rules_of[policy_hash]


def _kept_rules(policies: Policies, policy_hash: str) -> str:
    known = _rules_of.get(policy_hash)
    return known or _rules(policy_hash, policies.content(policy_hash))


class _Begun(NamedTuple):
    """Rules came into force, once more perhaps. `at`: microseconds since 1970 UTC."""

    rules: str
    at: int


def _begun(policies: Policies) -> list[_Begun]:
    """When which rules were taken up first, and each time they were published."""
    kept = policies.listed()
    first = [_Begun(_kept_rules(policies, one.policy_hash), one.since) for one in kept]
    published = policies.published()
    return first + [
        _Begun(_rules(one.policy_hash, one.text), one.published_at) for one in published
    ]


def _joined(policies: Policies) -> tuple[KeptPolicy, ...]:
    """One of each rules, under its latest hash, since it was first taken up."""
    by_rules: dict[str, KeptPolicy] = {}
    for one in policies.listed():  # the latest first
        rules = _kept_rules(policies, one.policy_hash)
        latest = by_rules.get(rules, one)
        by_rules[rules] = replace(latest, since=one.since)
    return tuple(sorted(by_rules.values(), key=lambda one: -one.since))


class _Shown(NamedTuple):
    """A page.

    Args:
        replaced_at: microseconds since 1970 UTC; None: it was not, or nobody knows.
        is_over: another policy is in force.
    """

    text: str
    lang: str
    policy_hash: str
    replaced_at: int | None
    is_over: bool = False


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


def _replaced_at(begun: Sequence[_Begun], rules: str) -> int | None:
    """When others came into force after these rules last did; None: nothing says it."""
    last = max((one.at for one in begun if one.rules == rules), default=0)
    later = (one.at for one in begun if one.rules != rules and one.at > last)
    return min(later, default=None)


def _rendered(shown: _Shown, kept: tuple[KeptPolicy, ...], day: date) -> str:
    """A policy as it is; one that was replaced as it was when it was last in force."""
    policy, lang, replaced = parse_policy(shown.text), shown.lang, ""
    words = Wording(lang, policy.document.currency, policy.latest.zone)
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    if shown.replaced_at is None and shown.is_over:
        replaced = words.say("public.over")
    elif shown.replaced_at is not None:
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
