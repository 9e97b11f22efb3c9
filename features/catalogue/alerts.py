"""Features from `alerts`: the provider's warnings, which are signals, never labels."""

from features.catalogue.families import ALERTS, CHARGEBACKS
from features.feature import Aggregate, Difference, Feature, TimeSince
from features.feature_rows import And, Equals, In, Rows, Window

RESOLVED = Equals("status", "resolved")
KINDS = {
    "spend_anomaly": "unusual spend",
    "crypto_mining": "mining of crypto currency",
    "vm_anomaly": "unusual virtual machines",
    "outbound_spam": "outgoing spam",
    "credential_leak": "leaked credentials",
    "security_advisory": "security advisories",
}
WARNING = And(
    Equals("kind", "fraud"), In("strength", ("warning", "weak"))
)  # such as a card scheme's early warning: not an outcome yet


def _alerts(days: int | None, where: Rows | None = None) -> Aggregate:
    window = None if days is None else Window(days)
    return Aggregate("alerts", "distinct", "alert_id", where=where, window=window)


def _recent(days: int) -> Feature:
    return ALERTS.feature(
        f"alerts_{days}d",
        _alerts(days),
        unit="alerts",
        staff=f"provider alerts in {days} days: {{value}}",
        why="providers see traffic and machines that billing does not",
    )


def _kind(kind: str, words: str) -> Feature:
    return ALERTS.feature(
        f"alerts_{kind}_90d",
        _alerts(90, Equals("kind", kind)),
        unit="alerts",
        staff=f"alerts of {words} in 90 days: {{value}}",
        why="kinds of alert differ in how often they are right",
    )


ALERT_FEATURES: tuple[Feature, ...] = (
    *(_recent(days) for days in (7, 30, 90)),
    *(_kind(kind, words) for kind, words in KINDS.items()),
    ALERTS.feature(
        "alerts_high_confidence_30d",
        _alerts(30, Equals("confidence", "high")),
        unit="alerts",
        staff="alerts of high confidence in 30 days: {value}",
        why="what the provider itself is sure of",
    ),
    ALERTS.feature(
        "alerts_payment_warning_90d",
        _alerts(90, Equals("kind", "payment_warning")),
        unit="alerts",
        staff="payment warnings in 90 days: {value}",
        why="somebody else already waits for their money",
    ),
    ALERTS.feature(
        "alerts_unresolved",
        Difference(_alerts(None), _alerts(None, RESOLVED)),
        unit="alerts",
        staff="alerts nobody has resolved: {value}",
        why="an alert left alone goes on costing",
    ),
    ALERTS.feature(
        "alerts_resolved_legitimate_365d",
        _alerts(365, Equals("resolved_reason", "legitimate")),
        unit="alerts",
        staff="alerts of a year turned out legitimate: {value}",
        why="who was cleared before is likelier to be cleared again",
    ),
    ALERTS.feature(
        "alerts_age_days",
        TimeSince("alerts", "last", window=Window(365)),
        unit="days",
        staff="last alert {value} days ago",
        why="an old alert says less than a fresh one",
    ),
    CHARGEBACKS.feature(
        "fraud_warnings_90d",
        Aggregate("outcomes", "count", where=WARNING, window=Window(90)),
        unit="warnings",
        staff="early fraud warnings in 90 days: {value}",
        customer="A warning from the payment network.",
        why="most early warnings of card schemes become chargebacks",
        monotone="increasing",
    ),
)
