"""What can go wrong when a service is asked."""

from collections.abc import Sequence
from typing import Any


class ForbearError(Exception):
    """Base of what this package raises on purpose."""


class RefusedError(ForbearError):
    """The service refuses, and would refuse the same again.

    Args:
        status: of HTTP.
        code: never changes its meaning; see "When it fails" in the service's manual.
        detail: for people.
        errors: places that are wrong, each with `pointer` and `rule`.
    """

    def __init__(
        self, status: int, code: str, detail: str, errors: Sequence[dict[str, Any]]
    ) -> None:
        super().__init__(f"{code} ({status}): {detail}")
        self.status, self.code, self.detail = status, code, detail
        self.errors = list(errors)


class UnavailableError(ForbearError):
    """No answer after all tries: do nothing harsh, and ask again later.

    What was asked may have been recorded; asking again with the same idempotency key
    gives that answer.
    """

    def __init__(self, tries: int, cause: str) -> None:
        super().__init__(f"no answer after {tries} tries: {cause}")
        self.tries, self.cause = tries, cause


class StrangeAnswerError(ForbearError):
    """Something between here and the service answered: it never leaves this package."""
