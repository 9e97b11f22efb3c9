"""A customer who is left between two states is named."""

from execution.recheck import PERMITTED, refused
from execution.stopped_in_part import StoppedInPart, stopped_in_part
from tests.execution.conftest import an_act
from tests.execution.test_carry_out import Bench, bench

__all__ = ["bench"]


def test_a_policy_that_changes_in_the_middle_leaves_a_part(bench: Bench) -> None:
    bench.fake.add("acme", "s2")
    acts = [an_act(), an_act(subscription="s2")]
    bench.acts.plan(acts)
    assert stopped_in_part(bench.acts, acts) == []  # nothing has begun
    bench.recheck.verdicts += [PERMITTED, refused("policy_changed")]
    bench.run()
    assert stopped_in_part(bench.acts, acts) == [
        StoppedInPart("acme", acts[0].run_id, ("s1",), {"s2": "policy_changed"})
    ]
    assert stopped_in_part(bench.acts, []) == []


def test_what_somebody_else_stopped_is_no_rest(bench: Bench) -> None:
    bench.fake.add("acme", "s2", Status="suspended")
    acts = [an_act(), an_act(subscription="s2")]
    assert "done" in bench.run(*acts)
    assert stopped_in_part(bench.acts, acts) == []
