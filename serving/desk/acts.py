"""Acts as the pages show them: who agreed, and whether a run would still do them."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from fastapi import Request

from execution.recheck import verdict_of
from serving.desk.visitor import Visitor, records_of
from serving.records import RecordsOfKeys
from store.act import Act
from store.acts import Acts
from store.database import Database
from store.decisions import DecisionStore
from store.requests import Requests, RequestState

_MOST_DECISIONS = 2_000  # of a customer, among which the latest is looked for


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
    visitor: Visitor,
    decision_id: str | None,
    customer_id: str | None = None,
) -> list[ShownAct]:
    """The acts of a decision; before them all of a customer that wait for people."""

    def look(
        database: Database,
    ) -> list[tuple[Act, list[str], RequestState | None]]:
        """What the desk's own tables say of each."""
        acts = Acts(database)
        listed = [] if customer_id is None else acts.waiting_of(customer_id)
        if decision_id is not None:
            before = {act.act_id for act in listed}
            of_it = acts.of_decision(decision_id)
            listed += [act for act in of_it if act.act_id not in before]
        requests = Requests(database, acts)
        return [
            (act, acts.approved_by(act.act_id), _state_of(requests, act))
            for act in listed
        ]

    found = await records_of(request).ask(look)
    records: RecordsOfKeys = request.app.state.records
    store = records.of(visitor.key).decisions
    teams = {
        one: json.loads(store.find(one).answer)["people"]["approver_roles"]
        for one in {act.decision_id for act, _, _ in found}
    }
    why_not = reasons_to_withdraw(store, [act for act, _, _ in found])
    return [
        ShownAct(act, names, teams[act.decision_id], state, why_not.get(act.act_id))
        for act, names, state in found
    ]


def reasons_to_withdraw(store: DecisionStore, acts: Iterable[Act]) -> dict[str, str]:
    """Codes of why a run would withdraw acts, by id; of the others nothing.

    By the latest decision about each customer, as a run would see it. What a person
    ordered is not checked again.
    """
    checked = [act for act in acts if act.state == "planned" and not act.ordered_by]
    customers = {act.customer_id for act in checked}
    latest = {one: latest_answer(store, one) for one in customers}
    found = {}
    for act in checked:
        answer = latest[act.customer_id]
        if answer is None or answer["decision_id"] == act.decision_id:
            continue
        code = verdict_of(act, answer).code
        if code is not None:
            found[act.act_id] = code
    return found


def latest_answer(store: DecisionStore, customer_id: str) -> dict[str, Any] | None:
    """What was answered about a customer last; None: no decision is kept."""
    decisions = store.listed(customer_id, None, _MOST_DECISIONS)
    if not decisions:
        return None
    latest = max(decisions, key=lambda one: (one.as_of, one.decision_id))
    answer: dict[str, Any] = json.loads(store.find(latest.decision_id).answer)
    return answer


def _state_of(requests: Requests, act: Act) -> RequestState | None:
    """How far a service request is; None: the act opened none."""
    is_open = act.kind == "open_request" and act.state == "done"
    return requests.find(act.act_id).state if is_open else None
