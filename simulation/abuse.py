"""How fraud comes to light, late or never, and who is suspected wrongly."""

from dataclasses import dataclass

import numpy as np

from simulation.behaviour import Span
from simulation.people import People
from simulation.state import NEVER, SLOTS, State
from simulation.streams import Draws, Flags, Floats, Ints
from simulation.worlds import FIRST_PARTY, REVIEW, World

MONTHS_BACK = 6  # the longest chargeback delay is 150 days
KNOWN_AFTER_CHARGEBACK = 0.9


def _delay_table() -> tuple[Floats, Floats]:
    """Distribution of LogNormal(3.9, 0.45) days, cut to 10 … 150 (median 49)."""
    days = np.linspace(10.0, 150.0, 561)
    density = np.exp(-0.5 * ((np.log(days) - 3.9) / 0.45) ** 2) / days
    share = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return days, share / share[-1]


DELAY_DAYS, DELAY_SHARE = _delay_table()


@dataclass(frozen=True)
class ChargedBack:
    """One row per dispute, not per customer."""

    customer: Ints
    payment_month: Ints
    day: Ints
    is_friendly: Flags


@dataclass(frozen=True)
class Suspected:
    alerted: Flags
    alert_day: Ints
    reviewed: Flags
    found: Flags  # fraud, by a person
    accused: Flags  # the honest, wrongly
    found_day: Ints
    known_by_chargeback: Flags
    released: Flags  # of last month's wrong suspicions
    released_day: Ints
    charged_back: ChargedBack
    charged_back_day: Ints  # first of the month per customer, or NEVER
    stop_day: Ints  # when access ends, or NEVER


def charge_backs(state: State, draws: Draws, span: Span) -> ChargedBack:
    """Open what falls into this month, given that it was not opened before."""
    disputes = []
    for age in range(MONTHS_BACK):
        payment_month = span.month - age
        slot = payment_month % SLOTS
        charged = state.charged_day[:, slot]
        is_open = charged < span.end if payment_month >= 0 else charged < -NEVER
        low = np.interp(span.start - charged, DELAY_DAYS, DELAY_SHARE)
        high = np.interp(span.end - 1 - charged, DELAY_DAYS, DELAY_SHARE)
        chance = (high - low) / np.maximum(1.0 - low, 1e-12)
        u = draws.uniform(f"chargeback_{age}")
        rows = np.flatnonzero(is_open & (u < chance))
        at = low[rows] + (u[rows] / chance[rows]) * (high - low)[rows]
        delay = np.interp(at, DELAY_SHARE, DELAY_DAYS)
        day = np.clip(charged[rows] + delay.astype(np.int64), span.start, span.end - 1)
        disputes.append(
            (
                rows,
                np.full(len(rows), payment_month),
                day,
                state.is_friendly[rows, slot],
            )
        )
        state.charged_day[rows, slot] = NEVER
    parts = [np.concatenate(column) for column in zip(*disputes, strict=True)]
    return ChargedBack(*parts)


def suspect(
    world: World,
    people: People,
    state: State,
    planned: Ints,
    draws: Draws,
    span: Span,
) -> Suspected:
    """Raise alerts, review some of them, and stop whoever looks like a fraudster."""
    released = state.is_stopped & ~state.is_fraud_known
    alerted, reviewed = _look_closer(world, people, state, planned, draws, span)
    u = draws.uniform("verdict")
    guilty = people.is_fraudster & state.is_abusing & ~state.is_fraud_known
    sensitivity = world.review_sensitivity * np.where(people.is_careful, 0.6, 1.0)
    routine = guilty & (people.kind == FIRST_PARTY)
    routine &= draws.happens("found", world.found_per_month)
    found = (guilty & reviewed & (u < sensitivity)) | routine
    honest = ~people.is_fraudster & ~state.is_hijacked
    accused = honest & reviewed & (u < 1.0 - world.review_specificity)
    alert_day = draws.whole("alert_day", span.start, span.end - 1)
    found_day = np.minimum(alert_day + draws.whole("found_days", 0, 5), span.end - 1)
    backs = charge_backs(state, draws, span)
    back_day = np.full(len(people), NEVER, dtype=np.int64)
    np.minimum.at(back_day, backs.customer, backs.day)
    meant = np.full(len(people), NEVER, dtype=np.int64)
    np.minimum.at(
        meant, backs.customer[~backs.is_friendly], backs.day[~backs.is_friendly]
    )
    by_back = (meant < NEVER) & ~state.is_fraud_known & ~found
    by_back &= draws.happens("noticed", KNOWN_AFTER_CHARGEBACK)
    noticed_day = np.minimum(meant + draws.whole("notice_days", 1, 5), span.end - 1)
    stop_day = np.where(
        found | accused, found_day, np.where(by_back, noticed_day, NEVER)
    )
    state.is_fraud_known |= found | by_back
    state.is_stopped = (state.is_stopped & ~released) | (stop_day < NEVER)
    return Suspected(
        alerted=alerted,
        alert_day=alert_day,
        reviewed=reviewed,
        found=found,
        accused=accused,
        found_day=found_day,
        known_by_chargeback=by_back,
        released=released,
        released_day=draws.whole("released_day", span.start, span.start + 12),
        charged_back=backs,
        charged_back_day=back_day,
        stop_day=stop_day,
    )


def _look_closer(
    world: World,
    people: People,
    state: State,
    planned: Ints,
    draws: Draws,
    span: Span,
) -> tuple[Flags, Flags]:
    in_use = state.is_live & ~state.is_stopped & (people.joined_month < span.month)
    odd = (state.is_abusing | state.is_hijacked) & people.has_usage
    chance = np.select(
        [odd & ~people.is_careful, odd, state.burst_months > 0],
        [0.45, 0.15, 0.35],
        default=0.006,
    )
    alerted = in_use & draws.happens("alert", chance)
    is_reviewed = draws.happens("reviewed", world.reviewed_share_of_alerts)
    return alerted, in_use & ((alerted & is_reviewed) | (planned == REVIEW))
