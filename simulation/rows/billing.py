"""Rows of `invoices` and `payments`, and of disputes about invoices."""

import numpy as np

from simulation.billing import LOST
from simulation.days import MINUTE_US
from simulation.month import Month
from simulation.people import (
    ALL_COUNTRIES,
    BANK_TRANSFER,
    CARD,
    DIRECT_DEBIT,
    FUNDING,
    METHODS,
)
from simulation.rows.accounts import LICENSE
from simulation.rows.sharing import homes
from simulation.scene import Scene, named
from simulation.state import NEVER, SLOTS
from simulation.streams import Ints, spread
from simulation.tables import Column, words

FAILURES = (
    "insufficient_funds",
    "expired_card",
    "do_not_honor",
    "invalid_account",
    "lost_or_stolen",
)
FAILURE_SHARES = np.array([0.6, 0.12, 0.2, 0.06, 0.02])
RETRY_DAYS = (0, 3, 7)
SUCCESS, DOUBLE = 0, 9  # last number of a payment's id; 1 … are attempts
VERDICTS = ("won", "lost", "withdrawn")


def billing_rows(scene: Scene, month: Month) -> None:
    _invoices(scene, month)
    _write_offs(scene, month)
    _disputes(scene, month)
    _payments(scene, month)
    _failures(scene, month)
    _returns(scene, month)
    _double_payments(scene, month)


def _everyone(scene: Scene) -> Ints:
    return np.arange(len(scene.people))


def _invoices(scene: Scene, month: Month) -> None:
    billed, people = month.billed, scene.people
    issued_at = scene.days.midnight(billed.issue_day) + 120 * MINUTE_US
    late = scene.draws.happens("invoice_late", 0.003)
    hours = spread(scene.draws.uniform("invoice_lag"), 1, 72)
    single = people.has_license & ~people.has_usage
    columns: dict[str, Column] = {
        "invoice_id": named("inv", _everyone(scene), billed.slot_month),
        "due_at": scene.days.midnight(billed.due_day) + 720 * MINUTE_US,
        "amount": billed.amount,
        "kind": "invoice",
        "subscription_id": named("s", _everyone(scene), LICENSE, valid=single),
    }
    known_at = issued_at + late * hours * 60 * MINUTE_US
    scene.add("invoices", billed.issued, issued_at, columns, known_at)


def _write_offs(scene: Scene, month: Month) -> None:
    at = scene.office(
        "write_off_at", np.minimum(month.write_off_day, month.span.end - 1)
    )
    for slot in range(SLOTS):
        amount = month.write_off_amounts[:, slot]
        slot_month = month.span.month - (month.span.month - slot) % SLOTS
        if slot_month < 0:
            continue
        columns: dict[str, Column] = {
            "invoice_id": named("wro", _everyone(scene), slot_month),
            "amount": amount,
            "kind": "write_off",
            "applies_to": named("inv", _everyone(scene), slot_month),
        }
        scene.add("invoices", amount > 0, at, columns)
    outcome: dict[str, Column] = {
        "kind": "written_off",
        "source": "ledger",
        "strength": "confirmed",
    }
    scene.add("outcomes", month.written_off, at, outcome)


def _disputes(scene: Scene, month: Month) -> None:
    disputed = month.disputed
    everyone = _everyone(scene)
    columns: dict[str, Column] = {
        "dispute_id": named("dsp", everyone, month.span.month),
        "kind": "billing",
        "amount": disputed.amount,
        "invoice_id": named("inv", everyone, month.span.month),
    }
    opened_at = scene.office("dispute_at", disputed.open_day)
    ended_at = scene.office("dispute_end", disputed.end_day)
    scene.add("disputes", disputed.opened, opened_at, columns | {"status": "opened"})
    status = words(VERDICTS, disputed.verdict)
    scene.add("disputes", disputed.opened, ended_at, columns | {"status": status})
    lost = disputed.opened & (disputed.verdict == LOST)
    note: dict[str, Column] = {
        "invoice_id": named("crn", everyone, month.span.month),
        "amount": disputed.amount,
        "kind": "credit_note",
        "applies_to": named("inv", everyone, month.span.month),
    }
    scene.add("invoices", lost, ended_at + MINUTE_US, note)


def _instrument(scene: Scene) -> dict[str, Column]:
    """How a customer pays: an opaque instrument, and where a card comes from."""
    people = scene.people
    by_card = people.method == CARD
    owner = homes(scene).instrument
    return {
        "method": words(METHODS, people.method),
        "instrument_id": named("ins", owner, valid=people.method != BANK_TRANSFER),
        "card_country": words(
            ALL_COUNTRIES, np.where(by_card, people.card_country, -1)
        ),
        "card_funding": words(FUNDING, np.where(by_card, people.funding, -1)),
    }


def _payments(scene: Scene, month: Month) -> None:
    paid, people, draws = month.paid, scene.people, scene.draws
    everyone = _everyone(scene)
    done = paid.paid & (paid.amount > 0)
    slot = month.span.month % SLOTS
    scene.ledger.amount[:, slot] = np.where(done, paid.amount, 0)
    scene.ledger.invoice_month[:, slot] = paid.newest_slot_month
    named_one = paid.only_slot_month >= 0
    columns = _instrument(scene) | {
        "payment_id": named("pay", everyone, month.span.month, SUCCESS),
        "amount": paid.amount,
        "invoice_id": named(
            "inv", everyone, np.maximum(paid.only_slot_month, 0), valid=named_one
        ),
    }
    at = scene.office("paid_at", paid.day)
    posting = (people.method == BANK_TRANSFER) * spread(draws.uniform("posting"), 0, 5)
    known_at = at + posting * 1_440 * MINUTE_US
    scene.add("payments", done, at, columns | {"status": "succeeded"}, known_at)
    issued = month.span.start + people.due_offset - people.terms_days
    issued = np.where(paid.newest_slot_month == month.span.month, issued, 0)
    begun = np.maximum(paid.day - draws.whole("pending", 1, 4), issued)
    begun = np.maximum(begun, month.span.start)
    pending = done & (people.method == DIRECT_DEBIT) & (begun < paid.day)
    at = scene.office("pending_at", begun)
    scene.add("payments", pending, at, columns | {"status": "pending"})


def _failures(scene: Scene, month: Month) -> None:
    """Card attempts that failed: before a late payment, or instead of one."""
    paid, people, draws, span = month.paid, scene.people, scene.draws, month.span
    due = np.where(paid.oldest_due >= span.start, paid.oldest_due, span.start + 1)
    owes = (paid.oldest_due < NEVER) & (people.method == CARD) & ~scene.state.is_stopped
    tries = owes & (people.is_auto_pay | draws.happens("tries", 0.25))
    hiccup = paid.paid & (people.method == CARD) & draws.happens("hiccup", 0.03)
    code = words(FAILURES, draws.choice("failure_code", FAILURE_SHARES))
    for attempt, after in enumerate(RETRY_DAYS, start=1):
        day = due + after
        before_payment = ~paid.paid | (day < paid.day)
        failed = tries & before_payment & (day < span.end)
        failed &= draws.happens(f"attempt_{attempt}", 0.9)
        columns = _instrument(scene) | {
            "payment_id": named("pay", _everyone(scene), span.month, attempt),
            "status": "failed",
            "amount": paid.owed,
            "failure_code": code,
        }
        scene.add(
            "payments", failed, scene.office(f"attempt_at_{attempt}", day), columns
        )
        hiccup &= ~failed
    columns |= {"payment_id": named("pay", _everyone(scene), span.month, 8)}
    at = scene.days.midnight(paid.day) + 400 * MINUTE_US
    scene.add(
        "payments", hiccup & (paid.amount > 0), at, columns | {"amount": paid.amount}
    )


def _returns(scene: Scene, month: Month) -> None:
    """A direct debit that came back: pending, booked, then returned."""
    paid, people, draws, span = month.paid, scene.people, scene.draws, month.span
    owes = (paid.oldest_due < NEVER) & (people.method == DIRECT_DEBIT) & ~paid.paid
    owes &= ~scene.state.is_stopped & (paid.oldest_due >= span.start)
    returned = owes & draws.happens("returned", 0.7)
    columns = _instrument(scene) | {
        "payment_id": named("pay", _everyone(scene), span.month, 5),
        "amount": paid.owed,
    }
    day = np.where(returned, paid.oldest_due, span.start)
    booked = day + draws.whole("booked_after", 1, 3)
    back = booked + draws.whole("returned_after", 1, 6)
    failure = words(FAILURES, draws.choice("return_code", FAILURE_SHARES))
    steps = (("pending", day), ("succeeded", booked), ("returned", back))
    for status, moment in steps:
        extra: dict[str, Column] = {"status": status}
        if status == "returned":
            extra["failure_code"] = failure
        scene.add("payments", returned, scene.office(status, moment), columns | extra)


def _double_payments(scene: Scene, month: Month) -> None:
    """A transfer made twice by mistake, and refunded within days."""
    paid, draws = month.paid, scene.draws
    twice = paid.paid & (paid.amount > 0) & (scene.people.method == BANK_TRANSFER)
    twice &= draws.happens("twice", 0.002)
    columns = _instrument(scene) | {
        "payment_id": named("pay", _everyone(scene), month.span.month, DOUBLE),
        "amount": paid.amount,
    }
    at = scene.office("twice_at", paid.day)
    scene.add("payments", twice, at, columns | {"status": "succeeded"})
    back = scene.office("refund_at", paid.day + draws.whole("refund_after", 1, 4))
    scene.add("payments", twice, back, columns | {"status": "refunded"})
