"""Our own score service, as whoever carries things out asks it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from execution.errors import (
    CustomerUndecidedError,
    ReportRefusedError,
    ServiceUnusableError,
)
from features.moments import to_datetime
from store.act import Act

TIMEOUT_S = 30.0
_INVALID = httpx.codes.UNPROCESSABLE_ENTITY
# the next customer may have another answer
_OF_ONE = frozenset({"customer_out_of_reach", "invalid_rows", "internal_error"})
# what an act is called among the events, where it is called otherwise
_ACTION_OF = {
    "suspend": "suspend",
    "restore": "reactivate",
    "open_request": "service_request",
}


class Service:
    """Asks for decisions and tells what was done.

    Args:
        client: with the service's address as its base, and a key of scope `score`.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def require_may_report(self) -> None:
        """Before anything is done: that what is done can be told.

        Raises:
            ServiceUnusableError: it cannot be asked, or does not take events of this
                key, as of a test key.
        """
        nothing: dict[str, Any] = {"events": {"actions": []}}
        _content(self._post("/v1/events", nothing, {}))

    def score(self, customer_id: str) -> dict[str, Any] | None:
        """A new decision about what is stored of the customer; None: nothing is.

        Raises:
            CustomerUndecidedError: it answers, and has none about this customer.
            ServiceUnusableError: there is no answer now.
        """
        answer = self._post("/v1/score", {"customer_id": customer_id}, {})
        if answer.status_code == httpx.codes.NOT_FOUND and _is_unknown(answer):
            return None
        if (cause := _code_of(answer)) in _OF_ONE or answer.status_code == _INVALID:
            raise CustomerUndecidedError(cause or f"status {answer.status_code}")
        return _content(answer)

    def report(self, act: Act, by: str, terms: Mapping[str, Any]) -> None:
        """Send the row of `actions` that says what was done; sending twice is once.

        Args:
            act: done.
            by: `automation` or `person`.
            terms: `arm` and `propensity` of the decision.

        Raises:
            ServiceUnusableError: it did not arrive.
            ReportRefusedError: it arrived and breaks a rule.
        """
        assert act.settled_at is not None  # noqa: S101 - it is done
        row = {
            "customer_id": act.customer_id,
            "event_at": to_datetime(act.settled_at).isoformat(),
            "action": _ACTION_OF.get(act.kind, act.kind),
            "reason": act.reason,
            "by": by,
            "decision_id": act.decision_id,
            **terms,
        }
        if act.subscription_id:
            row["subscription_id"] = act.subscription_id
        self.send({"actions": [row]}, f"act-{act.act_id}")

    def send(
        self, rows: Mapping[str, list[dict[str, Any]]], idempotency_key: str
    ) -> None:
        """Send rows by table; sending twice is once.

        Raises:
            ServiceUnusableError: they did not arrive.
            ReportRefusedError: one arrived and breaks a rule.
        """
        headers = {"Idempotency-Key": idempotency_key}
        receipt = _content(self._post("/v1/events", {"events": dict(rows)}, headers))
        if receipt["rejected"]:
            raise ReportRefusedError(receipt["errors"][0]["rule"])

    def vouch(self, table: str, until: datetime) -> None:
        """Say that a table is complete up to `until`, for all customers.

        Raises:
            ServiceUnusableError: it did not arrive.
        """
        sent = {"events": {table: []}, "observed": {table: until.isoformat()}}
        _content(self._post("/v1/events", sent, {}))

    def _post(
        self, path: str, content: Mapping[str, Any], headers: Mapping[str, str]
    ) -> httpx.Response:
        try:
            return self._client.post(path, json=content, headers=dict(headers))
        except httpx.HTTPError as error:
            raise ServiceUnusableError(type(error).__name__) from error


def _is_unknown(answer: httpx.Response) -> bool:
    return _code_of(answer) == "unknown_customer"


def _code_of(answer: httpx.Response) -> str | None:
    """Of our own answer, and not of that of whatever else is at the address."""
    try:
        content = answer.json()
    except ValueError:
        return None
    return content.get("code") if isinstance(content, dict) else None


def _content(answer: httpx.Response) -> dict[str, Any]:
    try:
        content: dict[str, Any] = answer.json()
    except ValueError:
        content = {}
    if answer.status_code != httpx.codes.OK:
        cause = content.get("code", f"status {answer.status_code}")
        raise ServiceUnusableError(str(cause))
    return content
