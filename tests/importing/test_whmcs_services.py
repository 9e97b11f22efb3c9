"""WHMCS: services with their price and end, exemptions, orders marked as fraud."""

from pathlib import Path

import pytest

from importing.errors import (
    RateMissingError,
)
from tests.importing.tables import rows_of
from tests.importing.whmcs_tables import Row, Run, client, run

__all__ = ["run"]


def hosted(status: str = "Active") -> Row:
    row: Row = {"id": 4, "userid": 1, "packageid": 3, "regdate": "2025-10-01"}
    row |= {"amount": "9", "billingcycle": "Monthly", "domainstatus": status}
    return row | {"termination_date": "0000-00-00"}


def test_services_cost_by_the_month_and_end(run: Run, portfolio: Path) -> None:
    def service(id_: int, cycle: str, status: str, **values: object) -> Row:
        row: Row = {"id": id_, "userid": 1, "packageid": 3, "regdate": "2025-10-01"}
        row |= {"amount": "120", "billingcycle": cycle, "domainstatus": status}
        return row | {"termination_date": "0000-00-00"} | values

    report = run(
        hosting=[
            service(1, "Annually", "Active"),
            service(2, "Monthly", "Terminated", termination_date="2026-02-01"),
            service(3, "Monthly", "Pending"),
            service(4, "Monthly", "Suspended", overideautosuspend=1),
        ],
        products=[{"id": 3, "name": "Starter"}],
    )

    rows = rows_of(portfolio, "subscriptions")
    kinds = {(r["subscription_id"], r["kind"]) for r in rows}
    assert kinds == {
        ("1", "started"),
        ("2", "started"),
        ("2", "ended"),
        ("4", "started"),
    }
    assert {r["unit_price"] for r in rows if r["subscription_id"] == "1"} == {10}
    (hold,) = rows_of(portfolio, "holds")
    assert (hold["kind"], hold["subscription_id"]) == ("exemption", "4")
    assert any("since when" in note.text for note in report.notes)


def test_a_price_in_another_currency_needs_a_rate(run: Run, portfolio: Path) -> None:
    with pytest.raises(RateMissingError, match="KWD"):
        run(clients=[client(currency=2)], hosting=[hosted()])
    run(clients=[client(currency=2)], hosting=[hosted()], rates={"KWD": 3.0})

    assert rows_of(portfolio, "subscriptions")[0]["unit_price"] == 27


def test_a_service_ends_once_and_goes_on_when_it_is_active_again(
    run: Run, portfolio: Path
) -> None:
    states = ("Terminated", "Terminated", "Active", "Active")
    for month, status in enumerate(states, start=3):
        run(f"2026-{month:02}-01", hosting=[hosted(status)])

    told = [
        (row["kind"], row["retracted"], row["known_at"].month)
        for row in rows_of(portfolio, "subscriptions")[1:]
    ]
    assert told == [("ended", None, 3), ("ended", True, 5)]


def test_an_exemption_that_is_over_is_taken_back(run: Run, portfolio: Path) -> None:
    def service(is_exempt: int) -> Row:
        row: Row = {"id": 4, "userid": 1, "packageid": 3, "regdate": "2025-10-01"}
        row |= {"amount": "9", "billingcycle": "Monthly", "domainstatus": "Active"}
        return row | {"overideautosuspend": is_exempt}

    for at, is_exempt in (("2026-04-01", 1), ("2026-05-01", 1), ("2026-06-01", 0)):
        run(at, hosting=[service(is_exempt)])

    known = [(h["known_at"].month, h["retracted"]) for h in rows_of(portfolio, "holds")]
    assert known == [(4, None), (6, True)]


def test_an_order_marked_as_fraud_is_an_outcome(run: Run, portfolio: Path) -> None:
    run(
        orders=[
            {"id": n, "userid": 1, "date": "2026-05-01 10:00:00", "status": s}
            | {"fraudmodule": module}
            for n, s, module in (
                (1, "Active", ""),
                (2, "Fraud", ""),
                (3, "Fraud", "maxmind"),
            )
        ]
    )

    found = {(o["source"], o["strength"]) for o in rows_of(portfolio, "outcomes")}
    assert found == {("order 2", "analyst"), ("order 3", "warning")}


def test_an_order_that_was_set_back_is_fraud_no_more(run: Run, portfolio: Path) -> None:
    order: Row = {"id": 2, "userid": 1, "date": "2026-02-01 10:00:00"}
    for month, status in enumerate(("Fraud", "Active", "Active", "Fraud"), start=3):
        run(f"2026-{month:02}-01", orders=[order | {"status": status}])

    told = rows_of(portfolio, "outcomes")
    assert [(o["retracted"], o["known_at"].month) for o in told] == [
        (None, 3),
        (True, 4),
        (None, 6),
    ]
