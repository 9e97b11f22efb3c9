"""Signing in and out, and what a person chooses for the pages."""

from fastapi import Request
from starlette.responses import Response

from serving.access import RateLimits, note_access
from serving.desk.form import csrf_of, read_form
from serving.desk.page import (
    HOME,
    KEYS_COOKIE,
    LANGUAGE_COOKIE,
    LANGUAGES,
    SIGN_IN,
    desk_router,
    page,
    redirect,
    safe_path,
)
from serving.desk.visitor import (
    COOKIE,
    LookingVisitor,
    begin_session,
    end_session,
    form_of,
    new_token,
)
from serving.errors import KINDS, ProblemError
from serving.settings import ServingSettings

router = desk_router()
# before anybody is signed in; it never replaces the cookie of a session, which the
# browser does not send where a link of another site leads here
FORM_COOKIE = "forbear_desk_form"
_YEAR_S = 365 * 86_400


@router.get(SIGN_IN)
async def sign_in_page(
    request: Request,
    next: str = "",  # noqa: A002 - of the address
    ended: bool = False,
) -> Response:
    """Where a key is entered; `ended`: a form came after the end of its session."""
    return _sign_in_page(request, next, ended=ended)


@router.post(SIGN_IN)
async def sign_in(request: Request) -> Response:
    """Begin a session with a key, or say why not."""
    limits: RateLimits = request.app.state.rate_limits
    settings: ServingSettings = request.app.state.settings
    address = request.client.host if request.client else ""
    form = await read_form(request, request.cookies.get(FORM_COOKIE, ""))
    try:
        token = await begin_session(request, form.get("key", ""))
    except ProblemError as problem:
        # only a wrong key waits: others behind the same proxy still sign in
        if KINDS[problem.code].status == 401:
            limits.require_attempt(address, settings.desk_attempt_limit)
        return _sign_in_page(request, form.get("next", ""), problem)
    await end_session(request)  # of whoever was signed in before
    answer = redirect(safe_path(form.get("next")))
    _set_cookie(request, answer, COOKIE, token)
    return answer


@router.post(f"{HOME}/sign-out")
async def sign_out(request: Request, visitor: LookingVisitor) -> Response:
    """End the session here and for every copy of its cookie."""
    await form_of(request, visitor)
    note_access(request, visitor.key, "")
    await end_session(request)
    answer = redirect(SIGN_IN)
    answer.delete_cookie(COOKIE, HOME)
    return answer


@router.post(f"{HOME}/choices")
async def choose(request: Request) -> Response:
    """Keep the language, and whether single keys do something."""
    token = request.cookies.get(COOKIE) or request.cookies.get(FORM_COOKIE, "")
    form = await read_form(request, token)
    answer = redirect(safe_path(form.get("next")))
    if form.get("language") in LANGUAGES:
        language = form["language"]
        _set_cookie(request, answer, LANGUAGE_COOKIE, language, _YEAR_S)
    if form.get("keys") in ("on", "off"):
        _set_cookie(request, answer, KEYS_COOKIE, form["keys"], _YEAR_S)
    return answer


def _sign_in_page(
    request: Request,
    ahead: str,
    problem: ProblemError | None = None,
    *,
    ended: bool = False,
) -> Response:
    """The form bears a token of its own before anybody is signed in."""
    token = request.cookies.get(FORM_COOKIE) or new_token()
    answer = page(
        request,
        "sign_in.html",
        status=200 if problem is None else KINDS[problem.code].status,
        csrf=csrf_of(token),
        ahead=safe_path(ahead),
        problem=problem,
        ended=ended,
    )
    _set_cookie(request, answer, FORM_COOKIE, token)
    return answer


def _set_cookie(
    request: Request,
    answer: Response,
    name: str,
    value: str,
    max_age_s: int | None = None,
) -> None:
    """Sent to the desk alone, by pages of ours alone, over TLS where there is TLS."""
    # where several proxies stand before us, each adds what it spoke
    named = request.headers.get("x-forwarded-proto", "").split(",")
    spoken = {request.url.scheme, *(one.strip().lower() for one in named)}
    answer.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path=HOME,
        secure="https" in spoken,
        httponly=True,
        samesite="strict",
    )
