"""A small simulated portfolio, as it stood at any moment, and a model of it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from advice.population import present_population, with_reference
from features.labels import labels
from features.portfolio import Portfolio
from features.reading.settings_file import read_settings
from features.settings import PortfolioSettings
from features.snapshots import population_at
from features.targets import Target
from scoring.bundle import Bundle
from scoring.calibration import fit_log_odds_affine
from scoring.starter import starter
from simulation.run import simulate
from simulation.worlds import World, world_named

TRAINED_AT = datetime(2025, 7, 1, tzinfo=UTC)
NOW = datetime(2025, 8, 20, tzinfo=UTC)


class Simulated:
    """Tables of a world, cut to what was known at a moment."""

    def __init__(
        self, world: World | str, n_customers: int, months: int, seed: int, folder: Path
    ) -> None:
        chosen = world_named(world) if isinstance(world, str) else world
        simulate(chosen, n_customers, months, seed, folder, usage_every="week")
        self.folder = folder
        self.settings: PortfolioSettings = read_settings(folder).settings
        self.tables: dict[str, pa.Table] = {
            file.stem: pq.read_table(file) for file in sorted(folder.glob("*.parquet"))
        }

    def until(self, moment: datetime, **changed: pa.Table) -> Portfolio:
        """The portfolio as it was known then; some tables may be others."""
        tables = self.tables | changed
        known = {name: known_until(table, moment) for name, table in tables.items()}
        settings = self.settings.model_copy(update={"observed_until": moment})
        return Portfolio.from_tables(known, settings)


def known_until(table: pa.Table, moment: datetime) -> pa.Table:
    column = "known_at" if "known_at" in table.column_names else "event_at"
    at = pc.coalesce(table[column], table["event_at"])
    kind = pa.timestamp("us", tz="UTC")
    return table.filter(pc.less_equal(at.cast(kind), pa.scalar(moment, kind)))


def model_of(portfolio: Portfolio, trained_on: date) -> Bundle:
    """The starter's order of customers at the portfolio's own level."""
    target: Target = "nonpayment"
    bundle = replace(
        starter(target),
        settings=portfolio.settings,
        is_starter=False,
        trained_on=trained_on,
    )
    old = [portfolio.observed_until - n * 30 * 86_400_000_000 for n in (7, 6, 5, 4)]
    pairs = population_at(portfolio, old)
    label = labels(portfolio, pairs, target)["label"].to_numpy(zero_copy_only=False)
    is_known = ~np.isnan(label)
    p = present_population(portfolio, bundle, pairs).probability[is_known]
    in_force = bundle.calibration
    margin = (np.log(p / (1 - p)) - in_force.intercept) / in_force.slope
    fitted = fit_log_odds_affine(margin, label[is_known])
    return with_reference(portfolio, replace(bundle, calibration=fitted))


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return Simulated("calm", 800, 14, 3, tmp_path_factory.mktemp("calm") / "shop")


@pytest.fixture(scope="session")
def model(calm: Simulated) -> Bundle:
    return model_of(calm.until(TRAINED_AT), TRAINED_AT.date())


@pytest.fixture(scope="session")
def now(calm: Simulated) -> Portfolio:
    return calm.until(NOW)
