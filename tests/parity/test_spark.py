"""Spark computes what DuckDB computes, to the last bit, by the same definitions."""

import random
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

import simulation
from advice.assembly import DEFAULT_POLICY, assemble, ids_in_force
from advice.portfolio_run import advise_portfolio
from decisions.engine import NOTHING_USED
from decisions.policy_file.load import load_policy
from features.batch import feature_table
from features.catalogue import feature_set
from features.feature_set import FeatureSet
from features.portfolio import Portfolio
from features.snapshots import latest_snapshots
from tests.parity.checks import KNOWN
from tests.parity.histories import (
    EVERYBODY,
    NOW,
    paid_then_not,
    portfolio_of,
    row_of,
    snapshots_of,
    thrown,
)

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
KEYS = [("customer_id", "ascending"), ("as_of", "ascending")]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # sockets to the JVM
]

if find_spec("pyspark") is not None:  # the extra `spark`, which needs Java

    @pytest.fixture(scope="module")
    def session() -> Iterator[Any]:
        from features.batch.spark_session import spark_session

        with spark_session("local[2]") as session:
            session.conf.set("spark.sql.shuffle.partitions", "2")
            yield session

    def check(
        session: Any,  # noqa: ANN401
        portfolio: Portfolio,
        snapshots: pa.Table,
        features: FeatureSet,
        folder: Path,
    ) -> None:
        from features.batch.spark import on_spark, spark_features

        there = on_spark(portfolio, session, folder)
        found = spark_features(there, snapshots, features).toArrow().sort_by(KEYS)
        expected = feature_table(portfolio, snapshots, features).sort_by(KEYS)
        assert found.num_rows == expected.num_rows > 0
        for name in expected.column_names:
            column = expected[name].combine_chunks()
            assert found[name].cast(column.type).combine_chunks().equals(column), name

    def of_each_kind() -> FeatureSet:
        """Two features for each way of computing one."""
        kinds: dict[object, list[Any]] = {}
        for feature in KNOWN.features:
            d = feature.definition
            kind = (type(d), getattr(d, "how", None), getattr(d, "window", 0) is None)
            kinds.setdefault(kind, []).append(feature)
        chosen = [f for alike in kinds.values() for f in alike[:2]]
        names = {f.name for f in chosen}
        words = {n: w for n, w in KNOWN.vocabularies.items() if n in names}
        return FeatureSet(tuple(chosen), words)

    def test_each_way_of_computing_is_the_same(session: Any, tmp_path: Path) -> None:  # noqa: ANN401
        dice = random.Random(7)
        rows = [(seed.table, row_of(seed)) for seed in map(thrown, [dice] * 600)]
        history = [*EVERYBODY, *rows, *paid_then_not("eve")]
        snapshots = snapshots_of([NOW])
        check(session, portfolio_of(history), snapshots, of_each_kind(), tmp_path)

    def with_one_review() -> dict[str, Any]:
        """The policy that ships, with everybody to review and one place for it."""
        document = load_policy(DEFAULT_POLICY).document
        tight: dict[str, Any] = document.model_dump(mode="json", by_alias=True)
        tight |= {"mode": "thresholds", "thresholds": [{"fraud": {"review": 0.0}}]}
        tight["exploration"] = {}
        tight["review"]["capacity_per_day"] = 1
        return tight

    @pytest.mark.parametrize(
        "n_customers",
        [
            pytest.param(40, id="small"),
            pytest.param(200, id="large", marks=pytest.mark.long),
        ],
    )
    def test_a_portfolio_is_advised_as_on_one_machine(
        session: Any,  # noqa: ANN401
        tmp_path: Path,
        n_customers: int,
    ) -> None:
        """Features, facts, probabilities, decisions, reasons, and shared budgets."""
        from advice.spark_run import advise_on_spark

        simulation.simulate("recession", n_customers, 9, 11, tmp_path / "shop")
        portfolio = Portfolio.open(tmp_path / "shop")
        home = tmp_path / "nothing-trained"
        tight = tmp_path / "tight.yaml"
        tight.write_text(yaml.safe_dump(with_one_review()), encoding="utf-8")
        advisor = assemble(home, ids_in_force(home), load_policy(tight))
        everybody = latest_snapshots(portfolio)
        expected = advise_portfolio(advisor, portfolio, everybody)
        found = advise_on_spark(
            advisor,
            tight,
            portfolio,
            None,
            tmp_path,
            session,
            budget_use=NOTHING_USED,
            named={},
            rows_in_part=4_000,
        )
        assert len(found.parts) > 1
        wished, left = (
            expected[name].to_pylist().count("review")
            for name in ("action", "action_in_run")
        )
        assert wished > left == 1  # one place, whichever part it is taken in
        assert pa.concat_tables(found.tables()).to_pylist() == expected.to_pylist()

    @pytest.mark.long
    @pytest.mark.parametrize("sample", ["lumen", "taiwan"])
    def test_every_feature_of_a_sample_is_the_same(
        session: Any,  # noqa: ANN401
        tmp_path: Path,
        sample: str,
    ) -> None:
        portfolio = Portfolio.open(SAMPLES / sample)
        everybody = latest_snapshots(portfolio, portfolio.observed_until)
        features = feature_set(portfolio.settings)
        check(session, portfolio, everybody.slice(0, 200), features, tmp_path)
