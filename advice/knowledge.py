"""Which settings numbers are read with, and what was missing to compute them."""

from collections.abc import Iterable, Mapping

from advice.errors import NoBundleError, SettingsDifferError
from features.facts import AccountFacts
from features.settings import PortfolioSettings
from scoring.bundle import Bundle

# of portfolio.yaml: what account facts and features depend on
_BINDING = (
    "currency",
    "rates",
    "timezone",
    "materiality",
    "settlement_days",
    "attributes",
    "exposure",
    "defaults",
)


def require_same(
    one: str, first: PortfolioSettings, other: str, second: PortfolioSettings
) -> None:
    """Refuse to read one portfolio's numbers with another's settings.

    Raises:
        SettingsDifferError: naming the settings that differ.
    """
    differing = [n for n in _BINDING if getattr(first, n) != getattr(second, n)]
    if differing:
        raise SettingsDifferError(one, other, differing)


def shared_settings(bundles: Mapping[str, Bundle]) -> PortfolioSettings:
    """The settings all bundles agree on.

    Raises:
        NoBundleError: if there is no bundle.
        SettingsDifferError: if they come from portfolios with other settings.
    """
    if not bundles:
        raise NoBundleError
    first, *others = (bundles[target] for target in sorted(bundles))
    for other in others:
        require_same(first.bundle_id, first.settings, other.bundle_id, other.settings)
    return first.settings


def trained_tables(bundles: Iterable[Bundle]) -> frozenset[str]:
    """Tables the models saw in training."""
    return frozenset().union(*(bundle.settings.tables for bundle in bundles)) - {
        "snapshots",
        "outcomes",
    }


def base_size(bundles: Iterable[Bundle]) -> int | None:
    """How many customers the latest training that says it has seen at its end."""
    known = [
        (bundle.trained_on, bundle.n_customers)
        for bundle in bundles
        if bundle.n_customers is not None
    ]
    return max(known)[1] if known else None


def missing_parts(trained: frozenset[str], facts: AccountFacts) -> tuple[str, ...]:
    """What the models or the policy would have liked to know and were not given.

    `tables.NAME` was there in training and is not here (an empty table counts as
    given: "there are none" is knowledge); `money.NAME` is an unknown stake.
    """
    tables = [f"tables.{name}" for name in sorted(trained - facts.tables)]
    money = [f"money.{n}" for n in ("open", "clv") if getattr(facts, n) is None]
    return (*tables, *money)
