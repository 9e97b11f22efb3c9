"""What every page shares: its frame, its language, and what a browser may load."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, get_args
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse, RedirectResponse, Response

from decisions.terms import Terms
from features.moments import microseconds, to_datetime
from features.money import UNITS
from serving.champions import Champions
from serving.desk.visitor import COOKIE, SignInNeededError, Visitor, visitor_of
from serving.errors import KINDS, OURS, ProblemError, form_problem, own_code
from serving.language import Language, language_of
from store.errors import DecisionStoreError
from wording.messages import Wording
from wording.templates import render

ROOM = "serving.desk"
HOME, SIGN_IN = "/desk", "/desk/sign-in"
LANGUAGE_COOKIE, KEYS_COOKIE = "forbear_desk_language", "forbear_desk_keys"
LANGUAGES: tuple[Language, ...] = get_args(Language)
# every file is ours, nothing is inline, and no form goes elsewhere
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_WITH_FORMS = "customers", "decisions", "policy"  # forms are sent below their pages
_MINUTE = len("2026-06-30 12:00")
_MINUTE_US = 60_000_000
HEADERS = {"Content-Security-Policy": CONTENT_POLICY, "Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Section:
    """An entry of the navigation. `letter`: opens it after a `g`."""

    name: str
    path: str
    letter: str


SECTIONS = (
    Section("today", HOME, "t"),
    Section("policy", f"{HOME}/policy", "p"),
    Section("models", f"{HOME}/models", "m"),
    Section("log", f"{HOME}/log", "l"),
)


def chosen_language(request: Request) -> Language:
    """What was chosen here, else what the browser wants most, else English."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    requested = next((one for one in LANGUAGES if one == chosen), None)
    return language_of(requested, request.headers.get("accept-language"))


def wording_of(request: Request) -> Wording:
    """In the language chosen, with the currency and the days of the policy."""
    language, terms = chosen_language(request), _terms_now(request)
    if terms is None:
        return Wording(language, "EUR", ZoneInfo("UTC"))
    return Wording(language, terms.document.currency, terms.zone)


def ranked_by(request: Request) -> str:
    """What the list of Today counts: `gain`, or `at_stake` where no costs decide."""
    terms = _terms_now(request)
    return "gain" if terms is None or terms.mode == "cost" else "at_stake"


def _terms_now(request: Request) -> Terms | None:
    """Of the policy in force; None as long as nothing can be scored."""
    champions: Champions = request.app.state.champions
    if champions.in_force is None:
        return None
    policy = champions.in_force.advisor.policy
    return policy.in_force(datetime.now(UTC)) or policy.latest


def page(
    request: Request,
    template: str,
    visitor: Visitor | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """A page of the desk from one of its templates."""
    words = wording_of(request)
    content = render(
        template,
        ROOM,
        say=words.say,
        words=words,
        show=DeskText(words),
        visitor=visitor,
        languages=LANGUAGES,
        sections=SECTIONS,
        here=request.url.path,
        has_keys=request.cookies.get(KEYS_COOKIE) != "off",
        **values,
    )
    return HTMLResponse(content, status, {**HEADERS, **(headers or {})})


def whole_units(amount: int) -> int:
    """Ten-thousandths to the whole unit, as every page shows money.

    >>> whole_units(-4_999), whole_units(15_001)
    (0, 2)
    """
    return round(amount / UNITS)


class DeskText:
    """How values look on every page; None is not known and shown as a dash."""

    def __init__(self, words: Wording) -> None:
        self._words = words
        self.say = words.say

    def money(self, amount: int | None) -> str:
        """Ten-thousandths, to the whole unit."""
        if amount is None:
            return "–"
        return _money(self._words, whole_units(amount))

    def measured(self, value: float) -> str:
        """What a model was measured at, to three places."""
        return str(format_decimal(value, "#,##0.000", self._words.locale))

    def gain(self, amount: int) -> str:
        """What looking at somebody saves or costs, in ten-thousandths, as a sentence.

        What is less than half a unit is neither.
        """
        whole = whole_units(amount)
        if whole == 0:
            return self.say("desk.customer.saves_nothing")
        part = "saves" if whole > 0 else "costs"
        return self.say(f"desk.customer.{part}", amount=_money(self._words, abs(whole)))

    def moment(self, moment: int | datetime | None) -> str:
        """Day and time of the policy's zone, in the order that sorts."""
        if moment is None:
            return "–"
        if not isinstance(moment, int):
            moment = microseconds(moment)
        return _minute(moment // _MINUTE_US, self._words.zone)

    def iso(self, moment: str | None) -> str:
        """As `moment`, of a moment in an answer."""
        return self.moment(None if moment is None else datetime.fromisoformat(moment))

    def action(self, action: str | None) -> str:
        """The name of an action; None: no decision."""
        if action is None:
            return self._words.say("desk.no_decision")
        return self._words.say(f"actions.{action}.name")


@lru_cache(20_000)
def _minute(minute: int, zone: ZoneInfo) -> str:
    """A minute since 1970 UTC; whoever opens a page again reads the same ones."""
    local = to_datetime(minute * _MINUTE_US).astimezone(zone)
    return local.isoformat(" ", "minutes")[:_MINUTE]  # without the offset


def _money(words: Wording, amount: int) -> str:
    return _cached_money(words.lang, words.currency, amount)


@lru_cache(20_000)
def _cached_money(lang: str, currency: str, amount: int) -> str:
    """Babel takes longer for one amount than a template for a row."""
    return Wording(lang, currency, ZoneInfo("UTC")).in_currency(amount, currency)


def desk_router() -> APIRouter:
    """For pages, whose failures are pages; none of them is in the API's document."""
    return APIRouter(route_class=_DeskRoute, include_in_schema=False)


def redirect(path: str) -> RedirectResponse:
    """To another page of the desk, by GET."""
    return RedirectResponse(path, 303, HEADERS)


def safe_path(path: str | None) -> str:
    """A path of the desk to go on to; anything else is its first page.

    >>> safe_path("/desk/log?day=2026-06-30"), safe_path("//evil.example/desk")
    ('/desk/log?day=2026-06-30', '/desk')
    """
    parts = urlsplit(path or "")
    is_ours = parts.path == HOME or parts.path.startswith(f"{HOME}/")
    is_plain = "\\" not in parts.path and not any(c < " " for c in path or "")
    if parts.scheme or parts.netloc or not is_ours or not is_plain:
        return HOME
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class _DeskRoute(APIRoute):
    """Tells failures as a page: whoever reads it is a person."""

    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except SignInNeededError:
                return _to_sign_in(request)
            except ProblemError as problem:
                return await _told(request, problem)
            except RequestValidationError as error:
                return await _told(request, form_problem(error))
            except OURS as error:
                code = own_code(error)
                if code is None or code not in KINDS:
                    raise
                return await _told(request, ProblemError(code, str(error)))

        return answered


async def _told(request: Request, problem: ProblemError) -> Response:
    """What went wrong and what to do, with the code that support asks for."""
    visitor = None
    with suppress(SignInNeededError, DecisionStoreError):
        visitor = await visitor_of(request)
    kind = KINDS[problem.code]
    return page(
        request,
        "problem.html",
        visitor,
        kind.status,
        problem.headers,
        problem=problem,
        kind=kind,
        back=_page_of_form(request),
    )


def _page_of_form(request: Request) -> str:
    """The page whose form was sent; empty where no form was, or none is known."""
    parent, _, _ = request.url.path.rpartition("/")
    has_forms = any(parent.startswith(f"{HOME}/{one}/") for one in _WITH_FORMS)
    return parent if request.method == "POST" and has_forms else ""


def _to_sign_in(request: Request) -> Response:
    """Where one signs in; then on to what was asked for, if it can be asked again."""
    wished = request.url.path
    if request.url.query:
        wished += f"?{request.url.query}"
    # what was sent with the form is gone with the session, and that is said
    ahead = f"?next={quote(wished)}" if request.method == "GET" else "?ended=1"
    answer = redirect(f"{SIGN_IN}{ahead}")
    if COOKIE in request.cookies:
        answer.delete_cookie(COOKIE, HOME)
    return answer
