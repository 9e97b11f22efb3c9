"""A customer is decided about anew, so that what was just done counts at once."""

import json

from fastapi import Request

from serving.answering import Submission
from serving.desk.visitor import Visitor
from serving.errors import ProblemError
from serving.incoming import in_force_of
from serving.score_one import score_one
from store.errors import DecisionStoreError


async def decide_again(request: Request, visitor: Visitor, customer_id: str) -> None:
    """Score a customer as things stand now.

    Raises:
        ProblemError, DecisionStoreError: it cannot be decided or recorded.
    """
    body = json.dumps({"customer_id": customer_id, "explain": "always"}).encode()
    state = request.app.state
    await score_one(
        state,
        Submission(body, visitor.key, None),
        in_force_of(request),
        request.headers.get("accept-language"),
        state.turnstile.accepted(),
    )


async def counted(
    request: Request, visitor: Visitor, customer_id: str, what: str
) -> str:
    """What is told of something that is kept, whether it was decided again or not.

    Refused with an error it would be sent, and kept, twice.
    """
    try:
        await decide_again(request, visitor, customer_id)
    except (ProblemError, DecisionStoreError):
        return f"{what}_later"
    return what
