"""Shadows follow the chain, count nothing twice and are in backups."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from store.backup import back_up, restore
from store.decisions import Decision
from store.opening import (
    open_decision_store,
    open_shadows,
    upgrade,
)
from store.schema import DECISIONS
from store.shadows import Decider, Shadows
from store.upgrade import upgrade_file, upgrade_server
from tests.store.memory_store import a_decision
from tests.store.postgres_server import MakeUrl

Place = tuple[Path, str | None]
OLD = Decider({"fraud": "f-1", "nonpayment": "n-1"}, "p1")
NEW = Decider({"fraud": "f-1", "nonpayment": "n-2"}, "p1")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A store of the form before, upgraded, with three decisions."""
    url = None
    if request.param == "postgres":
        make_url: MakeUrl = request.getfixturevalue("postgres_url")
        url = make_url()
        upgrade_server(url, DECISIONS, "0014")
    else:
        upgrade_file(tmp_path / "decisions.sqlite", DECISIONS, "0014")
    upgrade(tmp_path, url)
    with closing(open_decision_store(tmp_path, url)) as store:
        for number in (3, 1, 2):  # committed in another order than that of their ids
            asyncio.run(store.record(a_decision(number), {}))
    return tmp_path, url


@pytest.fixture
def shadows(place: Place) -> Iterator[Shadows]:
    opened = open_shadows(*place)
    yield opened
    opened.close()


def test_decisions_come_in_the_order_of_their_commits(shadows: Shadows) -> None:
    shadow = shadows.begun(OLD, NEW, 0)
    made = [a_decision(number).decision_id for number in (3, 1, 2)]
    assert [entry.decision_id for entry in shadows.after(shadow, 10)] == made
    [first, second] = shadows.after(shadow, 2)
    assert first.decision == a_decision(3)
    rest = shadows.after(replace(shadow, position=second.position), 2)
    assert [entry.decision_id for entry in rest] == made[2:]


def test_a_shadow_begins_at_its_moment_and_only_once(shadows: Shadows) -> None:
    moment = a_decision(2).recorded_at
    shadow = shadows.begun(OLD, NEW, moment)
    assert all(e.recorded_at >= moment for e in shadows.after(shadow, 10))
    assert shadows.begun(OLD, NEW) == shadow  # goes on as it began
    # until it has looked at a decision it can begin elsewhere
    shadow = shadows.begun(OLD, NEW, moment - 1)
    assert shadow.since == moment - 1
    looked = replace(shadow, position=1)
    assert shadows.advance(shadow, looked)
    assert shadows.begun(OLD, NEW, moment) == looked
    other = shadows.begun(NEW, OLD)
    assert other.shadow_id != shadow.shadow_id
    assert {one.shadow_id for one in shadows.listed()} == {
        shadow.shadow_id,
        other.shadow_id,
    }


def test_of_two_looks_at_once_one_counts(shadows: Shadows) -> None:
    shadow = shadows.begun(OLD, NEW, 0)
    now = replace(shadow, position=2, n=2, content="{}", updated_at=5)
    assert shadows.advance(shadow, now)
    assert not shadows.advance(shadow, replace(now, n=3))
    assert shadows.listed() == [now]


def test_a_backup_holds_shadows(shadows: Shadows, place: Place, tmp_path: Path) -> None:
    shadow = shadows.begun(OLD, NEW, 7)
    file, again = tmp_path / "kept.sqlite", tmp_path / "again"
    back_up(*place, file)
    restore(again, None, file)
    with closing(open_shadows(again)) as restored:
        assert restored.listed() == [shadow]


def test_an_example_goes_with_its_decision(shadows: Shadows, place: Place) -> None:
    """Also where a look that began before the removal ends after it."""
    erased, kept = a_decision(7, customer_id="other"), a_decision(2)
    with closing(open_decision_store(*place)) as store:
        asyncio.run(store.record(erased, {}))

    def content(*shown: Decision) -> str:
        examples = [{"decision_id": one.decision_id, "open": 9.0} for one in shown]
        return json.dumps({"examples": examples, "total": {"n": 2}}, sort_keys=True)

    first = shadows.begun(OLD, NEW)
    shown = replace(first, position=2, n=2, content=content(erased, kept))
    assert shadows.advance(first, shown)
    with closing(open_decision_store(*place)) as store:
        asyncio.run(store.erase(erased.customer_id, 2**60))
    [now] = shadows.listed()
    assert now == replace(shown, content=content(kept))
    late = replace(shown, position=3)  # read before, still with both
    assert shadows.advance(shown, late)
    assert shadows.listed() == [replace(late, content=content(kept))]
