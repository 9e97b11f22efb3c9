"""A challenger is asked what was decided, and no answer depends on it."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from httpx import Client

from advice.assembly import DEFAULT_POLICY
from advice.errors import WrongTargetError
from decisions.policy_file.load import SHIPPED, default_policy
from monitoring.shadow import Comparison
from serving import shadow as shadow_module
from serving.decide import advised
from serving.openapi import EXAMPLE
from serving.settings import ServingSettings
from serving.shadow import ALTERED, OTHER_DECIDER, SameAsChampionError, follow
from store.errors import NoDecisionsError
from store.opening import open_database, open_shadows
from tests.serving.conftest import a_bundle, published
from tests.serving.test_replay import (
    asking,
    changed,
    decided,
    erase_events,
    find,
    place,
    record,
    stored,
)

__all__ = ["asking", "place"]  # fixtures
HARSHER = {"nonpayment": a_bundle("nonpayment", intercept=1.0)}


def compared(settings: ServingSettings) -> Comparison:
    with closing(open_shadows(*settings.store)) as shadows:
        return Comparison.from_json(shadows.listed()[0].content)


def test_decisions_of_requests_events_and_features_are_compared(
    asking: Client, place: ServingSettings
) -> None:
    made = [decided(asking, **EXAMPLE), *stored(asking, "a", "b")]
    erase_events(place, "b")
    found = follow(place, HARSHER)
    assert (found.n, found.n_failed) == (3, 0)
    both = compared(place)
    assert both.left_out == {}
    moves = both.moves["nonpayment"]
    assert moves.n == 3
    assert moves.sum_after > moves.sum_before
    assert both.moves["fraud"].sum_moved == 0.0  # keeps its champion
    assert sum(group.n for group in both.segments.values()) == 3
    assert {one["decision_id"] for one in both.examples} <= set(made)


def test_the_champion_asked_again_would_decide_the_same(
    asking: Client, place: ServingSettings
) -> None:
    """So what differs comes of the challenger, not of asking after the fact."""
    decided(asking, **EXAMPLE)
    stored(asking, "a", "b")
    erase_events(place, "b")
    same = replace(a_bundle("nonpayment"), n_customers=77)  # another id, equal numbers
    found = follow(place, {"nonpayment": same})
    assert (found.n, found.n_different) == (3, 0)
    assert compared(place).moves["nonpayment"].largest == 0.0


def test_a_policy_is_a_challenger_too(asking: Client, place: ServingSettings) -> None:
    made = decided(asking, **EXAMPLE)
    found = follow(place, {}, SHIPPED / "plain-timeline.yaml")
    assert found.champion.bundles == found.challenger.bundles
    assert (found.n, found.n_different) == (1, 1)
    [example] = compared(place).examples
    assert example["decision_id"] == made
    assert example["open"] > 0


def test_a_run_goes_on_where_the_last_one_ended(
    asking: Client, place: ServingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_module, "_STEP", 2)
    decided(asking, **EXAMPLE)
    stored(asking, "a", "b")
    first = follow(place, HARSHER)
    assert follow(place, HARSHER) == first
    stored(asking, "c")
    second = follow(place, HARSHER)
    assert (first.n, second.n) == (3, 4)
    assert second.shadow_id == first.shadow_id
    at_once = follow(place, {"nonpayment": a_bundle("nonpayment", intercept=1.5)})
    assert at_once.n == 4


def test_decisions_of_others_and_altered_ones_are_left_out_and_counted(
    asking: Client, place: ServingSettings
) -> None:
    other = decided(asking, **EXAMPLE)
    later = follow(place, HARSHER, since=2**60)
    assert later.n == 0
    with closing(open_database(*place.store)) as db, db.transaction():
        db.run("UPDATE decisions SET sealed = ? WHERE decision_id = ?", b"no", other)
    published(a_bundle("nonpayment", intercept=-2.5), place.home)
    decided(asking, **EXAMPLE)  # by the model before, or by the new one
    found = follow(place, {"nonpayment": a_bundle("nonpayment", intercept=0.5)})
    left_out = compared(place).left_out
    assert left_out[ALTERED] == 1
    assert found.n + left_out.get(OTHER_DECIDER, 0) == 1
    assert found.n_failed == 0


def test_a_decision_under_the_former_hash_of_the_policy_is_compared(
    asking: Client, place: ServingSettings
) -> None:
    """An earlier build wrote every default of the same policy into its hash."""
    made = find(place, decided(asking, **EXAMPLE))
    before = default_policy().full_hash
    answer = made.answer.replace(made.policy_hash.encode(), before.encode())
    former = changed(made, "e1", policy_hash=before, answer=answer)
    record(place, former, documents={before: DEFAULT_POLICY.read_text()})
    assert follow(place, HARSHER).n == 2
    assert compared(place).left_out == {}


def test_what_the_challenger_cannot_answer_is_counted_as_its_failure(
    asking: Client, place: ServingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(asking, **EXAMPLE)

    def refuse(*_: object) -> object:
        raise WrongTargetError("b", "fraud", "nonpayment")

    monkeypatch.setattr(shadow_module, "advised", refuse)
    found = follow(place, HARSHER)
    assert (found.n, found.n_failed) == (0, 1)
    assert compared(place).left_out == {WrongTargetError.code: 1}


def test_answers_are_the_same_whatever_the_challenger_does(
    asking: Client, place: ServingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service does not know of it: while one breaks, it answers as before."""
    before = asking.post("/v1/score", json=EXAMPLE).json()

    def breaks(*words: object) -> object:
        during.append(asking.post("/v1/score", json=EXAMPLE).json())
        raise RuntimeError

    during: list[dict[str, object]] = []
    monkeypatch.setattr(shadow_module, "advised", breaks)
    with pytest.raises(RuntimeError):
        follow(place, HARSHER)
    [answer] = during
    own = "decision_id", "recorded_at"
    assert {k: v for k, v in answer.items() if k not in own} == {
        k: v for k, v in before.items() if k not in own
    }
    monkeypatch.setattr(shadow_module, "advised", advised)
    assert follow(place, HARSHER).n == 2  # nothing was skipped by the break


def test_the_path_of_an_answer_does_not_import_it() -> None:
    """The desk shows what it found."""
    serving = Path(shadow_module.__file__).parent
    importing = [
        file.name
        for file in serving.rglob("*.py")
        if "desk" not in file.relative_to(serving).parts
        and (
            "serving.shadow" in file.read_text("utf-8")
            or "store.shadows" in file.read_text("utf-8")
        )
    ]
    assert importing == ["shadow.py"]


def test_the_champion_is_no_challenger_of_itself(
    asking: Client, place: ServingSettings
) -> None:
    decided(asking, **EXAMPLE)
    with pytest.raises(SameAsChampionError, match="no challenger"):
        follow(place, {"nonpayment": a_bundle("nonpayment")})


def test_where_nothing_was_decided_there_is_nothing_to_compare(
    settings: ServingSettings,
) -> None:
    published(a_bundle("nonpayment"), settings.home)
    with pytest.raises(NoDecisionsError):
        follow(settings, HARSHER)


def test_two_runs_at_once_count_nothing_twice(
    asking: Client, place: ServingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(asking, **EXAMPLE)

    def overtaken(*words: object) -> object:
        monkeypatch.setattr(shadow_module, "advised", advised)
        assert follow(place, HARSHER).n == 1
        return advised(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(shadow_module, "advised", overtaken)
    follow(place, HARSHER)
    with closing(open_shadows(*place.store)) as shadows:
        [shadow] = shadows.listed()
    assert shadow.n == 1
    assert json.loads(shadow.content)["total"]["n"] == 1
