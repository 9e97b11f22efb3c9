"""Who the customers are: drawn once, and mostly hidden from whoever scores them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simulation.days import Days
from simulation.streams import Draws, Flags, Floats, Ints
from simulation.worlds import (
    DISPUTER,
    FIRST_PARTY,
    FRAGILE,
    STOLEN_CARD,
    STRATEGIC,
    World,
)

COUNTRIES = ("BE", "NL", "FR", "DE", "LU", "ES", "IT", "PL")
FAR_COUNTRIES = ("BR", "VN", "NG", "US", "UA", "IN")
ALL_COUNTRIES = COUNTRIES + FAR_COUNTRIES
COUNTRY_SHARES = np.array([0.34, 0.2, 0.16, 0.12, 0.04, 0.05, 0.05, 0.04])
COUNTRY_LOG_ODDS = np.array([0.0, 0.1, -0.1, 0.15, 0.1, -0.25, -0.25, -0.1])
SEGMENTS = ("micro", "small", "mid")
CHANNELS = ("web", "partner", "sales")
SUBJECTS = ("natural_person", "sole_trader", "legal_person")
EMAILS = ("corporate", "free", "disposable")
METHODS = ("card", "direct_debit", "bank_transfer")
CARD, DIRECT_DEBIT, BANK_TRANSFER = range(3)
FUNDING = ("credit", "debit", "prepaid")
TERMS_DAYS = np.array([0, 7, 14, 30])
RING_SIZE = 6  # fraudsters who share devices and addresses
UNITS = 10_000  # ten-thousandths per unit


@dataclass(frozen=True)
class People:
    """One value per customer. Money in ten-thousandths, days counted from day 0."""

    kind: Ints
    is_careful: Flags  # a fraudster who looks like anyone; false for the honest
    joined_month: Ints  # -1: customer before the first day
    joined_day: Ints
    created_day: Ints
    country: Ints
    segment: Ints
    channel: Ints
    subject: Ints
    email: Ints
    email_age_days: Ints
    is_email_verified: Flags
    is_phone_verified: Flags
    is_tax_id_valid: Flags
    ip_country: Ints  # index into ALL_COUNTRIES
    card_country: Ints
    funding: Ints
    method: Ints
    is_auto_pay: Flags
    terms_days: Ints
    due_offset: Ints  # day of the month on which invoices fall due, from 0
    is_trial: Flags
    has_license: Flags
    has_usage: Flags
    seats: Ints
    seat_price: Ints
    usage_daily_cost: Ints
    lifetime_months: Ints
    inertia: Floats
    habit_days: Floats  # pays this much later than others
    activity: Floats  # sign-ins per month
    ring: Ints
    is_holdout: Flags

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def is_fraudster(self) -> Flags:
        return np.asarray((self.kind == FIRST_PARTY) | (self.kind == STOLEN_CARD))

    def take(self, rows: npt.NDArray[np.int64]) -> "People":
        values = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__}
        return People(**values)


def draw_people(
    world: World, customers: int, months: int, days: Days, seed: int
) -> People:
    """Draw everyone who is or becomes a customer within the months."""
    draws = Draws(seed, customers)
    joined_month, joined_day, created_day = _arrivals(world, months, days, draws)
    kind = draws.choice("kind", _kind_shares(world, joined_month))
    wave = _in_wave(world, joined_month)
    careful = np.where(wave, world.wave_careful_share, world.careful_share)
    is_fraud = (kind == FIRST_PARTY) | (kind == STOLEN_CARD)
    is_careful = is_fraud & draws.happens("careful", careful)
    look = _look(draws, kind, is_fraud & ~is_careful, joined_month)
    return People(
        kind=kind,
        is_careful=is_careful,
        joined_month=joined_month,
        joined_day=joined_day,
        created_day=created_day,
        inertia=world.inertia_sd * draws.normal("inertia"),
        habit_days=1.5 * draws.normal("habit") + 4.0 * (kind == STRATEGIC),
        activity=world.sign_ins_per_month * np.exp(0.5 * draws.normal("activity")),
        ring=draws.whole("ring", 0, max(1, customers // (RING_SIZE * 40))),
        is_holdout=draws.happens("holdout", world.holdout_share),
        **look,
        **_contract(world, draws, look["segment"], look["channel"], kind, is_fraud),
    )


def _arrivals(
    world: World, months: int, days: Days, draws: Draws
) -> tuple[Ints, Ints, Ints]:
    at_start = draws.happens("at_start", world.share_at_start)
    month = np.where(at_start, -1, draws.whole("joined", 0, months - 1))
    starts = days.month_starts
    length = starts[month + 1] - starts[np.maximum(month, 0)]
    u = draws.uniform("joined_day")
    day = np.where(at_start, 0, starts[month] + (u * length).astype(np.int64))
    age = np.minimum(30 + 420 * draws.normal("age") ** 2 + 300 * u, 3_600)
    created = np.where(at_start, -age.astype(np.int64), day)
    return month, day, created


def _in_wave(world: World, month: Ints) -> Flags:
    if world.wave_from_month is None:
        return np.zeros(len(month), dtype=bool)
    return np.asarray(month >= world.wave_from_month)


def _kind_shares(world: World, joined_month: Ints) -> Floats:
    base = np.array(world.share_of_kind)
    shares = np.tile(base / base.sum(), (len(joined_month), 1))
    factor = np.where(_in_wave(world, joined_month), world.wave_factor, 1.0)
    new = joined_month >= 0
    pairs = zip(world.fraud_share_new, world.fraud_share_at_start, strict=True)
    for column, (at_new, at_start) in zip(
        (FIRST_PARTY, STOLEN_CARD), pairs, strict=True
    ):
        shares[:, column] = np.where(new, at_new * factor, at_start)
    return shares


def _look(
    draws: Draws, kind: Ints, careless: Flags, joined_month: Ints
) -> dict[str, npt.NDArray[Any]]:
    """Draw what a stranger could see at sign-up."""
    shaky = np.isin(kind, (FRAGILE, DISPUTER))[:, None]
    odd = careless[:, None]
    segment = draws.choice(
        "segment",
        np.where(
            odd | shaky, np.array([0.78, 0.19, 0.03]), np.array([0.58, 0.32, 0.1])
        ),
    )
    channel = draws.choice(
        "channel",
        np.where(odd, np.array([0.9, 0.09, 0.01]), np.array([0.55, 0.33, 0.12])),
    )
    email = draws.choice(
        "email",
        np.where(odd, np.array([0.3, 0.5, 0.2]), np.array([0.7, 0.29, 0.01])),
    )
    country = draws.choice("country", COUNTRY_SHARES)
    age = np.exp(6.6 + 1.2 * draws.normal("email_age") - 2.2 * careless)
    return {
        "segment": segment,
        "channel": channel,
        "email": email,
        "country": country,
        "subject": _subject(draws, segment),
        "email_age_days": age.astype(np.int64),
        "is_email_verified": ~draws.happens("email_unverified", 0.05 + 0.3 * careless),
        "is_phone_verified": ~draws.happens("phone_unverified", 0.15 + 0.3 * careless),
        "is_tax_id_valid": ~draws.happens("tax_invalid", 0.1 + 0.3 * careless),
        "ip_country": _elsewhere(draws, "ip", country, 0.08 + 0.3 * careless),
        "card_country": _elsewhere(draws, "card", country, 0.07 + 0.3 * careless),
        "is_trial": (joined_month >= 0) & draws.happens("trial", 0.2),
    }


def _subject(draws: Draws, segment: Ints) -> Ints:
    by_segment = np.array([[0.15, 0.4, 0.45], [0.02, 0.13, 0.85], [0.0, 0.0, 1.0]])
    return draws.choice("subject", by_segment[segment])


def _elsewhere(draws: Draws, stream: str, home: Ints, chance: Floats) -> Ints:
    other = draws.whole(f"{stream}_where", 0, len(ALL_COUNTRIES) - 1)
    return np.where(draws.happens(f"{stream}_abroad", chance), other, home)


def _contract(
    world: World,
    draws: Draws,
    segment: Ints,
    channel: Ints,
    kind: Ints,
    is_fraud: Flags,
) -> dict[str, npt.NDArray[Any]]:
    """Draw what they buy and how they promised to pay."""
    by_channel = np.array([[0.62, 0.18, 0.2], [0.2, 0.3, 0.5], [0.05, 0.25, 0.7]])
    method = draws.choice("method", by_channel[channel])
    method = np.where(kind == STOLEN_CARD, CARD, method)
    auto = (method == DIRECT_DEBIT) | ((method == CARD) & draws.happens("auto", 0.7))
    terms = draws.choice(
        "terms",
        np.where(
            auto[:, None], np.array([0.6, 0.2, 0.2, 0]), np.array([0, 0.2, 0.5, 0.3])
        ),
    )
    late_terms = (kind == STRATEGIC) & ~auto & draws.happens("long_terms", 0.4)
    funding = draws.choice(
        "funding",
        np.where(
            is_fraud[:, None],
            np.array([0.44, 0.44, 0.12]),
            np.array([0.49, 0.46, 0.05]),
        ),
    )
    has_usage = draws.happens("usage", np.maximum(world.usage_share, 0.85 * is_fraud))
    size = np.array([1.0, 2.2, 3.6])[segment]
    seats = np.exp(0.6 + size * 0.75 + 0.6 * draws.normal("seats"))
    prices = np.array([6.9, 11.7, 20.6, 34.4])[draws.whole("price", 0, 3)]
    usage = np.exp(-0.2 + size * 0.7 + 0.9 * draws.normal("usage_cost"))
    return {
        "method": method,
        "is_auto_pay": auto,
        "terms_days": np.where(late_terms, 30, TERMS_DAYS[terms]),
        "due_offset": draws.whole("due", 3, 27),
        "funding": funding,
        "has_usage": has_usage,
        "has_license": ~has_usage | draws.happens("license", 0.75),
        "seats": np.maximum(1, seats.astype(np.int64)),
        "seat_price": (prices * UNITS).astype(np.int64),
        "usage_daily_cost": (usage * UNITS).astype(np.int64),
        "lifetime_months": draws.whole("lifetime", 10, 48),
    }
