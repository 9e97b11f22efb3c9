"""The method of a request, as metrics and traces name it."""

from starlette.types import Scope

_METHODS = frozenset({"GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"})


def method_of(scope: Scope) -> str:
    """The method of a request; a word of the sender's own is `other`."""
    method = str(scope["method"])
    return method if method in _METHODS else "other"
