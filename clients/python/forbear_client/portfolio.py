"""The answer about every customer, which comes line by line and may break off."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from forbear_client.errors import StrangeAnswerError, UnavailableError
from forbear_client.transport import (
    Transport,
    content_of,
    passes,
    pause,
    problem_of,
)


def lines_of_all(
    transport: Transport, question: Mapping[str, Any], after: str, idempotency_key: str
) -> Iterator[dict[str, Any]]:
    """Lines in the order of customers; a stream that broke off is taken up again.

    Args:
        transport: how often it is tried without a line that is new.
        question: with `as_of`, so that all tries ask about the same moment.
        after: the customer behind whom it begins.
        idempotency_key: of all tries: who was decided about and not heard of is
            answered once more, not decided about again.

    Raises:
        RefusedError: the service will not answer this.
        UnavailableError: it does not go on.
    """
    headers = {"Idempotency-Key": idempotency_key}
    n_failed = 0
    while True:
        answer = None
        content = {**question, "after": after}
        try:
            with transport.http.stream(
                "POST", "/v1/score/portfolio", json=content, headers=headers
            ) as answer:
                for line in _lines(answer):
                    if "end" in line:
                        return
                    after, n_failed = line["customer_id"], 0
                    yield line
            cause = "it ended before its last line"
        except (httpx.RequestError, StrangeAnswerError) as error:
            cause = type(error).__name__
        except _RefusedForNow as error:
            cause = str(error)
        n_failed += 1
        if n_failed >= transport.tries:
            raise UnavailableError(n_failed, f"{cause}, behind {after!r}")
        pause(n_failed - 1, answer)


class _RefusedForNow(Exception):  # noqa: N818 - never seen outside
    """A later try may meet another answer."""


def _lines(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    if answer.is_success:
        for text in answer.iter_lines():
            line = content_of(text)
            if not line.keys() & {"customer_id", "end"}:
                raise StrangeAnswerError
            yield line
        return
    answer.read()
    if passes(answer.status_code):
        raise _RefusedForNow(str(problem_of(answer)))
    raise problem_of(answer)
