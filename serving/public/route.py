"""How public pages are routed: whatever fails there is told as a page, too."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import Response

from serving.errors import KINDS, ProblemError
from serving.public.note import note_page
from serving.public.page import page_language


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

        return answered


def _problem_page(request: Request, problem: ProblemError) -> Response:
    lang = page_language(request, request.query_params.get("lang"))
    part = "busy" if problem.code == "rate_limited" else "closed"
    status = KINDS[problem.code].status
    return note_page(lang, part, status, problem.headers)
