"""Requests that are tried again, each recorded once."""

import json
import random
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx

from forbear_client.errors import (
    RefusedError,
    StrangeAnswerError,
    UnavailableError,
)

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 10.0
_LONGEST_ASKED_S = 60.0  # whoever is asked to wait for an hour is told, not held up


class Transport:
    """Tries until there is an answer.

    Every POST carries an idempotency key, the same one in each try, so that whatever
    was recorded by a try whose answer got lost is what the next one is answered.

    Args:
        http: with the address of the service and the key.
        tries: at most, the first one included.
    """

    def __init__(self, http: httpx.Client, tries: int) -> None:
        self.http, self.tries = http, tries

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int] | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
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
        for n in range(self.tries):
            answer = None
            try:
                answer = self.http.request(
                    method, path, json=content, params=query, headers=headers
                )
                if not passes(answer.status_code):
                    return _content(answer)
                cause = str(problem_of(answer))
            except (httpx.RequestError, StrangeAnswerError) as error:
                cause = type(error).__name__
            if n + 1 < self.tries:
                pause(n, answer)
        raise UnavailableError(self.tries, cause)


def passes(status: int) -> bool:
    """Whether a later try may meet another answer: too slow, too much, or a fault."""
    return status in {408, 429} or status >= 500


def pause(n_before: int, answer: httpx.Response | None) -> None:
    """Wait before the next try: as long as the answer asks, else longer each time.

    Not all that were refused at once come back at once: a longest wait of a minute and
    a half, and none sooner than asked but where more than a minute is asked.

    Args:
        n_before: tries that failed before the last one, since the last success.
        answer: of the last one, where there was one.
    """
    asked_s = None if answer is None else _retry_after_s(answer)
    if asked_s:
        time.sleep(asked_s * random.uniform(1.0, 1.5))
    else:
        wait_s = min(_FIRST_WAIT_S * 2.0**n_before, _LONGEST_WAIT_S)
        time.sleep(wait_s * random.uniform(0.5, 1.0))


def content_of(text: str | bytes) -> dict[str, Any]:
    """What the service said; it says objects of JSON and nothing else.

    Raises:
        StrangeAnswerError: something else did, such as a proxy's page.
    """
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise StrangeAnswerError
    return said


def _content(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_success:
        return content_of(answer.content)
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
    return min(float(stated), _LONGEST_ASKED_S) if stated.isdecimal() else None
