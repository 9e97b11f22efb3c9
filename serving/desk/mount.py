"""Puts the desk's pages and files together."""

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response

from serving.desk import (
    appeals,
    customer,
    deeds,
    giving_back,
    log,
    models,
    policy,
    policy_backtest,
    proof,
    releases,
    sign_in,
    today,
)
from serving.desk.page import HOME, desk_router, redirect
from serving.errors import ProblemError

ROUTERS = (
    sign_in.router,
    today.router,
    customer.router,
    deeds.router,
    releases.router,
    appeals.router,
    giving_back.router,
    policy.router,
    policy_backtest.router,
    models.router,
    log.router,
    proof.router,
)

_CHANGING = ["POST", "PUT", "PATCH", "DELETE"]
_elsewhere = desk_router()


@_elsewhere.get(f"{HOME}/{{rest:path}}")
async def nothing_here(rest: str) -> Response:
    """A page that says so, where there is none."""
    if not rest:
        return redirect(HOME)
    raise ProblemError("not_found", "see the pages named at the top")


@_elsewhere.api_route(f"{HOME}/{{rest:path}}", methods=_CHANGING)
async def nothing_done(request: Request) -> Response:
    """A page, too, where an address takes another method."""
    path = request.url.path
    taken = {
        method
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.path_regex.match(path)
        for method in route.methods or ()
    }
    if not taken:
        raise ProblemError("not_found", "see the pages named at the top")
    allow = ", ".join(sorted(taken))
    detail = f"{request.method} {path}: this address takes {allow}"
    raise ProblemError("method_not_allowed", detail, headers={"Allow": allow})


def desk_pages() -> APIRouter:
    """All that is at `/desk`, with its style and script below it."""
    pages = APIRouter(redirect_slashes=False)
    files = StaticFiles(packages=[("serving.desk", "static")])
    pages.mount(f"{HOME}/static", files, "desk files")
    for router in ROUTERS:
        pages.include_router(router)
    pages.include_router(_elsewhere)  # after all that are something
    return pages
