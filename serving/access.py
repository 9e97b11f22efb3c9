"""Who may ask: the API key of a request, what it grants, and how often."""

import logging
import math
import sqlite3
import time
from collections.abc import Awaitable, Callable
from functools import cached_property
from ipaddress import IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from starlette.datastructures import State

from serving.errors import ProblemError
from store.access_log import AccessLog, customer_hash
from store.keys import KEY_PREFIX, ApiKey, KeyStore, Scope

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.strategies import RateLimiter

_log = logging.getLogger("forbear.serving")
# for the OpenAPI document; `key_of` reads the header
_declared = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="a key of `forbear keys create`, as `Authorization: Bearer fb_…`; where"
    " the service takes tokens of an identity provider, one of those",
)


class RateLimits:
    """How many requests each key may send, counted by all workers of a service.

    Args:
        default: such as `100/second` or `5000/minute`; None: as many as they like.
        shared: folder where several workers count together; None: there is one.
    """

    def __init__(self, default: str | None, shared: Path | None = None) -> None:
        self._default, self._shared = default, shared
        self._items: dict[str, RateLimitItem] = {}

    def require_room(self, key: ApiKey) -> None:
        """Count one request.

        Raises:
            ProblemError: the key has sent too many.
        """
        stated = key.rate_limit or self._default
        if stated is not None:
            wait = stated.replace("/", " requests a ")
            self._count(stated, key.key_id, f"this key may send {wait}")

    def require_attempt(self, address: str, stated: str) -> None:
        """Count one attempt to sign in with a wrong secret from an address.

        Raises:
            ProblemError: there were too many.
        """
        who = f"sign-in {network_of(address)}"
        self._count(stated, who, "too many attempts to sign in: wait")

    def require_visit(self, who: str, stated: str) -> None:
        """Count one request to a public page, of a network address or of a link.

        Raises:
            ProblemError: there were too many.
        """
        self._count(
            stated, f"visit {network_of(who)}", "too many requests: wait a while"
        )

    @cached_property
    def _limiter(self) -> "RateLimiter":
        """Made when something is counted: many services limit nobody."""
        from limits.storage import MemoryStorage
        from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

        from serving.shared_counts import SharedCounts

        if self._shared is None:
            return MovingWindowRateLimiter(MemoryStorage())
        return FixedWindowRateLimiter(SharedCounts(self._shared))

    def _item(self, stated: str) -> "RateLimitItem":
        if stated not in self._items:
            from limits import parse

            self._items[stated] = parse(stated)
        return self._items[stated]

    def _count(self, stated: str, who: str, detail: str) -> None:
        item = self._item(stated)
        try:
            if self._limiter.hit(item, who):
                return
            reset_at, _ = self._limiter.get_window_stats(item, who)
        except sqlite3.Error as error:  # a limit that cannot be counted refuses nobody
            _log.warning("rate limits are not counted: %s", type(error).__name__)
            return
        wait_s = max(1, math.ceil(reset_at - time.time()))
        headers = {"Retry-After": str(wait_s)}
        raise ProblemError("rate_limited", detail, headers=headers)


def network_of(address: str) -> str:
    """Who asks: an IPv4 address; of IPv6 the network, for one line has all of it.

    >>> network_of("2001:db8:1:2:3:4:5:6"), network_of("192.0.2.7"), network_of("l1")
    ('2001:db8:1:2::/64', '192.0.2.7', 'l1')
    """
    if ":" not in address:
        return address
    try:
        return str(IPv6Network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


def key_of(request: Request, scope: Scope) -> ApiKey:
    """The API key of a request, counted among what it may send.

    Raises:
        ProblemError: there is none, it is not valid or lacks the scope, or it has sent
            too many requests.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        detail = "send `Authorization: Bearer <key>`; see `forbear keys create`"
        raise ProblemError("missing_key", detail)
    key = holder_of(request.app.state, secret)
    if not key.may(scope):
        detail = f"this key has the scope {key.scope!r}, {scope!r} is needed"
        raise ProblemError("scope_missing", detail)
    limits: RateLimits = request.app.state.rate_limits
    limits.require_room(key)
    return key


def holder_of(state: State, secret: str) -> ApiKey:
    """Whose API key or token this is. Raises ProblemError where it is nobody's."""
    if state.tokens is not None and not secret.startswith(KEY_PREFIX):
        token: ApiKey = state.tokens.verify(secret)
        return token
    keys: KeyStore = state.keys
    key = keys.verify(secret)
    if key is None:
        detail = "unknown, expired or revoked; see `forbear keys`"
        raise ProblemError("invalid_key", detail)
    return key


def key_with(scope: Scope) -> Callable[..., Awaitable[ApiKey]]:
    """A dependency that lets only keys with `scope` pass."""

    async def checked(
        request: Request, _: Annotated[object, Depends(_declared)]
    ) -> ApiKey:
        return key_of(request, scope)

    return checked


def require_reach(key: ApiKey, customer_id: str) -> None:
    """Raises ProblemError where the key is for other customers."""
    if not key.may_name(customer_id):
        detail = f"this key is for customers whose id begins with {key.customers!r}"
        raise ProblemError("customer_out_of_reach", detail)


def note_access(request: Request, key: ApiKey, subject: str) -> None:
    """Write down who did or read what, before it is answered."""
    log: AccessLog = request.app.state.access_log
    route = getattr(request.scope.get("route"), "path_format", "")
    log.add(key.key_id, f"{request.method} {route}", subject)


def note_access_to(request: Request, key: ApiKey, customer_id: str) -> None:
    """As `note_access`, of what is named by the customer; empty: of all."""
    note_access(request, key, customer_hash(customer_id) if customer_id else "")


ScoringKey = Annotated[ApiKey, Depends(key_with("score"))]
EventsKey = Annotated[ApiKey, Depends(key_with("events"))]
ReadingKey = Annotated[ApiKey, Depends(key_with("read"))]
ReviewKey = Annotated[ApiKey, Depends(key_with("review"))]
AuditKey = Annotated[ApiKey, Depends(key_with("audit"))]
AdminKey = Annotated[ApiKey, Depends(key_with("admin"))]
