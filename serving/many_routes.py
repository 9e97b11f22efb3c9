"""The addresses that score many customers with one request."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from serving.access import ScoringKey
from serving.errors import ProblemError
from serving.incoming import JSON, idempotency_key_of, in_force_of, read_model
from serving.many_scores import (
    BatchAnswer,
    BatchRequest,
    ManyScores,
    PortfolioEnd,
    PortfolioRequest,
)
from serving.openapi import (
    ACCEPT_LANGUAGE,
    BATCH_SCHEMA,
    CONTENT_ENCODING,
    IDEMPOTENCY_KEY,
    json_body,
    problems,
)
from serving.settings import ServingSettings
from store.keys import ApiKey

router = APIRouter()
NDJSON = "application/x-ndjson"


@router.post(
    "/v1/score/batch",
    response_model=BatchAnswer,
    responses=problems(401, 403, 413, 415, 422, 500, 503),
    openapi_extra=json_body(
        BATCH_SCHEMA, IDEMPOTENCY_KEY, ACCEPT_LANGUAGE, CONTENT_ENCODING
    ),
    tags=["decisions"],
)
async def score_batch(request: Request, key: ScoringKey) -> Response:
    """Score up to 1,000 customers; each is answered, or said why not, on its own.

    Every request in the batch is one of POST /v1/score. With an `Idempotency-Key` the
    same batch sent again gets the decisions that were made, and makes those that were
    not.
    """
    _, content = await read_model(request, BatchRequest)
    answers, is_repeated = await _many(request, key).batch(content.requests)
    headers = {"Idempotent-Replay": "true"} if is_repeated else None
    return Response(answers, headers=headers, media_type=JSON)


@router.post(
    "/v1/score/portfolio",
    responses=problems(401, 403, 413, 415, 422, 500, 503)
    | {
        200: {
            "description": "a line for each customer, then the line that ends it",
            "content": {
                NDJSON: {
                    "schema": {
                        "anyOf": [
                            {"$ref": "#/components/schemas/ScoredItem"},
                            PortfolioEnd.model_json_schema(),
                        ]
                    }
                }
            },
        }
    },
    response_class=StreamingResponse,
    openapi_extra=json_body(
        PortfolioRequest.model_json_schema(), IDEMPOTENCY_KEY, ACCEPT_LANGUAGE
    ),
    tags=["decisions"],
)
async def score_portfolio(request: Request, key: ScoringKey) -> Response:
    """Score all customers of whom events are stored, in the order of their ids.

    Answered line by line while it goes on. The last line says `end`: a stream without
    it broke off, and goes on with `after`, the id of the last customer in it.
    """
    settings: ServingSettings = request.app.state.settings
    _, content = await read_model(request, PortfolioRequest)
    now = datetime.now(UTC)
    if content.as_of is None and idempotency_key_of(request) is not None:
        detail = "with an Idempotency-Key say as_of: sent again it is the same question"
        missing = [{"pointer": "/as_of", "rule": "missing"}]
        raise ProblemError("invalid_request", detail, errors=missing)
    as_of = content.as_of or now
    if as_of > now + timedelta(seconds=settings.clock_skew_s):
        detail = f"as_of is ahead of this service's clock ({now.isoformat()})"
        raise ProblemError("as_of_in_future", detail)
    many = _many(request, key)
    request.app.state.many_turns.whole()  # refused here it still is a problem
    lines = many.portfolio(content, as_of)
    return StreamingResponse(lines, media_type=NDJSON)


def _many(request: Request, key: ApiKey) -> ManyScores:
    return ManyScores(
        request.app.state,
        in_force_of(request),
        key,
        idempotency_key_of(request),
        request.headers.get("accept-language"),
    )
