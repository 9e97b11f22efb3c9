from advice.promises import settlement_note
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
