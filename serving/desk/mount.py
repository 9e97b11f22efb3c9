"""Puts the desk's pages and files into the application."""

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response

from serving.desk import (
    appeals,
    customer,
    deeds,
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
    policy.router,
    policy_backtest.router,
    models.router,
    log.router,
    proof.router,
)

_elsewhere = desk_router()


@_elsewhere.get(f"{HOME}/{{rest:path}}")
async def nothing_here(rest: str) -> Response:
    """A page that says so, where there is none."""
    if not rest:
        return redirect(HOME)
    raise ProblemError("not_found", "see the pages named at the top")


def add_desk(app: FastAPI) -> None:
    """Serve the desk at `/desk`, and its style and script below it."""
    files = StaticFiles(packages=[("serving.desk", "static")])
    app.mount(f"{HOME}/static", files, "desk files")
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(_elsewhere)  # after all that are something
