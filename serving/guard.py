"""The outermost layer: measures every request, and turns a bug into a clean 500.

What is not done when the service's time to stop is over (FORBEAR_SHUTDOWN_TIMEOUT_S)
is cancelled by the server, and told so.

The log gets the kind of error and where it happened, not its message: messages of
unexpected errors may quote a customer's values.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import ProblemError, problem_response
from serving.headers import complete
from serving.method import method_of
from serving.metrics import Metrics

_GONE = 499  # as nginx counts a client that went away before its answer
_PAGES = ("/desk/", "/appeal/")  # what people read
_AGAIN = "send it again; under the Idempotency-Key it had, if any, it is done only once"
log = logging.getLogger("forbear.serving")


class AnswerBrokenOffError(Exception):
    """Has the connection closed; the server above logs it with no word of its cause."""


class Guard:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                complete(message["headers"])
            await send(message)

        try:
            _lead_to_no_page(scope)
            if _holds_nul(scope):
                problem = ProblemError("invalid_request", "an address holds no NUL")
                await problem_response(problem)(scope, receive, watched_send)
                return
            await self._app(scope, receive, watched_send)
        except ClientDisconnect:
            status = _GONE
        except asyncio.CancelledError:  # nothing lies above that it must reach
            if status:
                raise
            problem = ProblemError("stopping", _AGAIN)
            await problem_response(problem)(scope, receive, watched_send)
        except Exception as error:  # noqa: BLE001 - a border
            # nothing below expected this: say so without quoting anyone's data
            log_without_values(error)
            if status:  # the answer is under way and cannot be replaced
                raise AnswerBrokenOffError from None
            detail = "the failure is in the log; nothing was recorded under an answer"
            problem = ProblemError("internal_error", detail)
            await problem_response(problem)(scope, receive, watched_send)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            seconds = time.perf_counter() - started
            failed = status or HTTPStatus.INTERNAL_SERVER_ERROR
            self._metrics.count_request(route, method_of(scope), failed, seconds)


def _lead_to_no_page(scope: Scope) -> None:
    """Who reads pages is told by one that nothing is at an address with a NUL."""
    place = scope["path"][: scope["path"].find("/", 1) + 1]
    if place in _PAGES and "\0" in scope["path"]:
        scope.update(path=f"{place}-", raw_path=f"{place}-".encode())


def _holds_nul(scope: Scope) -> bool:
    """Whether an address bears the one character that PostgreSQL cannot keep."""
    return "\0" in scope["path"] or b"%00" in scope["query_string"]


@contextmanager
def surviving(tell: Callable[[Exception], None] | None = None) -> Iterator[None]:
    """A border: whatever goes wrong in the block ends the block, not who goes on after.

    For work that runs beside the answers and has nobody else to hear of its failures.
    `tell` hears of them; without it they are in the log.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a border
        (tell or log_without_values)(error)


def log_without_values(error: BaseException) -> None:
    """The error's type and the places it passed, without its message."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s\n%s", type(error).__name__, places)
