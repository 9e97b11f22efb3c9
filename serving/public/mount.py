"""Puts the public pages together."""

from fastapi import APIRouter

from serving.public import policies, replies


def public_pages() -> APIRouter:
    """The published policy at `/policy`, and the forms of letters at `/appeal`."""
    pages = APIRouter(redirect_slashes=False)
    pages.include_router(policies.router)
    pages.include_router(replies.router)
    return pages
