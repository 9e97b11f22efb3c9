"""Three shapes of portfolio, as files: full billing, ageing reports only, flat."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import simulation
from cli.commands import app
from cli.main import main

ROOT = Path(__file__).parents[2]
TAIWAN = ROOT / "data" / "samples" / "taiwan"


class Shape(NamedTuple):
    """A portfolio folder, and the policy it is decided with (None: as shipped)."""

    folder: Path
    policy: Path | None = None


def billing(out: Path) -> Shape:
    simulation.simulate("recession", 200, 24, 11, out, usage_every="week")
    return Shape(out)


def ageing(out: Path) -> Shape:
    """1,200 of the real card customers."""
    out.mkdir()
    for file in TAIWAN.glob("*.parquet"):
        table = pq.read_table(file)
        few = pc.less(table["customer_id"], "tw-01201")
        pq.write_table(table.filter(few), out / file.name)
    (out / "portfolio.yaml").write_text((TAIWAN / "portfolio.yaml").read_text())
    return Shape(out, TAIWAN / "policy.yaml")


FLAT_SETTINGS = """
name: flat
currency: EUR
timezone: Europe/Brussels
observed_until: 2026-06-30T22:00:00Z
attributes:
  utilisation: {type: number, monotone: increasing, family: credit_use}
  plan: {type: category}
exposure: {open: loan_amount, run_up: 0, clv: expected_profit}
labels:
  nonpayment: {from: outcomes, horizon_days: 90}
"""


def flat(out: Path) -> Shape:
    """One row per customer from a warehouse, and who did not pay: CSV."""
    out.mkdir()
    draws = np.random.default_rng(5)
    n = 1_500
    ids = [f"f-{i:04d}" for i in range(n)]
    utilisation = draws.beta(2, 3, n)
    late = draws.random(n) < 1 / (1 + np.exp(4 - 6 * utilisation))
    customers = {
        "customer_id": ids,
        "event_at": ["2026-01-31T12:00:00Z"] * n,
        "utilisation": np.round(utilisation, 4),
        "plan": draws.choice(["basic", "plus"], n),
        "loan_amount": draws.integers(50, 5_000, n),
        "expected_profit": draws.integers(20, 900, n),
    }
    outcomes = {
        "customer_id": [i for i, is_late in zip(ids, late, strict=True) if is_late],
        "event_at": ["2026-03-15T12:00:00Z"] * int(late.sum()),
        "kind": ["nonpayment"] * int(late.sum()),
    }
    pacsv.write_csv(pa.table(customers), out / "customers.csv")
    pacsv.write_csv(pa.table(outcomes), out / "outcomes.csv")
    (out / "portfolio.yaml").write_text(FLAT_SETTINGS)
    return Shape(out)


SHAPES: dict[str, Callable[[Path], Shape]] = {
    "billing": billing,
    "ageing": ageing,
    "flat": flat,
}


def forbear(*words: object) -> int:
    """The command, as a person runs it; its exit code."""
    patch = pytest.MonkeyPatch()
    patch.setattr(sys, "argv", ["forbear", *map(str, words)])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        patch.undo()
    return 0


def said(*words: str) -> str:
    """What a command that ends well prints."""
    ran = CliRunner().invoke(app, list(words))
    assert ran.exit_code == 0, ran.output
    return ran.output


class World(NamedTuple):
    """A shape after `train` and `score`."""

    folder: Path
    policy: Path | None
    home: Path
    scored: pa.Table


@pytest.fixture(scope="session", params=SHAPES)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> World:
    base = tmp_path_factory.mktemp(request.param)
    shape = SHAPES[request.param](base / "portfolio")
    out, home = base / "scored.parquet", base / "state"
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        # what MLflow and matplotlib say about themselves is not ours
        warnings.simplefilter("ignore")
        patch.setenv("FORBEAR_HOME", str(home))
        policy = ["--policy", shape.policy] if shape.policy else []
        assert forbear("train", shape.folder) == 0
        assert forbear("score", shape.folder, "--out", out, *policy) == 0
    return World(*shape, home, pq.read_table(out))
