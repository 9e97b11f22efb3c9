"""Why a probability stands above the usual one: at most four families of features.

Single contributions of correlated features are arbitrary; their sum over a family
is stable across retrainings. A missing value is no reason, unless missing itself
says something ("it has not happened").
"""

from collections.abc import Iterator, Mapping
from math import isnan

import numpy as np

from features.arrays import FloatArray
from features.feature import Feature, TimeSince
from features.made_often import dataclass
from scoring.bundle import Bundle, Typical

MOST = 4  # more than four reasons are not read
COVERED = 0.9  # of the positive mass; what is left does not carry the decision
# of the positive mass; which of several smaller ones is named is chance: so two
# trainings name the same families to risky customers (docs/audits.md)
LEAST_SHARE = 0.15
HALF = 0.5  # of the positive mass: smaller ones are named until it is reached


@dataclass(frozen=True, slots=True)
class Reason:
    """One family that raised the probability.

    Args:
        contribution: on calibrated log-odds, summed over the family; above 0.
        share: of all families' positive contributions, 0 to 1.
        feature: the family's largest; `value` and `typical` are its own.
        staff: wording with the value, for the reseller's people.
        customer: neutral wording without internals.
    """

    family: str
    contribution: float
    share: float
    feature: str
    value: float | str | None
    typical: Typical
    staff: str
    customer: str


def reasons(
    bundle: Bundle,
    x: FloatArray,
    contributions: FloatArray,
    *,
    most: int = MOST,
    covered: float = COVERED,
    least: float = LEAST_SHARE,
) -> tuple[Reason, ...]:
    """The families that raised this row's probability, largest first.

    Args:
        bundle: names the features, their families and their usual values.
        x: (F,) the row that was scored, NaN where missing.
        contributions: (F + 1,) its row of `Predictor.contributions`.
        most: how many at the utmost.
        covered: stop once this share of the positive mass is named.
        least: share of the positive mass that is named beyond the half of it.
    """
    features = bundle.feature_set.features
    values, parts = x.tolist(), contributions.tolist()  # plain floats are faster here
    mass: dict[str, float] = {}
    leads: dict[str, int] = {}
    for i, feature in enumerate(features):
        if parts[i] == 0.0 or (isnan(values[i]) and not _absence_speaks(feature)):
            continue
        family = feature.family
        mass[family] = mass.get(family, 0.0) + parts[i]
        if family not in leads or parts[i] > parts[leads[family]]:
            leads[family] = i
    return tuple(
        _reason(bundle, leads[family], values[leads[family]], mass[family], share)
        for family, share in principal(mass, most=most, covered=covered, least=least)
    )


def principal(
    mass: Mapping[str, float],
    *,
    most: int = MOST,
    covered: float = COVERED,
    least: float = LEAST_SHARE,
) -> Iterator[tuple[str, float]]:
    """The families that are named, each with its share of the positive mass.

    Args:
        mass: what each family adds; what is not above 0 is never named.
        most: how many at the utmost.
        covered: stop once this share is named.
        least: share that is named beyond the half.

    >>> list(principal({"a": 6.0, "b": 3.0, "c": 1.0, "d": -2.0}))
    [('a', 0.6), ('b', 0.3)]
    """
    total = sum(value for value in mass.values() if value > 0.0)
    named = 0.0
    for family in sorted(mass, key=lambda name: (-mass[name], name))[:most]:
        if mass[family] <= 0.0:
            break
        share = mass[family] / total
        if named >= covered or (named >= HALF and share < least):
            break
        yield family, share
        named += share


def _absence_speaks(feature: Feature) -> bool:
    """Only for "time since": that something never happened is known, not missing."""
    return isinstance(feature.definition, TimeSince)


def _reason(
    bundle: Bundle, i: int, x: float, contribution: float, share: float
) -> Reason:
    feature = bundle.feature_set.features[i]
    typical = bundle.typical.get(feature.name)
    value = _value(bundle, feature, x)
    if value is None:
        event = feature.staff_text.removesuffix(" {value} days ago")
        staff = f"{event.replace('{value}', '…')}: {feature.missing}"
    else:
        staff = _with_value(feature.staff_text, shown(value) + _unit(bundle, feature))
        if typical is not None and typical != value:
            staff += f" (typical: {shown(typical)})"
    return Reason(
        family=feature.family,
        contribution=contribution,
        share=share,
        feature=feature.name,
        value=value,
        typical=typical,
        staff=staff,
        customer=feature.customer_text,
    )


def _unit(bundle: Bundle, feature: Feature) -> str:
    """The currency of money; which one a starter is asked about it does not know."""
    is_known = feature.unit == "money" and not bundle.is_starter
    return f" {bundle.settings.currency}" if is_known else ""


def _value(bundle: Bundle, feature: Feature, x: float) -> float | str | None:
    if np.isnan(x):
        return None
    if feature.is_category:
        word: str = bundle.feature_set.vocabularies[feature.name][int(x)]
        return word
    return float(x)


def _with_value(text: str, value: str) -> str:
    """The text about one value.

    >>> _with_value("last reply {value} days ago", "1")
    'last reply 1 day ago'
    >>> _with_value("usage is {value} times their mean", "1")
    'usage is 1 times their mean'
    """
    if value == "1":
        for unit in ("day", "unit"):
            text = text.replace(f"{{value}} {unit}s", f"{{value}} {unit}")
    return text.replace("{value}", value)


def shown(value: float | str) -> str:
    """A value as people read it: 38, 0.25, 1 200; texts as they are.

    >>> shown(38.0), shown(0.2512), shown(12345.678), shown("sme")
    ('38', '0.25', '12,346', 'sme')
    """
    if isinstance(value, str):
        return value
    if abs(value) >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.2g}" if abs(value) < 1 else f"{value:.1f}"
