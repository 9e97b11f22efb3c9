"""Rows that say fraud: chargebacks, outcomes, and access taken away."""

import numpy as np

from simulation.days import MINUTE_US
from simulation.month import Month
from simulation.scene import Scene, named
from simulation.state import NEVER, SLOTS
from simulation.tables import Column, words

MISSED_TAKEOVERS = 0.3
RECORDED_AFTER_CHARGEBACK = 0.7


def fraud_rows(scene: Scene, month: Month) -> None:
    _chargebacks(scene, month)
    _outcomes(scene, month)
    _stops(scene, month)


def _chargebacks(scene: Scene, month: Month) -> None:
    backs, draws = month.suspected.charged_back, scene.draws
    who = backs.customer
    if not len(who):
        return
    slot = backs.payment_month % SLOTS
    invoice = scene.ledger.invoice_month[who, slot]
    columns: dict[str, Column] = {
        "dispute_id": named("cbk", who, backs.payment_month),
        "kind": "chargeback_fraud",
        "amount": scene.ledger.amount[who, slot],
        "invoice_id": named("inv", who, np.maximum(invoice, 0), valid=invoice >= 0),
        "payment_id": named("pay", who, backs.payment_month, 0),
    }
    opened = scene.days.office_hours(backs.day, draws.uniform("cb_at")[who])
    known = opened + draws.whole("cb_known", 0, 3)[who] * 1_440 * MINUTE_US
    scene.writer.add("disputes", who, opened, columns | {"status": "opened"}, known)
    won = draws.uniform("cb_won")[who] < np.where(backs.is_friendly, 0.4, 0.12)
    end = known + draws.whole("cb_days", 20, 60)[who] * 1_440 * MINUTE_US
    status = words(("lost", "won"), won.astype(np.int64))
    scene.writer.add("disputes", who, end, columns | {"status": status})


def _outcomes(scene: Scene, month: Month) -> None:
    suspected, draws = month.suspected, scene.draws
    is_confirmed = suspected.found | suspected.accused
    at = scene.office("found_at", suspected.found_day)
    known = at + draws.whole("found_known", 0, 7) * 1_440 * MINUTE_US
    review: dict[str, Column] = {
        "kind": "fraud",
        "source": "review",
        "strength": words(("confirmed", "analyst"), draws.whole("strength", 0, 1)),
    }
    scene.add("outcomes", is_confirmed, at, review, known)
    recorded = suspected.known_by_chargeback & draws.happens(
        "recorded", RECORDED_AFTER_CHARGEBACK
    )
    stop_day = np.where(recorded, suspected.stop_day, month.span.start)
    noticed = scene.office("noticed_at", stop_day)
    by_bank: dict[str, Column] = {
        "kind": "fraud",
        "source": "bank",
        "strength": "chargeback",
    }
    scene.add("outcomes", recorded, noticed, by_bank)
    cleared: dict[str, Column] = {
        "kind": "fraud_cleared",
        "source": "review",
        "strength": "analyst",
    }
    released = suspected.released
    scene.add(
        "outcomes", released, scene.office("cleared", suspected.released_day), cleared
    )
    takeover = month.lived.hijack_ended & ~draws.happens(
        "takeover_missed", MISSED_TAKEOVERS
    )
    victim: dict[str, Column] = {
        "kind": "account_takeover",
        "source": "support",
        "strength": "analyst",
    }
    at = scene.office("takeover_at", month.lived.hijack_end_day)
    scene.add("outcomes", takeover, at, victim)


def _stops(scene: Scene, month: Month) -> None:
    suspected, draws = month.suspected, scene.draws
    stopped = suspected.stop_day < NEVER
    day = np.where(stopped, suspected.stop_day, month.span.start)
    at = scene.days.end(day) - 120 * MINUTE_US
    columns: dict[str, Column] = {
        "reason": "fraud",
        "by": "person",
        "arm": "greedy",
        "propensity": np.ones(len(scene.people)),
    }
    scene.add("actions", stopped, at, columns | {"action": "suspend"})
    sure = stopped & ~suspected.accused & draws.happens("blocked", 0.3)
    at_block = at + draws.whole("block_days", 3, 20) * 1_440 * MINUTE_US
    scene.add("actions", sure, at_block, columns | {"action": "block"})
    at_release = scene.office("released_at", suspected.released_day)
    free = suspected.released
    scene.add(
        "actions", free, at_release + MINUTE_US, columns | {"action": "reactivate"}
    )
    looked = suspected.reviewed
    at_review = scene.office("alert_at", suspected.alert_day) + 40 * MINUTE_US
    scene.add("actions", looked, at_review, columns | {"action": "review"})
