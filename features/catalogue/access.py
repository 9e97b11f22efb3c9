"""Features from `access`: sign-ins, devices, addresses and changes of the account."""

from features.catalogue.families import ACCESS, COUNTRY_MISMATCH, ORDERS, in_days
from features.catalogue.identity import customer
from features.feature import (
    Aggregate,
    CountryMismatch,
    Feature,
    LatestAttribute,
    Ratio,
    TimeSince,
)
from features.feature_rows import Equals, In, Present, Window

SIGN_IN = Equals("kind", "sign_in")
RESET = Equals("kind", "password_reset")
ADMIN = In("kind", ("admin_added", "role_changed"))
QUOTA = Equals("kind", "quota_requested")
NOUNS = {"device_id": "devices", "ip_id": "ips", "country": "countries"}


def _distinct(column: str, days: int) -> Aggregate:
    return Aggregate("access", "distinct", column, window=Window(days))


def _several(column: str, days: int) -> Feature:
    return ACCESS.feature(
        f"access_{NOUNS[column]}_distinct_{days}d",
        _distinct(column, days),
        unit="count",
        staff=f"different {NOUNS[column]} {in_days(days)}: {{value}}",
        why="shared or stolen credentials are used from many places",
    )


def _sign_ins(days: int) -> Feature:
    return ACCESS.feature(
        f"access_sign_ins_{days}d",
        Aggregate("access", "count", where=SIGN_IN, window=Window(days)),
        unit="sign-ins",
        staff=f"sign-ins {in_days(days)}: {{value}}",
        why="a dormant account that wakes up, or one that falls silent",
    )


def _resets(days: int) -> Feature:
    return ACCESS.feature(
        f"access_password_resets_{days}d",
        Aggregate("access", "count", where=RESET, window=Window(days)),
        unit="resets",
        staff=f"password resets {in_days(days)}: {{value}}",
        customer="The password was reset recently.",
        why="a take-over begins with a reset",
    )


def _admins(days: int) -> Feature:
    return ACCESS.feature(
        f"access_admin_changes_{days}d",
        Aggregate("access", "count", where=ADMIN, window=Window(days)),
        unit="changes",
        staff=f"changes of administrators or roles {in_days(days)}: {{value}}",
        customer="Administrators or roles were changed recently.",
        why="a take-over is made lasting with a new administrator",
    )


ACCESS_FEATURES: tuple[Feature, ...] = (
    *(_sign_ins(days) for days in (1, 7, 30)),
    *(_several("device_id", days) for days in (1, 7, 30)),
    *(_several("ip_id", days) for days in (1, 7, 30)),
    *(_several("country", days) for days in (7, 30)),
    *(_resets(days) for days in (1, 7, 30)),
    *(_admins(days) for days in (7, 30)),
    ACCESS.feature(
        "access_new_devices_share_7d",
        Ratio(_distinct("device_id", 7), _distinct("device_id", 90)),
        unit="share",
        staff="{value} of the devices of 90 days were used in the last 7",
        why="all at once new where there was a history means somebody else",
    ),
    ACCESS.feature(
        "access_sign_in_age_days",
        TimeSince("access", "last", SIGN_IN, Window(90)),
        unit="days",
        staff="last sign-in {value} days ago",
        why="who no longer signs in may have left without saying so",
    ),
    ORDERS.feature(
        "access_quota_requests_30d",
        Aggregate("access", "count", where=QUOTA, window=Window(30)),
        unit="requests",
        staff="requests for more quota in 30 days: {value}",
        customer="Requests for a higher quota.",
        why="who means to run up a bill first asks for room",
    ),
    COUNTRY_MISMATCH.feature(
        "access_country_differs",
        CountryMismatch(
            LatestAttribute("access", "country", where=Present("country")),
            customer("country"),
        ),
        unit="flag",
        staff="last access from another country than the billing country",
        why="an account entered from elsewhere; which country does not matter",
    ),
)
