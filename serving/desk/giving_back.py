"""Whoever was right gets back what acts of ours took, by a person's order."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from execution.letters.plan import restoration_letters
from execution.undo import plan_undo
from features.moments import microseconds
from serving.desk.addresses import CUSTOMERS, customer_path
from serving.desk.deeds import named_customer
from serving.desk.page import desk_router, redirect
from serving.desk.visitor import Visitor, form_of, records_of, visitor_who_may
from store.acts import Acts
from store.database import Database
from store.letters import Letters
from store.sql_decision_reader import SqlDecisionReader

router = desk_router()


@router.post(f"{CUSTOMERS}/{{code}}/give-back")
async def give_back(
    request: Request,
    code: str,
    visitor: Annotated[Visitor, Depends(visitor_who_may("decide_appeal"))],
) -> Response:
    """Plan what gives back all that unjust runs took, and the letter of it."""
    await form_of(request, visitor)
    customer_id = named_customer(request, visitor, code)
    now = microseconds(datetime.now(UTC))

    def plan(database: Database) -> None:
        acts, letters = Acts(database), Letters(database)
        decisions = SqlDecisionReader(database)
        for run_id in acts.unjust_runs(customer_id):
            undone = plan_undo(acts, run_id, visitor.key.name, now, customer_id)
            back = undone.run.acts
            acts.plan(back, restoration_letters(back, decisions, letters, now))

    await records_of(request).ask(plan)
    return redirect(f"{customer_path(customer_id)}?done=give_back")
