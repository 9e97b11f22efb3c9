"""The catalogue as a list: names, words, forbidden inputs, hash, JSON, vocabularies."""

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from features.account import FACT_NAMES
from features.batch import matrix
from features.catalogue import (
    CATALOGUE,
    FAMILIES,
    feature_set,
    known_features,
    repeated,
)
from features.catalogue.declared import ForbiddenAttributeError
from features.contract import TABLES
from features.feature import (
    AccountFact,
    Aggregate,
    CountryMismatch,
    Feature,
    LatestAttribute,
    Ratio,
)
from features.feature_leaves import RowsLeaf
from features.feature_numbers import Plan
from features.feature_rows import Present, Window, columns_of
from features.feature_set import (
    DuplicateFeatureError,
    FeatureSet,
    FeatureSetChangedError,
    UnknownFeatureError,
)
from features.settings import Attribute, PortfolioSettings

ALL = PortfolioSettings(tables=frozenset(TABLES))
LEAVES = Plan([f.definition for f in CATALOGUE]).leaves
FORBIDDEN_COLUMNS = {"country", "ip_country", "card_country", "reason", "by"}


def test_the_largest_is_not_called_the_latest() -> None:
    for feature in CATALOGUE:
        definition = feature.definition
        counted = definition.over if isinstance(definition, Ratio) else definition
        if isinstance(counted, Aggregate) and counted.how == "max":
            assert re.search("largest|up to", feature.staff_text), feature.name


def test_the_catalogue_is_large_and_every_name_is_its_own() -> None:
    names = [feature.name for feature in CATALOGUE]
    assert len(names) >= 80
    assert len(set(names)) == len(names)
    assert not [n for n in names if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", n)]


def test_every_feature_says_what_it_is_to_staff_and_to_the_customer() -> None:
    for f in CATALOGUE:
        assert f.family in FAMILIES, f.name
        assert f.unit
        assert f.why
        assert f.missing
        assert f.staff_text.count("{value}") <= 1
        assert "{" not in f.customer_text, f.name
        assert f.customer_text.endswith("."), f.name


def test_customers_read_nothing_about_models_or_suspicion() -> None:
    told = " ".join(f.customer_text for f in CATALOGUE).lower()
    for word in ("score", "model", "fraud", "risk", "suspicio", "feature", "probab"):
        assert word not in told


def test_only_the_declared_timeline_position_looks_at_our_own_actions() -> None:
    tables = {leaf.table for leaf in LEAVES if isinstance(leaf, RowsLeaf)}
    assert not tables & {"actions", "holds", "snapshots"}
    notices = {f.name for f in CATALOGUE if "notice_sent" in repr(f.definition)}
    assert notices == {"timeline_notices_60d"}
    assert {f.name for f in CATALOGUE if f.family == "timeline"} == notices


def test_no_country_is_a_feature_by_itself() -> None:
    for leaf in LEAVES:
        if isinstance(leaf, LatestAttribute):
            assert leaf.column not in FORBIDDEN_COLUMNS
        if isinstance(leaf, RowsLeaf):
            assert not columns_of(leaf.where) & FORBIDDEN_COLUMNS - {leaf.column}
            if leaf.column in FORBIDDEN_COLUMNS:
                assert leaf.how == "distinct"


def test_directions_are_forced_only_where_a_rule_makes_them_legitimate() -> None:
    forced = {f.family for f in CATALOGUE if f.monotone}
    assert forced <= {
        "alerts",
        "balance",
        "billing",
        "chargebacks",
        "credit_use",
        "identity",
        "lateness",
        "orders",
        "payment_failures",
        "promises",
        "usage",
    }
    tenure = next(f for f in CATALOGUE if f.name == "customer_age_days")
    assert tenure.monotone is None
    assert next(f for f in CATALOGUE if f.name == "account_days_overdue").monotone


def test_every_account_fact_asked_for_exists() -> None:
    asked = {leaf.fact for leaf in LEAVES if isinstance(leaf, AccountFact)}
    assert asked <= set(FACT_NAMES)


@pytest.mark.parametrize(
    ("tables", "some", "none"),
    [
        pytest.param(
            {"ageing"},
            "ageing_state",
            {"payments_failed_7d", "account_open"},
            id="ageing",
        ),
        pytest.param(
            {"invoices", "payments"},
            "invoices_paid_late_90d",
            {"ageing_state", "usage_cost_7d", "account_contested"},
            id="invoices and payments",
        ),
        pytest.param(set(), "customer_segment", {"ageing_state"}, id="customers only"),
    ],
)
def test_a_portfolio_gets_the_features_its_tables_can_fill(
    tables: set[str], some: str, none: set[str]
) -> None:
    names = feature_set(PortfolioSettings(tables=frozenset(tables))).names
    assert some in names
    assert not none & set(names)


DECLARED = ALL.model_copy(
    update={
        "attributes": {
            "utilisation": Attribute(
                monotone="increasing", family="credit_use", text="share of the limit"
            ),
            "region": Attribute(type="category"),
        }
    }
)


def test_declared_attributes_are_features() -> None:
    features = feature_set(DECLARED)
    declared = features.feature("utilisation")
    assert features.names[-2:] == ("utilisation", "region")
    assert declared.staff_text == "share of the limit: {value}"
    assert (declared.family, declared.monotone) == ("credit_use", "increasing")
    assert features.categories[-1] == "region"


@pytest.mark.parametrize("name", ["gender", "age", "country", "Date_of_Birth", "sex"])
def test_protected_traits_cannot_be_declared(name: str) -> None:
    settings = ALL.model_copy(update={"attributes": {name: Attribute()}})
    with pytest.raises(ForbiddenAttributeError) as refused:
        feature_set(settings)
    assert refused.value.code == "forbidden_attribute"


def test_an_attribute_may_not_take_the_name_of_a_feature() -> None:
    settings = ALL.model_copy(update={"attributes": {"customer_segment": Attribute()}})
    with pytest.raises(DuplicateFeatureError):
        feature_set(settings)


def changed(feature: Feature) -> Feature:
    window = Aggregate("payments", "count", window=Window(8))
    return replace(feature, definition=window)


def test_the_hash_follows_definitions_and_order_and_not_words() -> None:
    features = feature_set(ALL).features
    plain = FeatureSet(features).hash
    reworded = replace(features[0], staff_text="otherwise", why="because")
    assert len(plain) == 64
    assert FeatureSet((reworded, *features[1:])).hash == plain
    assert FeatureSet((changed(features[0]), *features[1:])).hash != plain
    assert FeatureSet(features[::-1]).hash != plain
    assert FeatureSet(features[1:]).hash != plain


def test_a_feature_set_survives_json() -> None:
    table = pa.table({n: ["b", "a", None] for n in feature_set(DECLARED).categories})
    features = feature_set(DECLARED).with_vocabularies(table)
    again = FeatureSet.from_json(features.to_json(), known_features(DECLARED))
    assert again == features
    assert again.vocabularies["region"] == ("a", "b")


def test_a_changed_definition_is_refused() -> None:
    document = feature_set(ALL).subset(["customer_segment"]).to_json()
    with pytest.raises(FeatureSetChangedError):
        FeatureSet.from_json(
            document,
            [changed(f) for f in known_features(ALL) if f.name == "customer_segment"],
        )


def test_a_feature_that_is_gone_is_named() -> None:
    document = feature_set(DECLARED).to_json()
    with pytest.raises(UnknownFeatureError, match="region, utilisation"):
        FeatureSet.from_json(document, known_features(ALL))


def test_values_outside_the_vocabulary_and_missing_ones_are_unknown() -> None:
    features = feature_set(ALL).subset(["customer_age_days", "customer_segment"])
    learned = features.with_vocabularies(
        pa.table({"customer_segment": ["small", "mid", "mid"]})
    )
    table = pa.table(
        {
            "customer_age_days": pa.array([1.5, None, 3.0, 4.0]),
            "customer_segment": pa.array(["mid", "small", "huge", None]),
        }
    )
    nan = float("nan")
    np.testing.assert_array_equal(
        matrix(table, learned), [[1.5, 0], [nan, 1], [3.0, nan], [4.0, nan]]
    )


def test_a_definition_that_makes_no_sense_is_refused() -> None:
    for wrong in (
        lambda: Aggregate("payments", "count", "amount"),
        lambda: Aggregate("payments", "sum"),
        lambda: Aggregate("payments", "sum", "status"),
        lambda: Aggregate("ageing", "std", "days_past_due"),
        lambda: Aggregate("payments", "max", "amount", window=Window(7, before=7)),
        lambda: LatestAttribute("payments", "method", where=Present("status")),
        lambda: Window(0),
    ):
        with pytest.raises(ValueError, match=r"."):
            wrong()


def test_a_mismatch_compares_countries_only() -> None:
    for leaf in LEAVES:
        if isinstance(leaf, CountryMismatch):
            assert leaf.first.column.endswith("country")
            assert leaf.second.column.endswith("country")


def test_a_column_that_the_catalogue_reads_is_not_learnt_twice() -> None:
    declared = {"segment": Attribute(type="category"), "credit_limit": Attribute()}
    settings = ALL.model_copy(update={"attributes": declared})
    assert repeated(settings)["segment"] == "customer_segment"
    assert "segment" not in feature_set(settings).names
    known = {feature.name for feature in known_features(settings)}
    assert "segment" in known  # a bundle that learnt it is still read
