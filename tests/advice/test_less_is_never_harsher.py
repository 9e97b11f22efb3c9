"""Knowing less never stops anybody (CONTRACT section 1, "Not looked at").

Taking away any table, any tail of a table, or rejecting any row never yields a harsher
stop than the full data do. Probabilities are held fixed, so that only rules and money
can make the difference.

Half of the models were trained with every table. The others saw nothing but customers,
so that `inputs_missing` cannot hide a rule that forgot what it relies on. From them
only the tables without which no stop for non-payment is permitted are taken away: of a
table that they never saw, and that the portfolio never had, nobody can say that it is
missing.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advice import Advisor
from decisions.actions import SEVERITY, STOPS
from decisions.policy_file.load import SHIPPED, load_policy
from decisions.recommendation import Recommendation
from features.catalogue import feature_set
from features.events import Events
from features.feature_set import FeatureSet
from features.reading.rows import read_events
from features.settings import PortfolioSettings
from scoring.additive import AdditiveModel
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap
from tests.advice.stories import AS_OF, TABLES, Row, Story, cut, known_moment, story
from tests.decisions.decision_cases import with_measures

SETTINGS = PortfolioSettings(timezone="Europe/Brussels")
LOOKED_AT = frozenset(TABLES)
STALE = timedelta(hours=48)  # of the shipped policies
POLICIES = ("reseller-default", "plain-timeline", "thresholds-only", "eu-telecom-be")
N_SHORT, N_LONG = 400, 100_000


def constant_bundle(target: str, log_odds: float, trained: frozenset[str]) -> Bundle:
    """A model that gives everybody the same probability."""
    everything = SETTINGS.model_copy(update={"tables": LOOKED_AT})
    number = next(f for f in feature_set(everything).features if not f.is_category)
    return Bundle(
        target=target,
        model=AdditiveModel("linear", log_odds, ()),
        calibration=LogOddsMap(0.0, 1.0),
        feature_set=FeatureSet((number,)),
        settings=SETTINGS.model_copy(update={"tables": trained}),
        horizon_days=90,
        trained_on=date(2026, 6, 1),
        nonpayment_given_fraud=0.4 if target == "fraud" else None,
    )


def advisor_of(
    policy: str, fraud: float, nonpayment: float, trained: frozenset[str]
) -> Advisor:
    bundles = {
        "fraud": constant_bundle("fraud", fraud, trained),
        "nonpayment": constant_bundle("nonpayment", nonpayment, trained),
    }
    return Advisor(bundles, load_policy(SHIPPED / f"{policy}.yaml"))


# likely fraud, likely non-payment, and both: every way to a stop is walked
ADVISORS = [
    advisor_of(policy, fraud, nonpayment, trained)
    for policy in POLICIES
    for fraud, nonpayment in ((1.0, 1.5), (-4.0, 2.0))
    for trained in (LOOKED_AT, frozenset({"customers"}))
]
# a measure that stands lowers what a stop saves, so not knowing of it must not matter
MEASURE: Row = {"action": "stop_meter", "by": "automation"}
STANDING = {"stop_meter": {"fixed": 1, "stop": [0.9, 0.9]}}
MEASURED = [
    Advisor(one.bundles, with_measures(STANDING))
    for one in ADVISORS
    if one.policy.document.name == "reseller-default"
]
# for a stop for non-payment each of them must have been looked at
NEEDED = ("payments", "disputes", "contacts", "holds")


def events_of(told: Story, rejected: frozenset[str] = frozenset()) -> Events:
    events, rejects = read_events("c", told, SETTINGS)
    assert not rejects
    return replace(events, rejected=rejected)


def answer(
    advisor: Advisor, events: Events, tables: frozenset[str], **observed: datetime
) -> Recommendation:
    advice = advisor.advise(events, AS_OF, tables=tables, observed=observed)
    return advice.recommendation


def harshness(given: Recommendation) -> int:
    """Severity of a stop that is to be carried out now; 0 without one."""
    action = given.action
    if action not in STOPS or given.permission.in_force:
        return 0
    return SEVERITY[action]


def limit(given: Recommendation) -> int:
    """As far as an answer on less may go: a stop that goes on counts as one."""
    action = given.action
    return SEVERITY[action] if action in STOPS else 0


Poorer = tuple[str, Events, frozenset[str], dict[str, datetime]]


def without_a_table(told: Story, tables: Iterable[str]) -> Iterator[Poorer]:
    for table in tables:
        rest = {name: rows for name, rows in told.items() if name != table}
        yield f"without {table}", events_of(rest), LOOKED_AT - {table}, {}


def without_a_tail(told: Story, dice: random.Random) -> Iterator[Poorer]:
    for table, rows in told.items():
        known = [m for row in rows if (m := known_moment(row)) <= AS_OF]
        if not known or table == "customers":
            continue
        end = min(dice.choice(known), AS_OF - STALE) - timedelta(hours=dice.random())
        shorter = {**told, table: cut(rows, end)}
        name = f"{table} until {end:%Y-%m-%d %H:%M}"
        yield name, events_of(shorter), LOOKED_AT, {table: end}


def with_a_row_rejected(told: Story, dice: random.Random) -> Iterator[Poorer]:
    for table, rows in told.items():
        if not rows or table == "customers":
            continue
        left = dice.randrange(len(rows))
        fewer = {**told, table: rows[:left] + rows[left + 1 :]}
        name = f"{table} row {left} rejected"
        yield name, events_of(fewer, frozenset({table})), LOOKED_AT, {}


def poorer(told: Story, advisor: Advisor, dice: random.Random) -> Iterator[Poorer]:
    """The same customer with less known, in each of the three ways."""
    saw_all = advisor.settings.tables == LOOKED_AT
    yield from without_a_table(told, TABLES[1:] if saw_all else NEEDED)
    yield from without_a_tail(told, dice)
    yield from with_a_row_rejected(told, dice)


def is_of_concern(less: Recommendation, advisor: Advisor, name: str) -> bool:
    """The fraud path asks for no table but `holds` (CONTRACT section 1)."""
    is_blind = name.startswith("without ") and advisor.settings.tables != LOOKED_AT
    return not (
        is_blind and less.permission.basis == "fraud" and name != "without holds"
    )


def check(seed: int, n_variants: int | None = None, *, measured: bool = False) -> int:
    """Asserts the rule for one story; returns the harshness on full data."""
    dice = random.Random(seed)
    told, advisor = story(seed), dice.choice(MEASURED if measured else ADVISORS)
    if measured:
        begun: list[Row] = [{"event_at": f"2026-0{m}-01", **MEASURE} for m in (3, 4)]
        told = {**told, "actions": [*told["actions"], *begun]}
    full = answer(advisor, events_of(told), LOOKED_AT)
    variants = list(poorer(told, advisor, dice))
    if n_variants is not None:
        variants = dice.sample(variants, min(n_variants, len(variants)))
    for name, events, tables, observed in variants:
        less = answer(advisor, events, tables, **observed)
        if not is_of_concern(less, advisor, name):
            continue
        assert harshness(less) <= limit(full), (
            f"story {seed}, {advisor.policy.reference}, {name}:"
            f" {less.action} instead of {full.action},"
            f" which withheld {[w.code for w in full.permission.withheld]}"
        )
    return limit(full)


@pytest.mark.slow
@settings(max_examples=N_SHORT)
@given(st.integers(0, 2**40))
def test_less_is_never_harsher(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@settings(max_examples=N_SHORT // 4)
@given(st.integers(0, 2**40))
def test_not_knowing_of_a_measure_is_never_harsher(seed: int) -> None:
    check(seed, measured=True)


@pytest.mark.long
def test_less_is_never_harsher_in_many_stories() -> None:
    for seed in range(N_LONG):
        check(seed, n_variants=5)


@pytest.mark.slow
def test_the_stories_come_near_a_stop() -> None:
    """Without stops on the full data the rule above would prove nothing."""
    stops = [check(seed, n_variants=0) for seed in range(400)]
    share = sum(severity > 0 for severity in stops) / len(stops)
    assert 0.1 < share < 0.9


def test_a_tail_is_cut_where_it_says() -> None:
    rows = story(3)["invoices"]
    end = datetime(2026, 3, 1, tzinfo=UTC)
    assert all(known_moment(row) <= end for row in cut(rows, end))
    assert len(cut(rows, AS_OF + timedelta(days=90))) == len(rows)
