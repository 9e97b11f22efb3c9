"""From what went wrong to RFC 9457 problem+json: the one place that knows status codes.

A problem's `code` is part of the API and never changes its meaning; `title` and
`detail` are for people and may.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response

from advice.errors import AdviceError
from decisions.errors import DecisionError
from features.errors import PortfolioError
from features.feature_set import FeatureSetError
from scoring.errors import ScoringError
from serving.form_words import pointer, what_to_write
from store.errors import DecisionStoreError, StoreUnavailableError


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """`retry_after_s`: seconds after which the same request may succeed."""

    status: int
    title: str
    retry_after_s: int | None = None


KINDS: Mapping[str, ProblemKind] = {
    "malformed_http": ProblemKind(400, "The request is not valid HTTP"),
    "missing_key": ProblemKind(401, "An API key is required"),
    "invalid_key": ProblemKind(401, "The API key is not valid"),
    "invalid_token": ProblemKind(401, "The bearer token is not valid"),
    "scope_missing": ProblemKind(403, "The API key may not do this"),
    "customer_out_of_reach": ProblemKind(403, "The API key is for other customers"),
    "role_missing": ProblemKind(403, "The API key has no role at the desk"),
    "role_may_not": ProblemKind(403, "This role may not do this"),
    "form_expired": ProblemKind(403, "The form is of an older page"),
    "test_key": ProblemKind(403, "A test key may not do this"),
    "not_found": ProblemKind(404, "There is nothing at this address"),
    "unknown_decision": ProblemKind(404, "No such decision"),
    "unknown_act": ProblemKind(404, "No such act"),
    "unknown_customer": ProblemKind(404, "No event of this customer is stored"),
    "method_not_allowed": ProblemKind(405, "This address does not take this method"),
    "request_timeout": ProblemKind(408, "The request did not come in time"),
    "body_too_large": ProblemKind(413, "The body is too large"),
    "unsupported_media_type": ProblemKind(415, "The type or encoding is not supported"),
    "malformed_encoding": ProblemKind(422, "The body is not packed as it says"),
    "too_many_rows": ProblemKind(422, "There are too many rows"),
    "malformed_json": ProblemKind(422, "The body is not valid JSON"),
    "invalid_request": ProblemKind(422, "The request does not have the right form"),
    "invalid_rows": ProblemKind(422, "Some rows break the contract"),
    "as_of_in_future": ProblemKind(422, "as_of lies in the future"),
    "idempotency_key_invalid": ProblemKind(422, "The Idempotency-Key is not usable"),
    "idempotency_key_reused": ProblemKind(409, "The Idempotency-Key was used before"),
    "act_was_planned": ProblemKind(409, "The act was planned before"),
    "act_is_over": ProblemKind(409, "The act is over"),
    "appeal_is_over": ProblemKind(409, "The appeal was decided"),
    "change_was_submitted": ProblemKind(409, "The change was submitted before"),
    "policy_moved": ProblemKind(409, "Another policy came into force"),
    "alarm_is_over": ProblemKind(409, "The alarm was released"),
    "change_is_over": ProblemKind(409, "The change was decided about"),
    "hold_is_over": ProblemKind(409, "The hold does not stand any more"),
    "not_in_team": ProblemKind(403, "The policy names others for this"),
    "other_release": ProblemKind(409, "Another release decided"),
    "replay_differs": ProblemKind(409, "The decision is not computed again alike"),
    "bundle_gone": ProblemKind(410, "A model that decided is gone"),
    "events_gone": ProblemKind(410, "Events it was decided on are gone"),
    "rate_limited": ProblemKind(429, "The API key has sent too many requests"),
    "headers_too_large": ProblemKind(431, "The headers are too large"),
    "erasure_refused": ProblemKind(409, "The customer cannot be erased yet"),
    "decision_altered": ProblemKind(500, "The record is not as it was sealed"),
    "overloaded": ProblemKind(503, "The service has too much to do", 1),
    "too_many_connections": ProblemKind(503, "Too many connections are open", 1),
    "champion_gone": ProblemKind(503, "The model that was in force is gone", 60),
    "not_ready": ProblemKind(503, "The service is not ready", 5),
    "stopping": ProblemKind(503, "The service stops", 1),
    "token_keys_unavailable": ProblemKind(
        503, "The keys that tokens are checked with are not there yet", 1
    ),
    "decision_store_unavailable": ProblemKind(503, "Decisions cannot be recorded", 5),
    "decision_store_replaced": ProblemKind(
        503, "The store of decisions was replaced", 5
    ),
    "people_file": ProblemKind(500, "The file of people cannot be used"),
    "internal_error": ProblemKind(500, "Something broke on our side"),
}
OURS = (
    PortfolioError,
    FeatureSetError,
    ScoringError,
    DecisionError,
    AdviceError,
    DecisionStoreError,
)
_BY_STATUS = {404: "not_found", 405: "method_not_allowed"}
MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 100  # listed in one answer
_SAID_EVERY_S = 60.0  # in which a store that fails stands in the log once
_log = logging.getLogger("forbear.serving")


class ProblemError(Exception):
    """An expected failure of one request, told to the caller.

    An entry of `errors` that says nothing of its own has `detail` as its `message`.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
        self.errors = [{**one, "message": one.get("message", detail)} for one in errors]
        self.headers = headers


def own_code(error: Exception) -> str | None:
    """The stable code of an error of ours; libraries have codes of their own."""
    return str(error.code) if isinstance(error, OURS) else None


def problem_body(problem: ProblemError) -> dict[str, Any]:
    """What a caller is told of a failure."""
    kind = KINDS[problem.code]
    body: dict[str, Any] = {
        "type": f"urn:forbear:problem:{problem.code}",
        "title": kind.title,
        "status": kind.status,
        "code": problem.code,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = problem.errors
    return body


def problem_response(problem: ProblemError) -> Response:
    """The one presenter of failures."""
    kind, body = KINDS[problem.code], problem_body(problem)
    headers = dict(problem.headers or {})
    if kind.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="forbear"'
    if kind.retry_after_s is not None:
        headers.setdefault("Retry-After", str(kind.retry_after_s))
    return JSONResponse(body, kind.status, headers, MEDIA_TYPE)


async def present_problem(_: Request, error: Exception) -> Response:
    """For a ProblemError raised in a route."""
    assert isinstance(error, ProblemError)  # noqa: S101 - narrowed by the registration
    return problem_response(error)


async def present_invalid(_: Request, error: Exception) -> Response:
    """For parameters FastAPI itself refuses."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    return problem_response(form_problem(error))


def form_problem(error: ValidationError | RequestValidationError) -> ProblemError:
    """What pydantic found wrong, by its places and without its values."""
    listed = [
        {
            "pointer": pointer(one["loc"]),
            "rule": one["type"],
            "message": what_to_write(one["type"], one["msg"], one.get("ctx", {})),
        }
        for one in error.errors()[:MOST_ERRORS]
    ]
    detail = "see `errors`; the form is described at /docs"
    return ProblemError("invalid_request", detail, errors=listed)


async def present_domain_error(request: Request, error: Exception) -> Response:
    """For an error of a lower room whose `code` is a kind of problem."""
    code = own_code(error)
    if code is None or code not in KINDS:
        raise error
    if isinstance(error, StoreUnavailableError):
        _log_store_failure(request.app.state, error)
    return problem_response(ProblemError(code, str(error)))


def _log_store_failure(state: State, error: StoreUnavailableError) -> None:
    """Who reads the log alone learns as well that nothing is recorded."""
    now = time.monotonic()
    if now - getattr(state, "store_failure_said_at", -_SAID_EVERY_S) >= _SAID_EVERY_S:
        state.store_failure_said_at = now
        _log.warning("%s [%s]", error, error.code)


async def present_http_error(request: Request, error: Exception) -> Response:
    """For what the router itself refuses (unknown address, wrong method)."""
    status: int = getattr(error, "status_code", 500)
    code = _BY_STATUS.get(status, "internal_error")
    headers: Mapping[str, str] = getattr(error, "headers", None) or {}
    here = "see /docs for what is here"
    if "Allow" in headers:
        here = f"this address takes {headers['Allow']}; {here}"
    detail = f"{request.method} {request.url.path}: {here}"
    return problem_response(ProblemError(code, detail, headers=headers))
