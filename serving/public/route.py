"""How public pages are routed: whatever fails there is told as a page, too."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import Response

from serving.errors import KINDS, OURS, ProblemError, own_code
from serving.public.note import note_page
from serving.public.page import message, page_language


def public_router() -> APIRouter:
    """For public pages, whose failures are pages; none is in the API's document."""
    return APIRouter(route_class=_PublicRoute, include_in_schema=False)


class _PublicRoute(APIRoute):
    """Tells failures as a page: whoever reads it is a customer."""

    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except ProblemError as problem:
                return _problem_page(request, problem)
            except RequestValidationError:
                return _problem_page(request, ProblemError("not_found", ""))
            except OURS as error:
                code = own_code(error)
                if code is None or code not in KINDS:
                    raise
                return _problem_page(request, ProblemError(code, str(error)))

        return answered


def _problem_page(request: Request, problem: ProblemError) -> Response:
    """What a customer is told: nothing of how the service works."""
    lang = page_language(request, request.query_params.get("lang"))
    status = KINDS[problem.code].status
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return note_page(lang, "down", status, problem.headers)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return note_page(lang, "busy", status, problem.headers)
    if status == HTTPStatus.NOT_FOUND:
        return note_page(lang, "closed", status)
    sentences = [message(lang, "form.mistake.form")]
    return note_page(lang, "mistake", status, sentences=sentences)
