"""Whom `fraud_path.linked` brings before a person where good customers share, too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from decisions import Policy, default_policy
from decisions.policy_file.load import parse_document
from decisions.rules.linked import linked_frauds
from features.account import facts_over_time
from features.events import FOREVER
from features.facts import AccountFacts
from features.fraud_signs import FraudSigns
from features.moments import DAY_US, microseconds
from features.portfolio import Portfolio
from simulation.run import simulate
from simulation.worlds import CALM

SHARING = replace(
    CALM, name="sharing", household_share=0.2, office_share=0.3, ring_share_careful=0.5
)
FRAUDSTERS = frozenset({"first_party", "stolen_card"})


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Portfolio, Mapping[str, str]]:
    """A portfolio, and what each customer is."""
    folder = tmp_path_factory.mktemp("sharing") / "world"
    simulate(SHARING, 2_500, 20, 2, folder, usage_every="week")
    people = pq.read_table(folder.with_name("world.oracle") / "people.parquet")
    ids, kinds = (people[name].to_pylist() for name in ("customer_id", "kind"))
    return Portfolio.open(folder), dict(zip(ids, kinds, strict=True))


def facts_of_a_year(portfolio: Portfolio) -> Iterator[AccountFacts]:
    """Twelve times thirty days, of whoever was ever linked with a fraud."""
    links = portfolio.tables["links"]
    linked = links.filter(links.status == "fraud").customer_id
    ids = sorted(set(portfolio.connection.to_pyarrow(linked).to_pylist()))
    moments = [portfolio.observed_until - 30 * n * DAY_US for n in range(12, 0, -1)]
    for events in portfolio.iter_events(ids):
        yield from facts_over_time(events, moments, portfolio.settings)


def looked_at(
    year: Sequence[AccountFacts], signs: FraudSigns, policy: Policy
) -> dict[str, int]:
    """Who is looked at before a sign of their own, and when first (µs since 1970)."""
    first: dict[str, int] = {}
    for facts in year:
        at = microseconds(facts.as_of)
        is_known = signs.first_known(facts.customer_id, -FOREVER, at, at) is not None
        if not is_known and linked_frauds(policy.latest, facts, facts.as_of):
            first.setdefault(facts.customer_id, at)
    return first


def at_least(min_frauds: int) -> Policy:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["fraud_path"]["linked"]["min_frauds"] = min_frauds
    return Policy(parse_document(values, "test"))


@pytest.mark.slow
def test_two_known_frauds_find_fraudsters_and_one_some_good_customers(
    world: tuple[Portfolio, Mapping[str, str]],
) -> None:
    """The world is drawn from one seed: no false alarm unless what is tested changes.

    Of 2,500 customers 20 are looked at in a year, all fraudsters, 12 of them before a
    sign of their own; one fraud is enough for 34, of whom 5 are none.
    """
    portfolio, kinds = world
    signs, until = FraudSigns(portfolio), portfolio.observed_until
    year = list(facts_of_a_year(portfolio))
    found = looked_at(year, signs, default_policy())
    assert len(found) >= 15
    assert {kinds[customer_id] for customer_id in found} <= FRAUDSTERS
    reported = [
        customer_id
        for customer_id, at in found.items()
        if signs.first_known(customer_id, at, FOREVER, until) is not None
    ]
    assert len(reported) >= len(found) / 2
    by_one = looked_at(year, signs, at_least(1))
    assert found.keys() < by_one.keys()
    assert {kinds[customer_id] for customer_id in by_one} - FRAUDSTERS
