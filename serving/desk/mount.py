"""Puts the desk's pages and files into the application."""

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from serving.desk import customer, deeds, log, models, policy, proof, sign_in, today
from serving.desk.page import HOME

ROUTERS = (
    sign_in.router,
    today.router,
    customer.router,
    deeds.router,
    policy.router,
    models.router,
    log.router,
    proof.router,
)


def add_desk(app: FastAPI) -> None:
    """Serve the desk at `/desk`, and its style and script below it."""
    files = StaticFiles(packages=[("serving.desk", "static")])
    app.mount(f"{HOME}/static", files, "desk files")
    for router in ROUTERS:
        app.include_router(router)
