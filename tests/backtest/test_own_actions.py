"""What a simulated policy did stands in the facts of the days that follow."""

from datetime import UTC, datetime, timedelta

from backtest.assumptions import Assumptions
from backtest.own_actions import OwnActions
from decisions import default_policy
from features.facts import ExecutedAction
from features.money import UNITS
from tests.decisions.decision_cases import overdue_facts

MAY = datetime(2026, 5, 4, tzinfo=UTC)
TERMS = default_policy().latest
STOP = ExecutedAction("suspend", MAY, "nonpayment", "automation", invoices=("i1",))


def test_what_is_written_off_after_a_stop_is_given_up() -> None:
    """100 had been given up before access was taken, and 300 were since.

    What no policy duns for (25) keeps no access off.
    """
    own = OwnActions("p@1", Assumptions())
    own.take_access(7, STOP, 0.5, 100 * UNITS)
    for lost, given_up in ((100, 0), (400, 300), (125, 25), (126, 26), (100, 0)):
        facts = overdue_facts(0, days=0, written_off=lost * UNITS)
        found = own.applied_to(7, facts).access_off
        assert [stop.given_up for stop in found] == [given_up * UNITS]
        assert own.gave_up(7, TERMS) == (given_up > 25)


def test_credit_makes_up_for_what_was_written_off() -> None:
    own = OwnActions("p@1", Assumptions())
    own.take_access(7, STOP, 0.5, 0)
    lost, credit = 300 * UNITS, 200 * UNITS
    facts = overdue_facts(0, days=0, written_off=lost, credit=credit)
    [found] = own.applied_to(7, facts).access_off
    assert found.given_up == 100 * UNITS


def test_a_stop_for_fraud_gives_no_money_up() -> None:
    own = OwnActions("p@1", Assumptions())
    own.take_access(7, ExecutedAction("block", MAY, "fraud", "automation"), 0.1, 0)
    own.applied_to(7, overdue_facts(0, days=0, written_off=300 * UNITS))
    assert not own.gave_up(7, TERMS)
    own.give_back(7, MAY + timedelta(days=1))
    assert own.without_access == ()
