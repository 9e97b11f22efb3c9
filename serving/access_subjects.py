"""Who looked at one customer: by the hash of the id, and by all that is about it."""

from fastapi import Request

from store.access_log import customer_hash
from store.database import Database
from store.decision_log import DecisionLog, LogFilter

_MOST = 10_000  # decisions, and acts, of one customer: the latest


async def subjects_about(request: Request, customer_id: str) -> frozenset[str]:
    """How the access log names a customer, its decisions and its acts.

    Of one that was erased the hash alone is left.
    """

    def look(database: Database) -> list[str]:
        log, wanted = DecisionLog(database), LogFilter(customer_id)
        decisions = log.decisions(wanted, "", _MOST)
        acts = log.acts(wanted, None, _MOST)
        return [*(one.decision_id for one in decisions), *(a.act_id for _, a in acts)]

    found = await request.app.state.desk.ask(look)
    return frozenset({customer_hash(customer_id), *found})
