"""What a decision about stored events was computed from, recorded with it.

The events themselves may have gone when it is replayed: their retention is shorter than
that of decisions. Facts and features are then what the policy and the models read
again. A decision about events of its own request needs none: its request is recorded.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from msgspec import json
from pydantic import ConfigDict, TypeAdapter

from advice.advice import Inputs
from features.facts import AccountFacts
from features.made_often import dataclass
from serving.prior_decisions import StoredEvents


@dataclass(frozen=True, slots=True)
class RecordedInputs:
    """Facts and features as they were, and what was said about the events.

    Args:
        facts: of the account, as of the moment of the decision.
        features: values by target, in the order of its feature set; null is missing.
        observed: up to when tables were complete.
        warnings: about rows of the events.
    """

    __pydantic_config__ = ConfigDict(defer_build=True)  # a replay reads it, no score

    facts: AccountFacts
    features: Mapping[str, tuple[float | None, ...]]
    observed: Mapping[str, datetime]
    warnings: tuple[str, ...]

    @classmethod
    def of(
        cls,
        inputs: Inputs,
        observed: Mapping[str, datetime],
        warnings: tuple[str, ...],
    ) -> "RecordedInputs":
        """Of what the advisor was given; NaN among the features becomes None."""
        features = {
            target: tuple([None if v != v else v for v in row.tolist()])
            for target, row in inputs.rows.items()
        }
        return cls(inputs.facts, features, observed, warnings)

    def inputs(self) -> Inputs:
        """As the advisor takes them."""
        rows = {
            target: np.array([np.nan if v is None else v for v in values], np.float64)
            for target, values in self.features.items()
        }
        return Inputs(self.facts, rows)

    def named(self, names: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """As JSON values; features by name, `names` being those of each target."""
        content: dict[str, Any] = _FORM.dump_python(self, mode="json")
        for tables in ("tables", "rejected"):
            content["facts"][tables].sort()  # sets
        content["features"] = {
            target: dict(zip(names[target], values, strict=True))
            for target, values in content["features"].items()
        }
        return content

    def to_json(self) -> str:
        """The text that is recorded with the decision."""
        return json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "RecordedInputs":
        """What `to_json` wrote.

        Raises:
            pydantic.ValidationError: another text.
        """
        return _FORM.validate_json(text)


_FORM = TypeAdapter(RecordedInputs)


def recorded_inputs(
    stored: StoredEvents | None,
    inputs: Inputs,
    observed: Mapping[str, datetime],
    warnings: tuple[str, ...],
) -> str | None:
    """JSON to record; None where the request itself holds the events."""
    if stored is None:
        return None
    # NaN need not become None first: it is null in msgspec's JSON
    features = {target: tuple(row.tolist()) for target, row in inputs.rows.items()}
    return RecordedInputs(inputs.facts, features, observed, warnings).to_json()
