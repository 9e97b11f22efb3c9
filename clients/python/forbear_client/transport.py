"""Requests that are tried again, each recorded once."""

import random
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx

from forbear_client.errors import RefusedError, UnavailableError

PASSES = frozenset({429, 502, 503, 504})  # what a later try may not meet
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 10.0


class Transport:
    """Tries until there is an answer.

    Every POST carries an idempotency key, the same one in each try, so that whatever
    was recorded by a try whose answer got lost is what the next one is answered.

    Args:
        http: with the address of the service and the key.
        tries: at most, the first one included.
    """

    def __init__(self, http: httpx.Client, tries: int) -> None:
        self.http, self._tries = http, tries

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int] | None = None,
        idempotency_key: str | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """The answer's JSON.

        Raises:
            RefusedError: the service will not answer this.
            UnavailableError: there was no answer within the tries.
        """
        headers = (
            {"Idempotency-Key": idempotency_key or str(uuid4())}
            if method == "POST"
            else {}
        )
        cause = "none was made"
        for n in range(self._tries):
            wait_s = min(_FIRST_WAIT_S * 2.0**n, _LONGEST_WAIT_S)
            try:
                answer = self.http.request(
                    method, path, json=content, params=query, headers=headers
                )
            except httpx.TransportError as error:
                cause = type(error).__name__
            else:
                if answer.status_code not in PASSES:
                    return _content(answer)
                cause = str(problem_of(answer))
                wait_s = _retry_after_s(answer) or wait_s
            if n + 1 < self._tries:
                # not all that were refused at once come back at once
                time.sleep(wait_s * random.uniform(0.5, 1.0))
        raise UnavailableError(self._tries, cause)


def _content(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    if answer.is_success:
        return answer.json()
    raise problem_of(answer)


def problem_of(answer: httpx.Response) -> RefusedError:
    """A refusal, also where something between here and the service answered."""
    try:
        said = answer.json()
        code, detail = str(said["code"]), str(said["detail"])
        errors = said.get("errors", ())
    except (ValueError, KeyError, TypeError, AttributeError):
        code, detail, errors = "not_forbear", answer.reason_phrase, ()
    return RefusedError(answer.status_code, code, detail, errors)


def _retry_after_s(answer: httpx.Response) -> float | None:
    """Seconds; a date, which the service never sends, counts as not said."""
    stated = answer.headers.get("Retry-After", "")
    return min(float(stated), _LONGEST_WAIT_S) if stated.isdigit() else None
