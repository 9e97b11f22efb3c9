"""How far back features and account facts look into the longest table."""

from collections.abc import Iterable

from features.account.look_back import look_back_us
from features.batch.table import leaves_by_table
from features.feature_leaves import RowsLeaf
from features.feature_numbers import Plan
from features.feature_set import FeatureSet
from features.settings import PortfolioSettings


def begins_of(
    features: Iterable[FeatureSet], settings: PortfolioSettings, since: int
) -> dict[str, int]:
    """By table, before which moment (µs since 1970 UTC) nobody looks into its rows.

    Only `usage` has so many rows that it matters, and only where every feature of it
    has a window.

    Args:
        features: that will be asked for.
        settings: of the portfolio.
        since: the first moment that is asked about, µs since 1970 UTC.
    """
    longest = look_back_us(settings)
    for feature_set in features:
        plan = Plan([feature.definition for feature in feature_set.features])
        for leaf in leaves_by_table(plan.leaves).get("usage", ()):
            if not isinstance(leaf, RowsLeaf) or leaf.window is None:
                return {}
            longest = max(longest, leaf.window.start_us)
    return {"usage": since - longest}
