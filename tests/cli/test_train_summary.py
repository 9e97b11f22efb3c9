"""What `forbear train` says of a later period."""

from cli.train import _range_later
from scoring.intervals import MetricEstimate


def test_an_interval_that_says_nothing_is_not_shown_as_one() -> None:
    wide, narrow = MetricEstimate(0.9, 0.11, 1.0), MetricEstimate(0.9, 0.8, 0.95)
    assert _range_later("auc", wide) == "cannot be told"
    assert _range_later("auc", narrow) == "0.8 – 0.95"
