"""Rows of `customers` and `subscriptions`."""

import numpy as np

from simulation.days import MINUTE_US
from simulation.month import Month
from simulation.people import (
    ALL_COUNTRIES,
    CHANNELS,
    COUNTRIES,
    EMAILS,
    SEGMENTS,
    SUBJECTS,
)
from simulation.scene import Scene, named
from simulation.state import NEVER
from simulation.streams import BEFORE_TIME, Draws, Flags, Ints
from simulation.tables import Column, Maybe, words

COMMITTED_SHARE = 0.4  # of licenses: a year, and a week to cancel after each renewal
YEAR_DAYS = 365
WINDOW_DAYS = 7
LICENSE, USAGE = 1, 2  # last number of a subscription's id


def account_rows(scene: Scene, month: Month) -> None:
    _customers(scene, month)
    for number in (LICENSE, USAGE):
        _starts(scene, month, number)
        _ends(scene, month, number)
    _quantities(scene, month)
    _renewals(scene, month)


def _new(scene: Scene, month: Month) -> Flags:
    at_start = (scene.people.joined_month < 0) & (month.span.month == 0)
    return np.asarray(month.lived.arrived | at_start)


def joined_at(scene: Scene) -> Ints:
    """The first moment of day 0, or the small hours of a later day."""
    people = scene.people
    static = Draws(scene.draws.seed, len(people), BEFORE_TIME)
    minutes = np.where(people.joined_month < 0, 0, static.whole("joined_at", 1, 420))
    return np.asarray(scene.days.midnight(people.joined_day) + minutes * MINUTE_US)


def _customers(scene: Scene, month: Month) -> None:
    people, draws = scene.people, scene.draws
    new = _new(scene, month)
    columns = _attributes(scene)
    created = scene.days.midnight(people.created_day)
    joined = joined_at(scene)
    created = np.where(people.joined_month < 0, created, joined)
    columns["created_at"] = created
    trial_flag = people.is_trial & (people.joined_month >= 0)
    scene.add("customers", new, joined, columns | {"is_trial": trial_flag})
    later = month.lived.trial_ended
    settled = columns | {"is_trial": np.zeros(len(people), dtype=bool)}
    scene.add(
        "customers", later, scene.office("trial_over", _first_day(month)), settled
    )
    checked = ~people.is_phone_verified & scene.state.is_live & ~new & ~later
    checked &= ~people.is_trial & draws.happens("phone_checked", 0.01)
    verified = settled | {"is_phone_verified": np.ones(len(people), dtype=bool)}
    day = draws.whole("phone_day", month.span.start, month.span.end - 1)
    scene.add("customers", checked, scene.office("phone_at", day), verified)


def _first_day(month: Month) -> Ints:
    return np.full(len(month.sixty_day), month.span.start, dtype=np.int64)


def _attributes(scene: Scene) -> dict[str, Column]:
    people, world = scene.people, scene.world
    static = Draws(scene.draws.seed, len(people), BEFORE_TIME)
    monthly = people.seats * people.seat_price * people.has_license
    usage = 30 * people.usage_daily_cost * people.has_usage
    margin = (0.2 * monthly + 0.22 * usage).astype(np.int64)
    has_limit = ~people.is_auto_pay & static.happens("limited", 0.7)
    limit = (3 * (monthly + usage) // 500_000 + 1) * 500_000

    def present(name: str) -> Flags:
        return ~static.happens(f"missing_{name}", world.missing_share)

    return {
        "subject_kind": words(SUBJECTS, people.subject),
        "segment": words(SEGMENTS, people.segment),
        "country": words(COUNTRIES, people.country),
        "email_kind": words(EMAILS, np.where(present("email"), people.email, -1)),
        "email_domain_age_days": Maybe(people.email_age_days, present("email_age")),
        "is_email_verified": Maybe(people.is_email_verified, present("verified")),
        "is_phone_verified": Maybe(people.is_phone_verified, present("phone")),
        "is_tax_id_valid": Maybe(people.is_tax_id_valid, present("tax")),
        "ip_country": words(
            ALL_COUNTRIES, np.where(present("ip"), people.ip_country, -1)
        ),
        "channel": words(CHANNELS, people.channel),
        "payment_terms_days": people.terms_days,
        "is_auto_pay": people.is_auto_pay,
        "credit_limit": Maybe(limit, has_limit),
        "expected_lifetime_months": Maybe(people.lifetime_months, present("lifetime")),
        "monthly_margin": Maybe(margin, present("margin")),
    }


def _subscription(scene: Scene, number: int, quantity: Ints) -> dict[str, Column]:
    people = scene.people
    everyone = np.arange(len(people))
    columns: dict[str, Column] = {
        "subscription_id": named("s", everyone, number),
        "is_trial": np.zeros(len(people), dtype=bool),
    }
    if number == USAGE:
        return columns | {"product": "cloud-metered", "billing": "usage"}
    plans = ("suite-basic", "suite-plus", "suite-pro", "suite-max")
    prices = np.unique(people.seat_price)
    plan = np.searchsorted(prices, people.seat_price) % len(plans)
    return columns | {
        "product": words(plans, plan),
        "billing": "license",
        "quantity": quantity,
        "unit_price": people.seat_price,
    }


def _has(scene: Scene, number: int) -> Flags:
    people = scene.people
    return people.has_license if number == LICENSE else people.has_usage


def _committed(scene: Scene) -> Flags:
    static = Draws(scene.draws.seed, len(scene.people), BEFORE_TIME)
    return static.happens("committed", COMMITTED_SHARE) & scene.people.has_license


def _term(scene: Scene, first_day: Ints) -> dict[str, Column]:
    committed = _committed(scene)
    window = scene.days.midnight(first_day + WINDOW_DAYS)
    return {
        "commitment_ends_at": Maybe(
            scene.days.midnight(first_day + YEAR_DAYS), committed
        ),
        "cancel_window_ends_at": Maybe(window, committed),
    }


def _starts(scene: Scene, month: Month, number: int) -> None:
    people = scene.people
    columns = _subscription(scene, number, people.seats)
    columns["kind"] = "started"
    columns["is_trial"] = people.is_trial & (people.joined_month >= 0)
    if number == LICENSE:
        last_anniversary = -(-people.created_day % YEAR_DAYS)
        first_day = np.where(
            people.joined_month < 0, last_anniversary, people.joined_day
        )
        columns |= _term(scene, first_day)
    new = _new(scene, month) & _has(scene, number)
    scene.add("subscriptions", new, joined_at(scene) + MINUTE_US, columns)


def _renewals(scene: Scene, month: Month) -> None:
    """A year after the first day, or when a trial turns into a contract."""
    span, people = month.span, scene.people
    age = span.start - people.created_day
    due = span.start + (-age) % YEAR_DAYS
    renewed = _committed(scene) & scene.state.is_live & (due < span.end)
    renewed &= due > people.joined_day
    columns = _subscription(scene, LICENSE, scene.state.seats) | _term(scene, due)
    columns["kind"] = "renewed"
    scene.add("subscriptions", renewed, scene.days.midnight(due), columns)
    converted = month.lived.trial_ended
    at = scene.days.midnight(_first_day(month)) + MINUTE_US
    for number in (LICENSE, USAGE):
        columns = _subscription(scene, number, scene.state.seats)
        who = converted & _has(scene, number)
        scene.add("subscriptions", who, at, columns | {"kind": "renewed"})


def _quantities(scene: Scene, month: Month) -> None:
    columns = _subscription(scene, LICENSE, scene.state.seats)
    at = scene.office("seats_at", month.lived.seats_day)
    who = month.lived.seats_changed
    scene.add("subscriptions", who, at, columns | {"kind": "quantity_changed"})


def _ends(scene: Scene, month: Month, number: int) -> None:
    moved, has = month.moved, _has(scene, number)
    columns = _subscription(scene, number, scene.state.seats)
    last = np.full(len(scene.people), month.span.end - 1, dtype=np.int64)
    month_end = scene.days.end(last)
    announced = columns | {"kind": "cancelled", "effective_at": month_end}
    cancelled_at = scene.office("cancelled_at", moved.cancel_day)
    scene.add("subscriptions", moved.cancelled & has, cancelled_at, announced)
    ended = columns | {"kind": "ended"}
    scene.add("subscriptions", moved.cancelled & has, month_end, ended)
    terminated_at = scene.days.end(np.minimum(moved.terminate_day, NEVER))
    scene.add("subscriptions", moved.terminated & has, terminated_at, ended)
