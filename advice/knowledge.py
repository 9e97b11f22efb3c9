"""The settings that bundles share, and which of their input tables are missing."""

from collections.abc import Iterable, Mapping

from advice.errors import NoBundleError, SettingsDifferError
from features.facts import AccountFacts
from features.settings import PortfolioSettings
from scoring.bundle import Bundle
from scoring.starter import STARTER_TABLES

# of portfolio.yaml: what features depend on
_BINDING = (
    "currency",
    "rates",
    "timezone",
    "materiality",
    "settlement_days",
    "attributes",
    "exposure",
)
# what no feature reads: it may change without a new training
_FREE = ("defaults", "none")


def require_same(
    one: str, first: PortfolioSettings, other: str, second: PortfolioSettings
) -> None:
    """Refuse to read one portfolio's numbers with another's settings.

    Raises:
        SettingsDifferError: naming the settings that differ.
    """
    _require_same(one, first, other, second, _BINDING)


def _require_same(
    one: str,
    first: PortfolioSettings,
    other: str,
    second: PortfolioSettings,
    names: Iterable[str],
) -> None:
    differing = [n for n in names if getattr(first, n) != getattr(second, n)]
    if differing:
        raise SettingsDifferError(one, other, differing)


def settings_of(
    bundles: Mapping[str, Bundle], stated: PortfolioSettings | None = None
) -> PortfolioSettings:
    """The settings numbers are read with.

    What features depend on comes from the bundles that were trained; what they do not
    depend on from `stated`, where it says something. The starter goes with any
    settings.

    Raises:
        NoBundleError: if there is neither a bundle nor a statement.
        SettingsDifferError: if bundles or the statement contradict each other.
    """
    trained = {t: b for t, b in bundles.items() if not b.is_starter}
    if trained:
        settings = shared_settings(trained)
        return settings if stated is None else _updated(settings, stated)
    if stated is None and not bundles:
        raise NoBundleError
    stated = stated or PortfolioSettings()
    tables = stated.tables or STARTER_TABLES
    return stated.model_copy(update={"tables": tables})


def _updated(
    settings: PortfolioSettings, stated: PortfolioSettings
) -> PortfolioSettings:
    stated_keys = stated.model_fields_set
    names = [name for name in _BINDING if name in stated_keys]
    _require_same("the models", settings, "the settings file", stated, names)
    free = {name: getattr(stated, name) for name in _FREE if name in stated_keys}
    return settings.model_copy(update=free)


def shared_settings(bundles: Mapping[str, Bundle]) -> PortfolioSettings:
    """The settings all bundles agree on; of the latest where they need not agree.

    Raises:
        NoBundleError: if there is no bundle.
        SettingsDifferError: if they come from portfolios with other settings.
    """
    if not bundles:
        raise NoBundleError
    latest, *others = sorted(
        (bundles[target] for target in sorted(bundles)),
        key=lambda bundle: bundle.trained_on,
        reverse=True,
    )
    for other in others:
        require_same(latest.bundle_id, latest.settings, other.bundle_id, other.settings)
    return latest.settings


def trained_tables(bundles: Iterable[Bundle]) -> frozenset[str]:
    """Tables the models saw in training; of a starter those it cannot do without."""
    seen = (b.tables & STARTER_TABLES if b.is_starter else b.tables for b in bundles)
    return frozenset().union(*seen) - {"snapshots", "outcomes"}


def inputs_missing(bundle: Bundle, facts: AccountFacts) -> tuple[str, ...]:
    """Tables the model was trained with that were not looked at now.

    What they would say could lower a probability, outcomes included: a fraud that was
    cleared is one. The starter was trained on no table of anybody's.
    """
    if bundle.is_starter:
        return ()
    return tuple(sorted(bundle.tables - facts.tables - {"snapshots"}))


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


def starts_with(bundle: Bundle, tables: frozenset[str]) -> bool:
    """Whether a starter has what it reads; other bundles know what they miss."""
    return not bundle.is_starter or tables >= STARTER_TABLES
