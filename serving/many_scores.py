"""Scores of many customers: each is answered, or said why not, on its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.datastructures import State

from serving.answer import ScoreAnswer
from serving.answering import Submission
from serving.champions import InForce
from serving.errors import KINDS, ProblemError, own_code, problem_body
from serving.guard import log_without_values, surviving
from serving.language import Language
from serving.metrics import Metrics
from serving.openapi import MOST_REQUESTS, Problem
from serving.request import Moment
from serving.score_one import score_one
from serving.turnstile import overloaded
from store.events import EventReader
from store.keys import ApiKey

# one is computed while the other is recorded; whoever asks singly waits for one at most
_AT_ONCE = 2
_MOST_AT_WORK = 4  # batches and portfolios, in each process
_ITEM = b'{"customer_id":%s,"status":%d,"%s":%s}'
_PAGE = 500  # customers listed at a time


class ScoredItem(BaseModel):
    """One answer of many: a decision, or the problem a single request would get."""

    model_config = ConfigDict(defer_build=True)  # only the OpenAPI document reads it

    customer_id: str | None = Field(description="null where the request names none")
    status: int = Field(description="as of a single request: 200 with a decision")
    decision: ScoreAnswer | None = None
    problem: Problem | None = None


class BatchRequest(BaseModel):
    """Bodies of POST /v1/score; what is wrong with one of them concerns that one."""

    model_config = ConfigDict(extra="forbid")

    requests: list[Any] = Field(min_length=1, max_length=MOST_REQUESTS)


class BatchAnswer(BaseModel):
    """In the order of the requests."""

    model_config = ConfigDict(defer_build=True)

    answers: list[ScoredItem]


class PortfolioRequest(BaseModel):
    """All customers of whom events are stored."""

    model_config = ConfigDict(extra="forbid")

    as_of: Moment | None = Field(
        default=None, description="for all of them; absent: now, when it begins"
    )
    language: Language | None = None
    after: str = Field(
        default="",
        max_length=200,
        description="begin behind this customer: where a stream broke off",
    )


class PortfolioEnd(BaseModel):
    """The last line of a complete stream; without it the stream broke off."""

    end: bool
    n_customers: int
    n_problems: int
    n_repeated: int = Field(
        description="decisions that were made before under the same Idempotency-Key"
    )


class BatchTurnstile:
    """How much of the service many scores may take; used inside one event loop."""

    def __init__(self) -> None:
        self._at_work = asyncio.Semaphore(_MOST_AT_WORK)
        self.item = asyncio.Semaphore(_AT_ONCE)

    def whole(self) -> asyncio.Semaphore:
        """While a batch or a portfolio is scored.

        Raises:
            ProblemError: as many as can be are at work already.
        """
        if self._at_work.locked():
            raise overloaded()
        return self._at_work


@dataclass(frozen=True, slots=True)
class _Item:
    """A `ScoredItem` as JSON; the decision in it is byte for byte as recorded."""

    body: bytes
    is_problem: bool = False
    is_repeated: bool = False  # the decision was made before


@dataclass(frozen=True, slots=True)
class ManyScores:
    """What a batch or a portfolio needs to be scored, customer by customer.

    Args:
        state: of the app.
        in_force: what decides, for all of them.
        key: the API key that asks; a portfolio is of the customers it may name.
        idempotency_key: of the whole; each item has one of its own made from it.
        accept_language: the header.
    """

    state: State
    in_force: InForce
    key: ApiKey
    idempotency_key: str | None
    accept_language: str | None

    async def batch(self, requests: Sequence[object]) -> tuple[bytes, bool]:
        """The answers to score requests, as the body of a `BatchAnswer`.

        And whether it is a repetition: it has decisions, and all were made before.
        """
        turns: BatchTurnstile = self.state.many_turns
        async with turns.whole():
            items = await asyncio.gather(
                *(self._item(str(n), request) for n, request in enumerate(requests))
            )
        body = b'{"answers":[%s]}' % b",".join(item.body for item in items)
        repeated = [item.is_repeated for item in items if not item.is_problem]
        return body, bool(repeated) and all(repeated)

    async def portfolio(
        self, request: PortfolioRequest, as_of: datetime
    ) -> AsyncIterator[bytes]:
        """A line for each customer, in the order of their ids, and the end."""
        events: EventReader = self.state.events
        turns: BatchTurnstile = self.state.many_turns
        n_customers = n_problems = n_repeated = 0
        after = request.after
        question = {"as_of": as_of.isoformat()}
        if request.language is not None:
            question["language"] = request.language
        async with turns.whole():
            while names := events.customer_ids(after, _PAGE):
                for name in filter(self.key.may_name, names):
                    item = await self._item(name, {"customer_id": name, **question})
                    n_customers += 1
                    n_problems += item.is_problem
                    n_repeated += item.is_repeated
                    yield item.body + b"\n"
                after = names[-1]
        end = PortfolioEnd(
            end=True,
            n_customers=n_customers,
            n_problems=n_problems,
            n_repeated=n_repeated,
        )
        yield end.model_dump_json().encode() + b"\n"

    async def _item(self, name: str, request: object) -> _Item:
        key = self.idempotency_key
        submission = Submission(
            to_json(request), self.key, None if key is None else f"{key}/{name}"
        )
        customer_id = request.get("customer_id") if isinstance(request, dict) else None
        named = to_json(customer_id if isinstance(customer_id, str) else None)
        turns: BatchTurnstile = self.state.many_turns
        problems: list[Exception] = []
        # the answer has begun, and the others are told theirs whatever is wrong here
        with surviving(problems.append):
            async with turns.item:
                recorded = await score_one(
                    self.state,
                    submission,
                    self.in_force,
                    self.accept_language,
                    nullcontext(),
                )
            parts = named, HTTPStatus.OK, b"decision", recorded.decision.answer
            return _Item(_ITEM % parts, is_repeated=not recorded.is_new)
        problem = _problem(problems[0])
        metrics: Metrics = self.state.metrics
        metrics.count_item_problem(problem.code)
        body = problem_body(problem)
        parts = named, int(body["status"]), b"problem", to_json(body)
        return _Item(_ITEM % parts, is_problem=True)


def _problem(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    code = own_code(error)
    if code is not None and code in KINDS:
        return ProblemError(code, str(error))
    log_without_values(error)
    return ProblemError("internal_error", "the failure is in the log")
