"""`forbear policy offpolicy`: a policy or other models, on recorded decisions."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from advice.assembly import DEFAULT_POLICY
from features.moments import DAY_US
from features.portfolio import Portfolio
from features.snapshots import latest_snapshots
from scoring.calibration import LogOddsMap
from scoring.shelf import publish_bundle
from scoring.starter import starters
from simulation.run import simulate
from tests.cli.conftest import Run

pytestmark = pytest.mark.slow


def expected_cost(out: str) -> float:
    """Of the new policy by the direct method."""
    found = re.search(r"new policy, direct method\D+([\d.,]+)", out)
    assert found is not None, out
    return float(found[1].replace(",", ""))


def test_other_models_expect_another_cost(
    forbear: Run, home: Path, tmp_path: Path
) -> None:
    shop, file, other = (tmp_path / n for n in ("shop", "done.parquet", "other"))
    simulate("calm", 150, 14, 2, shop, usage_every="week")
    portfolio = Portfolio.open_usable(shop)
    done = latest_snapshots(portfolio, portfolio.observed_until - 250 * DAY_US)
    answer = json.dumps({"permission": {"arm": "greedy", "propensity": 1.0}})
    columns = {name: done[name] for name in ("customer_id", "as_of")}
    same = {"action": ["none"] * len(done), "answer": [answer] * len(done)}
    pq.write_table(pa.table(columns | same), file)
    for target, bundle in starters().items():
        old = bundle.calibration
        higher = LogOddsMap(old.intercept + 1.0, old.slope)
        changed = replace(
            bundle,
            calibration=higher,
            is_starter=False,
            settings=portfolio.settings,
        )
        publish_bundle(changed.save(tmp_path), other, target)
    asked = (
        "policy",
        "offpolicy",
        shop,
        "--policy",
        DEFAULT_POLICY,
        "--decisions",
        file,
    )
    ran = forbear(*asked)
    elsewhere = forbear(*asked, "--models", other)
    assert {ran.code, elsewhere.code} <= {0, 1}, elsewhere.err
    assert expected_cost(elsewhere.out) > expected_cost(ran.out)
