"""Measures in force: holds, stops and overrides, all rows of one day among them."""

from datetime import UTC, datetime

import pytest

from features.facts import ActiveOverride
from tests.features.customer_rows import Row, facts_of


def both(row: Row, *subscriptions: str) -> list[Row]:
    names = subscriptions or ("s1", "s2")
    return [{**row, "event_at": "2024-06-12", "subscription_id": n} for n in names]


def test_two_exemptions_of_one_day_both_hold() -> None:
    held = facts_of(holds=both({"kind": "exemption", "until": "2024-12-31"})).holds
    assert [hold.subscription_id for hold in held] == ["s1", "s2"]


def test_two_stops_of_one_day_are_both_off_until_each_is_lifted() -> None:
    stops = both({"action": "suspend", "reason": "nonpayment"})
    off = facts_of(actions=stops).access_off
    assert [stop.subscription_id for stop in off] == ["s1", "s2"]
    again = {"action": "reactivate", "reason": "nonpayment"}
    [left] = facts_of(actions=[*stops, *both(again, "s1")]).access_off
    assert left.subscription_id == "s2"
    on = facts_of(actions=[*stops, *both(again)])
    assert on.access_off == ()
    assert len(on.actions_90d) == 4


def override(on: str, until: str, **more: str) -> Row:
    row = {"action": "none", "by": "r@example.org", "reason": "agreed by telephone"}
    return {**row, "event_at": f"2024-{on}T09:00:00Z", "until": f"2024-{until}", **more}


def test_an_override_says_who_decided_what_why_and_until_when() -> None:
    rows = [override("06-12", "07-31", decision_id="d1", subscription_id="s1")]
    assert facts_of(overrides=rows).overrides == (
        ActiveOverride(
            action="none",
            at=datetime(2024, 6, 12, 9, tzinfo=UTC),
            by="r@example.org",
            reason="agreed by telephone",
            until=datetime(2024, 7, 31, 23, 59, 59, 999999, tzinfo=UTC),
            decision_id="d1",
            subscription_id="s1",
        ),
    )


@pytest.mark.parametrize(
    ("rows", "actions"),
    [
        pytest.param([override("06-01", "06-29")], [], id="past its date"),
        pytest.param([override("06-01", "06-30")], ["none"], id="on its last day"),
        pytest.param(
            [override("06-01", "07-31"), override("06-02", "07-31", action="remind")],
            ["remind"],
            id="the latest stands",
        ),
        pytest.param(
            [override("06-01", "07-31"), override("06-02", "06-10", action="remind")],
            [],
            id="also when it has run out",
        ),
        pytest.param(
            [
                override("06-02", "07-31"),
                override("06-01", "07-31", action="review", subscription_id="s1"),
            ],
            ["review", "none"],
            id="one for a subscription, one for the account",
        ),
        pytest.param(
            [override("06-01", "07-31", known_at="2024-07-01T00:00:00Z")],
            [],
            id="not known yet",
        ),
    ],
)
def test_overrides_in_force(rows: list[Row], actions: list[str]) -> None:
    assert [o.action for o in facts_of(overrides=rows).overrides] == actions
    assert [o.action for o in facts_of(overrides=rows[::-1]).overrides] == actions


def begun(name: str, on: str, subscription_id: str | None = None) -> Row:
    row = {"action": name, "by": "automation", "event_at": f"2024-{on}T09:00:00Z"}
    return (
        row if subscription_id is None else row | {"subscription_id": subscription_id}
    )


@pytest.mark.parametrize(
    ("rows", "standing"),
    [
        pytest.param([begun("limit_spending", "06-01")], [None], id="begun"),
        pytest.param(
            [begun("limit_spending", "06-01"), begun("end_limit_spending", "06-01")],
            [],
            id="begun and ended within one moment",
        ),
        pytest.param(
            [begun("end_limit_spending", "06-01"), begun("limit_spending", "06-02")],
            [None],
            id="begun again",
        ),
        pytest.param(
            [begun("limit_spending", "06-01"), begun("end_restrict", "06-02")],
            [None],
            id="another one ended",
        ),
        pytest.param(
            [begun("limit_spending", "06-01"), begun("reactivate", "06-02")],
            [None],
            id="access came back, the measure stays",
        ),
        pytest.param(
            [
                begun("stop_meter", "06-01", "s1"),
                begun("stop_meter", "06-01", "s2"),
                begun("end_stop_meter", "06-02", "s1"),
            ],
            ["s2"],
            id="ended for one of two",
        ),
        pytest.param(
            [begun("stop_meter", "06-01", "s1"), begun("end_stop_meter", "06-02")],
            [],
            id="ended for all",
        ),
        pytest.param(
            [begun("limit_spending", "06-01") | {"known_at": "2024-07-02T00:00:00Z"}],
            [],
            id="not known yet",
        ),
    ],
)
def test_a_measure_stands_until_it_is_ended(
    rows: list[Row], standing: list[str | None]
) -> None:
    for order in (rows, rows[::-1]):
        found = facts_of(actions=order).measures
        assert [one.subscription_id for one in found] == standing
