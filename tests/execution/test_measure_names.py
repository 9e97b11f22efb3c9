"""The contract's measures, a policy's, a provider's and those of acts are the same."""

from typing import get_args

from execution.measures import ENDS, ORDERS
from execution.port import Offer, PlainMeasure
from features.contract import MEASURES
from store.act import ACT_KINDS, EndKind


def test_every_measure_is_an_act_and_something_a_provider_offers() -> None:
    assert {*MEASURES} < {*ACT_KINDS}
    assert {*get_args(Offer)} == {*MEASURES, "alerts", "audit_records", "request_state"}


def test_every_measure_but_a_stopped_meter_can_be_ended() -> None:
    assert {*ENDS} == {*get_args(EndKind)}
    assert {*ENDS.values()} == {*MEASURES} - {"stop_meter"}
    assert {*ENDS.values()} == {*get_args(PlainMeasure), "limit_spending"}
    assert all(end == f"end_{measure}" for end, measure in ENDS.items())
    assert {*ORDERS} == {*MEASURES, *ENDS}
