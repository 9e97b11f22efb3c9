"""The outermost layer under load: says "later" before anything costs anything."""

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.errors import problem_response
from serving.headers import OTHERWISE
from serving.metrics import Metrics
from serving.turnstile import Turnstile, overloaded

SCORE = "/v1/score"


class Shedding:
    """ASGI middleware: while the queue is full, scores are refused unread.

    The answer is the same each time, so it is made once. No key is looked at: a wrong
    one costs as little as a right one.
    """

    def __init__(self, app: ASGIApp, turnstile: Turnstile, metrics: Metrics) -> None:
        self._app, self._turnstile, self._metrics = app, turnstile, metrics
        problem = problem_response(overloaded())
        self._start = {
            "type": "http.response.start",
            "status": problem.status_code,
            "headers": [*problem.raw_headers, *OTHERWISE],
        }
        self._body = {"type": "http.response.body", "body": problem.body}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_score = scope["type"] == "http" and scope["path"] == SCORE
        if is_score and self._turnstile.is_full():
            self._metrics.count_shed()
            await send(self._start)
            await send(self._body)
            return
        await self._app(scope, receive, send)
