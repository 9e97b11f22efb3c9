"""Who is signed in: a session that a key or a token began, and that ends with it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Annotated

from fastapi import Depends, Request

from features.moments import microseconds
from serving.access import holder_of, note_access, require_reach
from serving.desk.form import Form, csrf_of, read_form
from serving.desk.records import DeskRecords
from serving.desk.roles import ABOUT_EVERYBODY, MAY, Deed
from serving.errors import ProblemError
from store.database import Database
from store.decisions import Decision
from store.errors import UnknownDecisionError
from store.keys import KEY_PREFIX, ApiKey, KeyStore, Role, secret_hash
from store.sessions import Sessions
from store.sql_decision_reader import SqlDecisionReader

COOKIE = "forbear_desk"
_FIELDS = frozenset(field.name for field in fields(ApiKey))
_TOKEN_BYTES = 32


class SignInNeededError(Exception):
    """Nobody is signed in; the browser is led to the page where one signs in."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page.

    Args:
        key: the API key, or what a token said; its name is the author of every act.
        role: says what this person may do here.
        token: of the session.
    """

    key: ApiKey
    role: Role
    token: str

    @property
    def csrf(self) -> str:
        """What forms on this person's pages bear."""
        return csrf_of(self.token)

    @property
    def is_for_everybody(self) -> bool:
        """Whether the key is for every customer, and not for those of one range."""
        return not self.key.customers

    def may(self, deed: Deed) -> bool:
        """Whether the role does this, and the key what concerns all customers."""
        is_in_reach = self.is_for_everybody or deed not in ABOUT_EVERYBODY
        return deed in MAY[self.role] and is_in_reach

    def require(self, deed: Deed) -> None:
        """Raises ProblemError where the role or the key may not do this."""
        if deed not in MAY[self.role]:
            detail = f"the role {self.role!r} may not do this; see docs/desk.md"
            raise ProblemError("role_may_not", detail)
        if not self.may(deed):
            self.require_everybody()

    def require_everybody(self) -> None:
        """Raises ProblemError where the key is for some customers only."""
        if not self.is_for_everybody:
            begin = self.key.customers
            detail = f"it concerns all customers, this key those of {begin!r} only"
            raise ProblemError("customer_out_of_reach", detail)

    def require_reach(self, customer_id: str) -> None:
        """Raises ProblemError where the key is for other customers."""
        require_reach(self.key, customer_id)


def new_token() -> str:
    """256 random bits."""
    return token_urlsafe(_TOKEN_BYTES)


def records_of(request: Request) -> DeskRecords:
    """What the desk keeps."""
    records: DeskRecords = request.app.state.desk
    return records


async def begin_session(request: Request, secret: str) -> str:
    """Sign somebody in with a key or a token; the session's token.

    Raises:
        ProblemError: it is nobody's, has no role, or is a test key.
    """
    key = holder_of(request.app.state, secret)
    if key.is_test:
        detail = "decisions of test keys are recorded apart and not shown here"
        raise ProblemError("test_key", detail)
    if key.role is None:
        detail = "it has no role: make one with `forbear keys create --role`"
        raise ProblemError("role_missing", detail)
    now = datetime.now(UTC)
    ends_at = now + timedelta(hours=request.app.state.settings.desk_session_hours)
    if key.expires_at is not None:
        ends_at = min(ends_at, datetime.fromisoformat(key.expires_at))
    is_kept = secret.startswith(KEY_PREFIX)
    holder: dict[str, object] = {"token": _plain(key)}
    if is_kept:
        holder = {"key_id": key.key_id, "secret_sha256": secret_hash(secret).hex()}
    token = new_token()

    def begin(database: Database) -> None:
        Sessions(database).begin(
            token, json.dumps(holder), microseconds(now), microseconds(ends_at)
        )

    await records_of(request).ask(begin)
    note_access(request, key, "")
    return token


async def end_session(request: Request) -> None:
    """Whoever is signed in is so no more."""
    token = request.cookies.get(COOKIE, "")
    await records_of(request).ask(lambda database: Sessions(database).end(token))


async def visitor_of(request: Request) -> Visitor:
    """Who is signed in.

    Raises:
        SignInNeededError: nobody, or the key was revoked meanwhile.
    """
    token = request.cookies.get(COOKIE)
    if not token:
        raise SignInNeededError
    now = datetime.now(UTC)
    holder = records_of(request).look(
        lambda database: Sessions(database).find(token, microseconds(now))
    )
    if holder is None:
        raise SignInNeededError
    key = _key(request, holder)
    if key is None or key.role is None or not key.is_active(now):
        raise SignInNeededError
    return Visitor(key, key.role, token)


async def decision_for(
    request: Request, visitor: Visitor, decision_id: str
) -> Decision:
    """A decision that this person may read, asked in a thread; it is written down.

    Raises:
        UnknownDecisionError: there is none, or none about customers of this key.
    """
    decision = await records_of(request).ask(
        lambda database: SqlDecisionReader(database).find(decision_id)
    )
    if not visitor.key.may_name(decision.customer_id):
        raise UnknownDecisionError(decision_id)
    note_access(request, visitor.key, decision_id)
    return decision


def visitor_who_may(deed: Deed) -> Callable[..., Awaitable[Visitor]]:
    """A dependency that lets only roles pass that may do this."""

    async def checked(
        visitor: Annotated[Visitor, Depends(visitor_of)],
    ) -> Visitor:
        visitor.require(deed)
        return visitor

    return checked


async def form_of(request: Request, visitor: Visitor) -> Form:
    """The fields of a form of this person's page. Raises ProblemError."""
    return await read_form(request, visitor.token)


LookingVisitor = Annotated[Visitor, Depends(visitor_who_may("look"))]


def _plain(key: ApiKey) -> dict[str, object]:
    return {name: value for name, value in asdict(key).items() if name in _FIELDS}


def _key(request: Request, holder: str) -> ApiKey | None:
    """A key as it is now; a token as it was, for its issuer keeps no list.

    None also where the secret that signed in was replaced and is good no more.
    """
    content = json.loads(holder)
    if "token" in content:
        return ApiKey(**content["token"])
    keys: KeyStore = request.app.state.keys
    digest = bytes.fromhex(content.get("secret_sha256", ""))
    return keys.known(content["key_id"], digest)
