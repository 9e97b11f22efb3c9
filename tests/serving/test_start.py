"""What a service loads before its first answer."""

import os
import subprocess
import sys
from pathlib import Path

import lightgbm
import numpy as np

LOADED = """
import sys
import numpy as np
import serving.server
from pathlib import Path
from scoring.calibration import LogOddsMap
from scoring.trees import TreeModel
model = TreeModel(Path("model.txt").read_text())
model.explain(np.zeros((1, model.n_features)))
LogOddsMap().probability(model.margin(np.zeros((1, model.n_features))))
dear = {
    "pandas", "sklearn", "pyarrow", "lightgbm", "duckdb", "ibis", "scipy", "limits",
    "jinja2", "httpx", "rich", "holidays",
}
print(sorted(dear & sys.modules.keys()))
"""


def test_a_service_loads_nothing_dear(tmp_path: Path) -> None:
    """LightGBM's package alone brings 120 MB where pandas and others are installed."""
    x = np.random.default_rng(1).normal(size=(200, 2))
    parameters = {"objective": "binary", "num_threads": 1, "verbosity": -1}
    data = lightgbm.Dataset(x, (x[:, 0] > 0).astype(float))
    lightgbm.train(parameters, data, 5).save_model(tmp_path / "model.txt")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
