"""Rows of `actions`, `contacts` and `holds`: what we did, said and promised."""

import numpy as np

from simulation.days import MINUTE_US
from simulation.month import Month
from simulation.scene import Scene, named
from simulation.state import NEVER
from simulation.streams import Flags, Ints
from simulation.tables import Column, words
from simulation.timeline import STAGE_DAYS
from simulation.worlds import (
    ACTIONS,
    FIRST_PARTY,
    FRAGILE,
    REMIND,
    SERVICE_REQUEST,
    STRATEGIC,
    SUSPEND,
)

NOTICES = {
    REMIND: "payment_reminder",
    SERVICE_REQUEST: "suspension_warning",
    SUSPEND: "suspension_notice",
}
POLICY = "timeline@1"


def dunning_rows(scene: Scene, month: Month) -> None:
    _planned_actions(scene, month)
    for action in NOTICES:
        _milder_step(scene, month, action)
    _reactivations(scene, month)
    _promises(scene, month)
    _plans(scene, month)


def _planned_actions(scene: Scene, month: Month) -> None:
    acted, people = month.acted, scene.people
    world = scene.world
    may_be_spared = acted.planned >= SUSPEND
    spared = may_be_spared & people.is_holdout
    propensity = np.where(spared, world.holdout_share, 1.0 - world.holdout_share)
    columns: dict[str, Column] = {
        "action": words(ACTIONS, acted.action),
        "reason": "nonpayment",
        "by": "automation",
        "arm": words(("greedy", "holdout"), spared.astype(np.int64)),
        "propensity": np.where(may_be_spared, propensity, 1.0),
    }
    at = scene.office("acted_at", acted.day)
    scene.add("actions", acted.executed, at, columns)
    for action, notice in NOTICES.items():
        is_told = acted.executed & (acted.action == action) & ~spared
        _notice(scene, month, is_told, at + MINUTE_US, action, notice)


def _milder_step(scene: Scene, month: Month, action: int) -> None:
    """Steps below this month's harshest whose day also falls into the month."""
    acted, paid, span = month.acted, month.paid, month.span
    day = paid.oldest_due + STAGE_DAYS[action]
    due = acted.executed & (acted.planned > action) & (day >= span.start)
    due &= (paid.oldest_due < NEVER) & (day < acted.day)
    due &= ~paid.cleared | (paid.day > day)
    at = scene.office(f"step_{action}", np.minimum(day, span.end))
    columns: dict[str, Column] = {
        "action": ACTIONS[action],
        "reason": "nonpayment",
        "by": "automation",
        "arm": "greedy",
        "propensity": np.ones(len(scene.people)),
    }
    scene.add("actions", due, at, columns)
    _notice(scene, month, due, at + MINUTE_US, action, NOTICES[action])


def _notice(
    scene: Scene, month: Month, who: Flags, at: Ints, action: int, notice: str
) -> None:
    """Sent, then delivered or bounced, and sometimes answered."""
    draws, people = scene.draws, scene.people
    careless = people.is_fraudster & ~people.is_careful
    columns: dict[str, Column] = {
        "notice": notice,
        "notice_id": named("ntc", np.arange(len(people)), month.span.month, action),
        "policy": POLICY,
    }
    scene.add("contacts", who, at, columns | {"kind": "notice_sent"})
    bounced = draws.happens(f"bounced_{action}", 0.02 + 0.2 * careless)
    later = at + draws.whole(f"delivery_{action}", 1, 30) * MINUTE_US
    scene.add("contacts", who & bounced, later, columns | {"kind": "notice_bounced"})
    scene.add("contacts", who & ~bounced, later, columns | {"kind": "notice_delivered"})
    answers = who & ~bounced & draws.happens(f"replies_{action}", 0.15 * ~careless)
    reply = later + draws.whole(f"reply_{action}", 30, 2_000) * MINUTE_US
    scene.add("contacts", answers, reply, columns | {"kind": "replied"})


def _reactivations(scene: Scene, month: Month) -> None:
    acted = month.acted
    day = np.where(month.paid.paid, month.paid.day, month.span.start)
    day = np.where(acted.ended, np.maximum(day, acted.day), day)
    at = scene.days.end(day) - 90 * MINUTE_US  # in the evening, after the payment
    columns: dict[str, Column] = {
        "action": "reactivate",
        "reason": "nonpayment",
        "by": "automation",
        "arm": "greedy",
        "propensity": np.ones(len(scene.people)),
    }
    scene.add("actions", acted.reactivated, at, columns)
    appeals = acted.executed & (acted.action >= SUSPEND)
    appeals &= ~scene.people.is_fraudster & scene.draws.happens("appeal", 0.1)
    opened = scene.office("appeal_at", acted.day + 1)
    closed = scene.office(
        "appeal_end", acted.day + scene.draws.whole("appeal_days", 2, 9)
    )
    scene.add("contacts", appeals, opened, {"kind": "appeal_opened", "policy": POLICY})
    scene.add("contacts", appeals, closed, {"kind": "appeal_closed", "policy": POLICY})


def _promises(scene: Scene, month: Month) -> None:
    """Some late payers promise; whoever then does not pay has broken his word."""
    paid, people, draws, span = month.paid, scene.people, scene.draws, month.span
    start = np.maximum(paid.oldest_due + 4, span.start)
    made_day = start + draws.whole("promise_day", 0, 5)
    kept_day = paid.day
    until = np.where(
        paid.cleared, kept_day + draws.whole("promise_slack", 0, 3), made_day + 7
    )
    glib = np.isin(people.kind, (FRAGILE, STRATEGIC, FIRST_PARTY))
    chance = np.where(paid.cleared, 0.25, 0.12 + 0.15 * glib)
    made = (
        (paid.oldest_due < NEVER)
        & (made_day < span.end)
        & draws.happens("promise", chance)
    )
    made &= ~paid.cleared | (made_day < kept_day)
    made &= ~scene.state.is_stopped
    columns: dict[str, Column] = {
        "promise_id": named("prm", np.arange(len(people)), span.month),
        "amount": paid.owed,
        "until": scene.days.end(np.where(made, until, span.start)),
    }
    made_at = scene.office("promise_at", np.where(made, made_day, span.start))
    scene.add("contacts", made, made_at, columns | {"kind": "promise_made"})
    kept_at = scene.days.end(kept_day) - 60 * MINUTE_US
    scene.add(
        "contacts", made & paid.cleared, kept_at, columns | {"kind": "promise_kept"}
    )
    broken_at = (
        scene.days.midnight(np.where(made, until + 1, span.start)) + 360 * MINUTE_US
    )
    broken = made & ~paid.cleared
    scene.add("contacts", broken, broken_at, columns | {"kind": "promise_broken"})


def _plans(scene: Scene, month: Month) -> None:
    """Instalment plans after a partial payment, and a few exemptions."""
    paid, draws = month.paid, scene.draws
    partial = paid.paid & ~paid.cleared & draws.happens("plan", 0.2)
    at = scene.days.end(paid.day) - 30 * MINUTE_US
    until = scene.days.midnight(paid.day + 60)
    plan: dict[str, Column] = {
        "kind": "instalment_plan",
        "until": until,
        "reason": "agreed after a partial payment",
        "by": "staff-1",
        "amount": np.maximum(0, paid.owed - paid.amount),
    }
    scene.add("holds", partial, at, plan)
    exempt = scene.state.is_live & draws.happens("exempt", 0.0003)
    day = draws.whole("exempt_day", month.span.start, month.span.end - 1)
    columns: dict[str, Column] = {
        "kind": words(
            ("exemption", "manual", "legal"), draws.whole("exempt_kind", 0, 2)
        ),
        "until": scene.days.midnight(day + 120),
        "reason": "asked by account management",
        "by": "staff-2",
    }
    scene.add("holds", exempt, scene.office("exempt_at", day), columns)
