"""What is recorded of stored events reads back as what the advisor was given."""

from datetime import UTC, datetime

import numpy as np

from advice.advice import Inputs
from features.facts import AccountFacts
from serving.prior_decisions import StoredEvents
from serving.recorded_inputs import RecordedInputs, recorded_inputs


def test_a_missing_feature_is_null_and_reads_back_as_missing() -> None:
    facts = AccountFacts("c1", datetime(2026, 6, 30, tzinfo=UTC), "unknown")
    inputs = Inputs(facts, {"fraud": np.array([1.5, np.nan, -0.0])})
    observed = {"payments": datetime(2026, 6, 30, tzinfo=UTC)}
    text = recorded_inputs(StoredEvents(7, "ab"), inputs, observed, ("odd",))
    assert text is not None
    of_replay = RecordedInputs.of(inputs, observed, ("odd",))
    assert text == of_replay.to_json()
    assert RecordedInputs.from_json(text) == of_replay
    [row] = RecordedInputs.from_json(text).inputs().rows.values()
    np.testing.assert_array_equal(row, inputs.rows["fraud"])
