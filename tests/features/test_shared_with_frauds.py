"""What a customer shares with known frauds, as the links say it."""

from datetime import UTC, datetime

from features.facts import SharedWithFrauds
from tests.features.customer_rows import Row, facts_of


def link(other_id: str, *statuses: str, kind: str = "instrument", on: int = 1) -> Row:
    day = f"2024-06-{on:02}T00:00:00Z"
    return {
        "kind": kind,
        "other_id": other_id,
        "shared_id": f"{kind}-1",
        "event_at": day,
        "status": statuses[0] if statuses else "shared",
    }


def fraud(other_id: str, on: int, **more: str) -> Row:
    return {**link(other_id, "fraud", on=on), **more}


def on(day: int) -> datetime:
    return datetime(2024, 6, day, tzinfo=UTC)


def test_each_thing_with_how_many_share_it_and_since_when_frauds_are_known() -> None:
    shared = [link(other) for other in ("a", "b", "c")]
    others = [link("d", kind="device"), link("a", kind="device")]
    rows = [*shared, *others, fraud("a", 9), fraud("b", 4)]
    [found] = facts_of(links=rows).shared_with_frauds
    assert found == SharedWithFrauds("instrument", 3, (on(4), on(9)))


def test_a_fraud_counts_once_known_and_until_it_is_cleared() -> None:
    rows = [link("a"), link("b"), fraud("b", 2, known_at="2024-07-02T00:00:00Z")]
    assert facts_of(links=rows).shared_with_frauds == ()
    cleared = {**fraud("a", 2), "known_at": "2024-06-20T00:00:00Z", "retracted": True}
    assert facts_of(links=[*rows, fraud("a", 2), cleared]).shared_with_frauds == ()
    [found] = facts_of(links=[*rows, fraud("a", 2)]).shared_with_frauds
    assert found == SharedWithFrauds("instrument", 2, (on(2),))


def test_a_fraud_row_tells_of_its_link_and_links_without_a_thing_are_one() -> None:
    rows = [{**fraud(other, 3), "shared_id": None} for other in ("a", "b")]
    [found] = facts_of(links=rows).shared_with_frauds
    assert found == SharedWithFrauds("instrument", 2, (on(3), on(3)))


def test_without_links_nothing_is_known_to_be_shared() -> None:
    assert facts_of().shared_with_frauds == ()
