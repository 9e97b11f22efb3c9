"""Training and the labels audit say which dates teach nothing about fraud."""

from datetime import UTC

from features.fraud_records import fraud_records
from features.targets import TARGETS
from tests.features.fraud_portfolio import LATE, on, portfolio_of
from training.audits.labels import audit_labels
from training.training_data import gather


def test_dates_before_fraud_was_recorded_teach_nothing_and_that_is_said() -> None:
    portfolio = portfolio_of(LATE)
    records = fraud_records(portfolio)
    assert records is not None
    [said] = gather(portfolio, TARGETS).left_out("fraud", UTC)
    assert said == records.text(UTC)
    assert said in audit_labels(portfolio).unsaid


def test_where_all_is_recorded_nothing_is_said() -> None:
    portfolio = portfolio_of(LATE | {"c59": 60})
    assert gather(portfolio, TARGETS).left_out("fraud", UTC) == ()


def test_the_first_date_that_can_mature_is_one_with_records() -> None:
    stated = portfolio_of(LATE, recorded_from=on(700).date())
    first = gather(stated, TARGETS).first_mature_at["fraud"]
    assert first is not None
    assert first > stated.observed_until
