"""Changes of the policy as the desk's pages find them."""

from fastapi import Depends, Request

from serving.desk.page import HOME
from serving.desk.visitor import records_of, visitor_who_may
from serving.errors import ProblemError
from store.database import Database
from store.policy_changes import PolicyChange, PolicyChanges

POLICY = f"{HOME}/policy"
ChangingVisitor = Depends(visitor_who_may("change_policy"))


async def change_of(request: Request, change_id: str) -> PolicyChange:
    """A change by its id. Raises ProblemError where there is none."""

    def find(database: Database) -> PolicyChange | None:
        return PolicyChanges(database).find(change_id)

    change = await records_of(request).ask(find)
    if change is None:
        raise ProblemError("not_found", "there is no such change of the policy")
    return change
