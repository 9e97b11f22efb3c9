"""What a challenger would change, counted by action, segment and money."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.actions import ACTIONS
from monitoring.shadow import (
    MOST_EXAMPLES,
    NO_DECISION,
    UNKNOWN,
    ComparedAdvice,
    ComparedDecision,
    Comparison,
)

COST = {"none": 100.0, "remind": 80.0, "suspend": 50.0}


def a_side(
    action: str | None, p: float = 0.2, cost: dict[str, float] | None = None
) -> ComparedAdvice:
    return ComparedAdvice(action, {"nonpayment": p}, cost)


def one(
    before: ComparedAdvice,
    after: ComparedAdvice,
    amount: float | None = 50.0,
    segment: str | None = "smb",
) -> ComparedDecision:
    return ComparedDecision("d1", 1, segment, amount, before, after)


def test_every_group_counts_what_changes() -> None:
    both = Comparison()
    both.add(one(a_side("none"), a_side("suspend", 0.3), 500.0))
    both.add(one(a_side("suspend"), a_side("remind"), None, None))
    both.add(one(a_side("remind"), a_side("remind", 0.21)))
    total = both.total
    assert (total.n, total.n_different, total.n_harsher) == (3, 2, 1)
    assert (total.n_stops, total.n_stops_after) == (1, 1)
    assert total.open_different == 500.0
    assert both.actions == {
        "none": {"suspend": 1},
        "suspend": {"remind": 1},
        "remind": {"remind": 1},
    }
    assert {name: g.n for name, g in both.segments.items()} == {"smb": 2, UNKNOWN: 1}
    assert set(both.bands) == {"100 to 1,000", UNKNOWN, "below 100"}
    moves = both.moves["nonpayment"]
    assert (moves.n, moves.n_moved) == (3, 1)
    assert moves.largest == pytest.approx(0.1)
    assert moves.sum_moved == pytest.approx(0.11)


def test_costs_are_those_of_the_actions_by_either_model() -> None:
    both = Comparison()
    dear = {"none": 10.0, "remind": 8.0, "suspend": 60.0}
    both.add(one(a_side("suspend", cost=COST), a_side("remind", cost=dear)))
    both.add(one(a_side("suspend", cost=COST), a_side("remind")))  # cannot price it
    both.add(one(a_side("none", cost=COST), a_side("none", cost=dear)))
    assert (both.costs.n, both.costs.by_champion) == (1, 30.0)
    assert both.costs.by_challenger == -52.0


def test_no_decision_is_no_action_and_no_probability_no_zero() -> None:
    both = Comparison()
    both.add(one(ComparedAdvice(None, {}, None), a_side("none")))
    assert both.actions == {NO_DECISION: {"none": 1}}
    assert (both.moves["nonpayment"].n, both.moves["nonpayment"].n_one_sided) == (0, 1)
    assert both.total.n_harsher == 0  # neither does anything
    both.add(one(ComparedAdvice(None, {}, None), a_side("remind")))
    both.add(one(a_side("none"), ComparedAdvice(None, {}, None)))
    assert both.total.n_harsher == 1


def test_examples_are_where_most_is_open() -> None:
    both = Comparison()
    for number in range(30):
        one_ = ComparedDecision(
            f"d{number:02}", 1, None, number, a_side("none"), a_side("remind")
        )
        both.add(one_)
    assert len(both.examples) == MOST_EXAMPLES
    assert [e["decision_id"] for e in both.examples[:2]] == ["d29", "d28"]


SIDES = st.builds(
    ComparedAdvice,
    st.sampled_from([None, *ACTIONS]),
    st.dictionaries(st.sampled_from(["fraud", "nonpayment"]), st.floats(0, 1)),
    st.none(),
)
ROWS = st.builds(
    ComparedDecision,
    st.text("abc", min_size=1),
    st.integers(0, 9),
    st.sampled_from([None, "smb", "large"]),
    st.none() | st.floats(0, 1e6),
    SIDES,
    SIDES,
)


@given(st.lists(ROWS, max_size=20), st.integers(0, 20))
def test_an_interrupted_comparison_ends_as_one_without_a_break(
    rows: list[ComparedDecision], first: int
) -> None:
    whole, broken = Comparison(), Comparison()
    for row in rows:
        whole.add(row)
    for row in rows[:first]:
        broken.add(row)
    broken = Comparison.from_json(broken.to_json())
    for row in rows[first:]:
        broken.add(row)
    assert broken == whole
    assert whole.total.n == sum(sum(row.values()) for row in whole.actions.values())
    assert Comparison.from_json("") == Comparison()
