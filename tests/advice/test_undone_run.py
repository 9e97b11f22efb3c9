"""What a run took and a person gave back is held against nobody."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from decisions.recommendation import Recommendation
from features.catalogue import feature_set
from features.moments import microseconds
from features.online import OnlineCompiler
from tests.advice.stories import AS_OF, Row, story
from tests.advice.test_less_is_never_harsher import (
    ADVISORS,
    LOOKED_AT,
    SETTINGS,
    answer,
    events_of,
    harshness,
)

EVERYTHING = SETTINGS.model_copy(update={"tables": LOOKED_AT})
COMPILER = OnlineCompiler(feature_set(EVERYTHING), EVERYTHING)
N_STORIES = 60


def undone_run(reason: str) -> list[Row]:
    """Access taken and given back by a person's order, and a measure with its end."""
    taken = (AS_OF - timedelta(days=9)).isoformat()
    back = (AS_OF - timedelta(days=8)).isoformat()
    by_automation = {"event_at": taken, "by": "automation", "reason": reason}
    by_person = {"event_at": back, "by": "person", "reason": "manual"}
    return [
        {"action": "suspend", **by_automation},
        {"action": "reactivate", **by_person},
        {"action": "limit_spending", **by_automation},
        {"action": "end_limit_spending", **by_person},
    ]


def held(found: Recommendation) -> set[str]:
    return {hold.kind for hold in found.permission.holds if not hold.protects}


@pytest.mark.parametrize("reason", ["nonpayment", "fraud"])
def test_an_undone_run_changes_no_feature_and_makes_nothing_harsher(
    reason: str,
) -> None:
    n_stops = 0
    for seed in range(N_STORIES):
        rows = {**story(seed), "actions": []}
        before, after = (
            events_of({**rows, "actions": done}) for done in ([], undone_run(reason))
        )
        one, two = (COMPILER(events, microseconds(AS_OF)) for events in (before, after))
        assert np.array_equal(one, two, equal_nan=True)
        for advisor in ADVISORS[::3]:
            never = answer(advisor, before, LOOKED_AT)
            undone = answer(advisor, after, LOOKED_AT)
            n_stops += harshness(never) > 0
            assert harshness(undone) <= harshness(never)
            assert held(undone) <= held(never)
            assert undone.permission.measures_in_force == ()
            state = undone.permission.ladder_state
            assert state == never.permission.ladder_state
            if undone.proposal is not None and never.proposal is not None:
                same = replace(undone.proposal, stability=never.proposal.stability)
                if advisor.policy.document.mode == "cost":
                    assert same.expected_cost == never.proposal.expected_cost
    assert n_stops > 0
