"""The catalogue: every feature there is, as values, one file per group.

Left out on purpose: names, gender, age, nationality, language; which country it is
(only that two countries differ); and what we did ourselves, but for the position
in the reminder timeline.
"""

from features.catalogue.access import ACCESS_FEATURES
from features.catalogue.account import ACCOUNT_FEATURES, LATENESS_FEATURES
from features.catalogue.ageing import AGEING_FEATURES
from features.catalogue.alerts import ALERT_FEATURES
from features.catalogue.contacts import CONTACT_FEATURES
from features.catalogue.declared import declared_features, definition_of
from features.catalogue.disputes import DISPUTE_FEATURES
from features.catalogue.families import FAMILIES, Family
from features.catalogue.identity import IDENTITY_FEATURES
from features.catalogue.instruments import INSTRUMENT_FEATURES
from features.catalogue.invoices import INVOICE_FEATURES
from features.catalogue.links import LINK_FEATURES, READ_FOR
from features.catalogue.page import FeatureLine, feature_lines, features_page
from features.catalogue.payments import PAYMENT_FEATURES
from features.catalogue.subscriptions import SUBSCRIPTION_FEATURES
from features.catalogue.usage import USAGE_FEATURES
from features.feature import Feature
from features.feature_set import FeatureSet
from features.settings import PortfolioSettings

CATALOGUE: tuple[Feature, ...] = (
    *IDENTITY_FEATURES,
    *INSTRUMENT_FEATURES,
    *PAYMENT_FEATURES,
    *INVOICE_FEATURES,
    *LATENESS_FEATURES,
    *ACCOUNT_FEATURES,
    *AGEING_FEATURES,
    *USAGE_FEATURES,
    *SUBSCRIPTION_FEATURES,
    *ACCESS_FEATURES,
    *LINK_FEATURES,
    *ALERT_FEATURES,
    *CONTACT_FEATURES,
    *DISPUTE_FEATURES,
)


def known_features(settings: PortfolioSettings) -> tuple[Feature, ...]:
    """The catalogue and the portfolio's declared attributes."""
    return (*CATALOGUE, *declared_features(settings))


def feature_set(settings: PortfolioSettings) -> FeatureSet:
    """The features a portfolio can have: those whose tables it has.

    Declared attributes come last, in the order of `portfolio.yaml`, without those that
    the catalogue has already.
    """
    present, twice = settings.tables | {"customers"}, repeated(settings)
    known = known_features(settings)
    return FeatureSet(
        tuple(f for f in known if f.tables <= present and f.name not in twice)
    )


def repeated(settings: PortfolioSettings) -> dict[str, str]:
    """Declared attributes that a feature of the catalogue reads anyway, with its name.

    Learnt twice, a column would share its weight between two families of reasons.
    """
    own = {feature.definition: feature.name for feature in CATALOGUE}
    declared = {name: definition_of(name, a) for name, a in settings.attributes.items()}
    return {name: own[column] for name, column in declared.items() if column in own}


def is_read(feature: Feature, target: str) -> bool:
    """Whether the model of this target learns from the feature."""
    return "links" not in feature.tables or target in READ_FOR


__all__ = [
    "CATALOGUE",
    "FAMILIES",
    "Family",
    "FeatureLine",
    "declared_features",
    "feature_lines",
    "feature_set",
    "features_page",
    "is_read",
    "known_features",
    "repeated",
]
