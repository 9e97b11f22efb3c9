"""Who may ask: the API key of a request and what it grants."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serving.errors import ProblemError
from store.keys import ApiKey, KeyStore, Scope

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="a key of `forbear keys create`, as `Authorization: Bearer fb_…`",
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def key_with(scope: Scope) -> Callable[..., Awaitable[ApiKey]]:
    """A dependency that lets only keys with `scope` pass."""

    async def checked(request: Request, credentials: Credentials) -> ApiKey:
        if credentials is None:
            detail = "send `Authorization: Bearer <key>`; see `forbear keys create`"
            raise ProblemError("missing_key", detail)
        keys: KeyStore = request.app.state.keys
        key = keys.verify(credentials.credentials)
        if key is None:
            raise ProblemError("invalid_key", "unknown or revoked; see `forbear keys`")
        if not key.may(scope):
            detail = f"this key has the scope {key.scope!r}, {scope!r} is needed"
            raise ProblemError("scope_missing", detail)
        return key

    return checked


ScoringKey = Annotated[ApiKey, Depends(key_with("score"))]
ReadingKey = Annotated[ApiKey, Depends(key_with("read"))]
EventsKey = Annotated[ApiKey, Depends(key_with("events"))]
ReviewKey = Annotated[ApiKey, Depends(key_with("review"))]
AdminKey = Annotated[ApiKey, Depends(key_with("admin"))]
