"""A backtest of a policy reads recorded notices as a switch to it would."""

from dataclasses import replace
from datetime import timedelta

import pytest

from backtest.policy_run import as_if_sent_by
from decisions import Case, Policy, default_policy, recommend
from decisions.policy_file.load import parse_document
from features.facts import Notice
from tests.decisions.decision_cases import TUESDAY, overdue_facts

OURS = ("reminder_1", "reminder_2", "final_notice")
THEIRS = ("first letter", "second letter", "last letter")


def _accepting(policy: str | None) -> Policy:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["notices"]["accept_notices"] = [
        {"notice": old, "policy": policy, "counts_as": new, "until": "2026-08-31"}
        | {"because": "the same words, sent by the same team"}
        for old, new in zip(THEIRS, OURS, strict=True)
    ]
    return Policy(parse_document(values, "test"))


@pytest.mark.parametrize(
    ("names", "accepted_of", "sent_under", "stops"),
    [
        pytest.param(OURS, "else", "old-dunning@4", True, id="its own names"),
        pytest.param(THEIRS, "old-dunning", "old-dunning@4", True, id="accepted"),
        pytest.param(THEIRS, None, None, True, id="of no policy, accepted of any"),
        pytest.param(THEIRS, "else", "old-dunning@4", False, id="accepted of another"),
    ],
)
def test_which_recorded_notices_count(
    names: tuple[str, ...], accepted_of: str | None, sent_under: str | None, stops: bool
) -> None:
    moments = (TUESDAY - timedelta(days=ago) for ago in (35, 28, 20))
    told = tuple(
        Notice(name, at, delivered_at=at, policy=sent_under)
        for name, at in zip(names, moments, strict=True)
    )
    policy = _accepting(accepted_of)
    recorded = replace(overdue_facts(), notices=told)
    case = Case(as_if_sent_by(policy.latest, recorded), 0.0, 0.6)
    assert (recommend(case, policy, TUESDAY).action == "suspend") is stops
