"""Acts as the pages show them: who agreed, and whether a run would still do them."""

import json
from collections.abc import Iterable
from typing import NamedTuple

from fastapi import Request

from execution.recheck import verdict_of
from serving.desk.visitor import records_of
from store.act import Act
from store.acts import Acts
from store.database import Database
from store.requests import Requests, RequestState
from store.sql_decision_reader import SqlDecisionReader


class ShownAct(NamedTuple):
    """An act, who agreed to it, and the teams that may.

    Args:
        request: how far it is, where the act opened a service request.
        why_not: code of why it would be withdrawn, by the customer's latest decision;
            None: it rests on that, too.
    """

    act: Act
    approved_by: list[str]
    teams: list[str]
    request: RequestState | None
    why_not: str | None


async def acts_shown(
    request: Request,
    decision_id: str | None,
    customer_id: str | None = None,
) -> list[ShownAct]:
    """The acts of a decision; before them all of a customer that wait for people."""

    def look(database: Database) -> list[ShownAct]:
        acts, decisions = Acts(database), SqlDecisionReader(database)
        listed = [] if customer_id is None else acts.waiting_of(customer_id)
        if decision_id is not None:
            before = {act.act_id for act in listed}
            of_it = acts.of_decision(decision_id)
            listed += [act for act in of_it if act.act_id not in before]
        requests = Requests(database, acts)
        teams = {
            one: json.loads(decisions.find(one).answer)["people"]["approver_roles"]
            for one in {act.decision_id for act in listed}
        }
        why_not = reasons_to_withdraw(database, listed)
        return [
            ShownAct(
                act,
                acts.approved_by(act.act_id),
                teams[act.decision_id],
                _state_of(requests, act),
                why_not.get(act.act_id),
            )
            for act in listed
        ]

    return await records_of(request).ask(look)


def reasons_to_withdraw(database: Database, acts: Iterable[Act]) -> dict[str, str]:
    """Codes of why a run would withdraw acts, by id; of the others nothing.

    By the latest decision about each customer, as a run would see it. What a person
    ordered is not checked again. One query, however many customers.
    """
    checked = [act for act in acts if act.state == "planned" and not act.ordered_by]
    customers = {act.customer_id for act in checked}
    latest = SqlDecisionReader(database).latest_of(customers)
    found = {}
    for act in checked:
        decision = latest.get(act.customer_id)
        if decision is None or decision.decision_id == act.decision_id:
            continue
        code = verdict_of(act, json.loads(decision.answer)).code
        if code is not None:
            found[act.act_id] = code
    return found


def _state_of(requests: Requests, act: Act) -> RequestState | None:
    """How far a service request is; None: the act opened none."""
    is_open = act.kind == "open_request" and act.state == "done"
    return requests.find(act.act_id).state if is_open else None
