"""The service as an object."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any, Literal, Self, cast
from urllib.parse import quote
from uuid import uuid4

import httpx

from forbear_client.answers import (
    BatchAnswer,
    DecisionList,
    DecisionSummary,
    ErasedCustomer,
    EventsAnswer,
    Explanation,
    ScoreAnswer,
    ScoredItem,
    Timeline,
    TimelineEntry,
)
from forbear_client.portfolio import lines_of_all
from forbear_client.transport import Transport

Row = Mapping[str, Any]
Events = Mapping[str, Sequence[Row]]  # rows by table
Moment = datetime | str
Language = Literal["en", "de", "fr", "pt-BR"]
Action = Literal["none", "remind", "review", "service_request", "suspend", "block"]
Outcome = Literal[
    "fraud", "fraud_cleared", "account_takeover", "nonpayment", "written_off"
]


class Client(AbstractContextManager["Client"]):
    """Asks one service with one key. Not to be shared by threads that close it.

    Args:
        url: of the service, such as `https://forbear.example.org`.
        key: `fb_…`; what it may do is its scope.
        timeout_s: seconds to wait for one try.
        tries: of each request, the first one included; of a portfolio, without a new
            line between them.
        transport: of httpx, for proxies and tests.

    Every method raises `RefusedError` where the service refuses and `UnavailableError`
    where it does not answer: then do nothing harsh, and ask again later.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_s: float = 10.0,
        tries: int = 4,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=timeout_s, transport=transport
        )
        self._transport = Transport(self._http, tries)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def send(
        self,
        events: Events,
        *,
        customer_id: str | None = None,
        observed: Mapping[str, Moment] | None = None,
        idempotency_key: str | None = None,
    ) -> EventsAnswer:
        """Keep rows; look at `rejected` and `errors` of the answer.

        Args:
            events: rows by table, at most 10,000 in all.
            customer_id: whose they are, where they do not say so.
            observed: tables that are complete with these rows, and up to when.
            idempotency_key: default: a new one, kept over the tries of this call.
        """
        content = _stated(events=events, customer_id=customer_id, observed=observed)
        answer = self._post("/v1/events", content, idempotency_key)
        return cast("EventsAnswer", answer)

    def score(
        self,
        customer_id: str,
        *,
        events: Events | None = None,
        as_of: Moment | None = None,
        observed_until: Moment | Mapping[str, Moment] | None = None,
        counterfactuals: bool = False,
        explain: Literal["action", "always"] | None = None,
        language: Language | None = None,
        idempotency_key: str | None = None,
    ) -> ScoreAnswer:
        """One recorded decision, from `events` or from what was sent before.

        Args:
            customer_id: who is asked about.
            events: all there is to know, by table; None: what `send` sent before.
            as_of: the moment to score for; None: now.
            observed_until: how far `events` observe, or a map by table.
            counterfactuals: also say what would change the action.
            explain: `always`: give reasons even where nothing is recommended.
            language: of the sentences.
            idempotency_key: default: a new one, kept over the tries of this call.
        """
        content = _stated(
            customer_id=customer_id,
            events=events,
            as_of=as_of,
            observed_until=observed_until,
            counterfactuals=counterfactuals or None,
            explain=explain,
            language=language,
        )
        answer = self._post("/v1/score", content, idempotency_key)
        return cast("ScoreAnswer", answer)

    def score_batch(
        self, requests: Sequence[Mapping[str, Any]], idempotency_key: str | None = None
    ) -> list[ScoredItem]:
        """Up to 1,000 requests as `POST /v1/score` takes them, each answered alone."""
        content = {"requests": [_stated(**request) for request in requests]}
        answer = self._post("/v1/score/batch", content, idempotency_key)
        return cast("BatchAnswer", answer)["answers"]

    def score_portfolio(
        self,
        *,
        as_of: Moment | None = None,
        after: str = "",
        language: Language | None = None,
        idempotency_key: str | None = None,
    ) -> Iterator[ScoredItem]:
        """Every customer of whom events are stored, in the order of their ids.

        A stream that breaks off is taken up again behind the last customer that came,
        for the same moment and under the same key: nobody is decided about twice.

        Args:
            as_of: the moment to score for; None: now.
            after: the customer behind whom it begins.
            language: of the sentences.
            idempotency_key: default: a new one; one of your own needs `as_of`.
        """
        moment = as_of or datetime.now(UTC)
        lines = lines_of_all(
            self._transport,
            _stated(as_of=moment, language=language),
            after,
            idempotency_key or str(uuid4()),
        )
        for line in lines:
            yield cast("ScoredItem", line)

    def decision(self, decision_id: str) -> ScoreAnswer:
        """A recorded decision, as it was answered."""
        answer = self._get(f"/v1/decisions/{quote(decision_id, safe='')}")
        return cast("ScoreAnswer", answer)

    def reasons(self, decision_id: str) -> Explanation:
        """Why it was decided so, also where the answer was given without reasons."""
        answer = self._get(f"/v1/decisions/{quote(decision_id, safe='')}/reasons")
        return cast("Explanation", answer)

    def decisions(self, customer_id: str | None = None) -> Iterator[DecisionSummary]:
        """Decisions of one customer or of all, the latest first."""
        query = {} if customer_id is None else {"customer_id": customer_id}
        for page in self._pages("/v1/decisions", query):
            yield from cast("DecisionList", page)["decisions"]

    def timeline(self, customer_id: str) -> Iterator[TimelineEntry]:
        """What was sent about a customer and what was decided, the latest first."""
        for page in self._pages(f"{_customer(customer_id)}/timeline", {}):
            yield from cast("Timeline", page)["entries"]

    def override(
        self,
        customer_id: str,
        action: Action,
        *,
        reason: str,
        until: Moment | date,
        decision_id: str | None = None,
        subscription_id: str | None = None,
        event_at: Moment | None = None,
    ) -> EventsAnswer:
        """Keep what a person decided instead; who, is the name of the key."""
        content = _stated(
            customer_id=customer_id,
            action=action,
            reason=reason,
            until=until,
            decision_id=decision_id,
            subscription_id=subscription_id,
            event_at=event_at,
        )
        return cast("EventsAnswer", self._post("/v1/overrides", content))

    def outcome(
        self,
        customer_id: str,
        kind: Outcome,
        *,
        strength: str | None = None,
        event_at: Moment | None = None,
    ) -> EventsAnswer:
        """Keep what turned out; whose word it is, is the name of the key."""
        content = _stated(
            customer_id=customer_id, kind=kind, strength=strength, event_at=event_at
        )
        return cast("EventsAnswer", self._post("/v1/outcomes", content))

    def dismiss(self, customer_id: str, reject_ids: Sequence[str]) -> EventsAnswer:
        """Rejected rows that a person has looked at count no more."""
        path = f"{_customer(customer_id)}/dismissals"
        answer = self._post(path, {"reject_ids": list(reject_ids)})
        return cast("EventsAnswer", answer)

    def erase(self, customer_id: str) -> ErasedCustomer:
        """Destroy what is kept of a customer; refused while something goes on."""
        answer = self._transport.ask("DELETE", _customer(customer_id))
        return cast("ErasedCustomer", answer)

    def _get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:  # noqa: ANN401 - JSON
        return self._transport.ask("GET", path, query=query)

    def _post(
        self, path: str, content: Mapping[str, Any], idempotency_key: str | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        return self._transport.ask(
            "POST", path, content=content, idempotency_key=idempotency_key
        )

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[Any]:
        before: str | None = None
        while True:
            cursor = {} if before is None else {"before": before}
            page = self._get(path, {**query, **cursor, "limit": 500})
            yield page
            before = page["next"]
            if before is None:
                return


def _customer(customer_id: str) -> str:
    return f"/v1/customers/{quote(customer_id, safe='')}"


def _stated(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """What is said, in JSON; moments with their offset."""
    return {name: _plain(value) for name, value in fields.items() if value is not None}


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"a moment needs its offset from UTC: {value!r}")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(cell) for name, cell in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value
