from decimal import Decimal

from advice.promises import materiality_note, settlement_note, zone_note
from decisions.policy_file.load import default_policy
from features.settings import PortfolioSettings


def test_settlement_days_that_nobody_states_are_those_that_count() -> None:
    """The shipped policy publishes what the portfolio counts by default."""
    assert settlement_note(default_policy(), PortfolioSettings()) is None


def test_other_settlement_days_are_said() -> None:
    stated = PortfolioSettings(settlement_days={"cheque": 20})
    note = settlement_note(default_policy(), stated)
    assert note is not None
    assert "cheque 10 against 20" in note
    assert "bank_transfer" not in note


def test_a_larger_materiality_of_the_portfolio_is_noted() -> None:
    policy = default_policy()  # states 25 EUR
    same, larger = Decimal(25), Decimal("25.01")
    assert materiality_note(policy, PortfolioSettings(materiality=same)) is None
    note = materiality_note(policy, PortfolioSettings(materiality=larger))
    assert note is not None
    assert note.startswith("portfolio_materiality_holds: ")
    assert "from 25 EUR" in note
    assert "up to 25.01 EUR" in note


def test_a_policy_that_states_no_materiality_promises_none() -> None:
    stated = PortfolioSettings(currency="JPY", materiality=Decimal(100))
    assert materiality_note(default_policy(), stated) is None


def test_two_timezones_are_named() -> None:
    policy = default_policy()  # Europe/Brussels
    assert zone_note(policy, PortfolioSettings(timezone="Europe/Brussels")) is None
    note = zone_note(policy, PortfolioSettings(timezone="America/New_York"))
    assert note is not None
    assert note.startswith("policy_timezone: ")
    assert "(America/New_York)" in note
    assert "(Europe/Brussels)" in note
