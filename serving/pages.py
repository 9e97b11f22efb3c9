"""Pages for people: their code is loaded when somebody first asks for one.

A service that answers systems never loads them: a tenth of its start and of its memory.
"""

import asyncio
import gc
from collections.abc import Callable

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send


class Pages(BaseRoute):
    """All addresses that begin with one of some words.

    Args:
        words: each the first part of an address.
        make: loads what answers there; called in a thread, when it is first needed.
    """

    def __init__(self, words: tuple[str, ...], make: Callable[[], ASGIApp]) -> None:
        self._words, self._make = words, make
        self._made: ASGIApp | None = None
        self._making = asyncio.Lock()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the address is one of these, whatever its method."""
        if scope["type"] != "http":
            return Match.NONE, {}
        word = scope["path"].removeprefix("/").partition("/")[0]
        return Match.FULL if word in self._words else Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, after loading what answers."""
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
                gc.freeze()  # as all that was imported: it stays
        await self._made(scope, receive, send)


def add_pages(app: FastAPI) -> None:
    """Serve the desk, the published policy and the forms of letters."""
    app.router.routes.append(Pages(("desk",), _desk))
    app.router.routes.append(Pages(("policy", "appeal"), _public))


def _desk() -> ASGIApp:
    from serving.desk.mount import desk_pages

    return desk_pages()


def _public() -> ASGIApp:
    from serving.public.mount import public_pages

    return public_pages()
