"""A registered model gives the service's numbers, wherever it is loaded."""

import json
import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
from packaging.requirements import Requirement

from features.arrays import FloatArray
from features.batch import feature_table, matrix
from features.portfolio import Portfolio
from features.snapshots import snapshots
from scoring.predictor import Predictor
from training.quiet_mlflow import mlflow, quiet
from training.tracking import Tracker
from training.train import TrainingResult

# without site, no editable install brings the checkout: what is loaded, travelled
LOADED_ALONE = """
import json, sys, warnings
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[4:]:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
sys.path.append(sys.argv[3])
warnings.simplefilter("ignore")
import pandas as pd
import mlflow.pyfunc
model = mlflow.pyfunc.load_model(sys.argv[1])
p = model.predict(pd.read_parquet(sys.argv[2]))
import features
print(json.dumps({"p": list(p), "features": features.__file__}))
"""


@pytest.fixture(scope="module")
def frame_and_p(
    trained: TrainingResult, flat_portfolio: Portfolio
) -> tuple[pd.DataFrame, FloatArray]:
    """What is known of every customer, and what the service makes of it."""
    assert trained.bundle is not None
    features = trained.bundle.feature_set
    table = feature_table(flat_portfolio, snapshots(flat_portfolio), features)
    p = Predictor(trained.bundle).probability(matrix(table, features))
    return table.select(list(features.names)).to_pandas(), p


@pytest.fixture(scope="module")
def model_folder(
    trained: TrainingResult, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The registered model as any machine would fetch it."""
    assert trained.registered is not None
    with Tracker(home).connected():
        fetched = mlflow.artifacts.download_artifacts(
            "models:/forbear-nonpayment@champion",
            dst_path=str(tmp_path_factory.mktemp("fetched")),
        )
    return Path(fetched)


@pytest.mark.parametrize("alias", ["champion", "challenger"])
def test_the_registered_model_gives_the_numbers_of_the_service(
    trained: TrainingResult,
    home: Path,
    frame_and_p: tuple[pd.DataFrame, FloatArray],
    alias: str,
) -> None:
    assert trained.registered is not None
    with Tracker(home).connected():
        model = mlflow.pyfunc.load_model(f"models:/forbear-nonpayment@{alias}")
    frame, expected = frame_and_p
    np.testing.assert_array_equal(model.predict(frame), expected)
    # a column that is not sent is missing, as it is for the service
    without = frame.drop(columns=["trade", "load"])
    assert np.isfinite(model.predict(without)).all()


def test_counts_and_truths_are_numbers(
    model_folder: Path, frame_and_p: tuple[pd.DataFrame, FloatArray]
) -> None:
    """MLflow refuses int64 and bool for a column of doubles."""
    with quiet():
        model = mlflow.pyfunc.load_model(str(model_folder))
    frame = frame_and_p[0].head(4)
    plain = frame.assign(load=[0.0, 1.0, 2.0, 3.0], noise=[1.0, 0.0, 1.0, 0.0])
    typed = plain.assign(
        load=np.array([0, 1, 2, 3]), noise=np.array([True, False, True, False])
    )
    nullable = plain.assign(
        load=pd.array([0, 1, 2, 3], "Int64"),
        noise=pd.array([True, False, True, False], "boolean"),
    )
    objects = plain.astype({"load": object, "noise": object})
    expected = model.predict(plain)
    for other in (typed, nullable, objects):
        np.testing.assert_array_equal(model.predict(other), expected)


@pytest.mark.slow
def test_it_loads_without_forbear_on_the_path_and_needs_what_it_says(
    model_folder: Path, frame_and_p: tuple[pd.DataFrame, FloatArray], tmp_path: Path
) -> None:
    told = (model_folder / "requirements.txt").read_text().split()
    needed = _with_all_they_need({Requirement(line).name for line in told})
    absent = [
        module
        for module, owners in packages_distributions().items()
        if not any(_plain(owner) in needed for owner in owners)
    ]
    assert {"ibis", "duckdb"} <= set(absent)
    python = [sys.executable, "-I", "-S"]
    packages = sysconfig.get_path("purelib")
    answer = _loaded_alone(
        python, model_folder, frame_and_p[0], tmp_path, packages, *absent
    )
    np.testing.assert_array_equal(answer["p"], frame_and_p[1])
    assert str(answer["features"]).startswith(str(model_folder))


@pytest.mark.long
def test_it_is_served_from_an_environment_of_its_own_requirements(
    model_folder: Path, frame_and_p: tuple[pd.DataFrame, FloatArray], tmp_path: Path
) -> None:
    """A fresh environment, installed from the model's file; predict, then serve."""
    home = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    python = str(home / "bin" / "python")
    told = str(model_folder / "requirements.txt")
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", told], check=True)
    frame, expected = frame_and_p
    answer = _loaded_alone([python, "-I"], model_folder, frame, tmp_path, "")
    np.testing.assert_array_equal(answer["p"], expected)
    few = frame.head(5)
    served = _served(home / "bin", model_folder, few, tmp_path)
    np.testing.assert_allclose(served, expected[:5], rtol=1e-9)


def _loaded_alone(
    python: list[str],
    model_folder: Path,
    frame: pd.DataFrame,
    tmp_path: Path,
    *packages: str,
) -> dict[str, list[object]]:
    (tmp_path / "alone.py").write_text(LOADED_ALONE)
    frame.to_parquet(tmp_path / "frame.parquet")
    done = subprocess.run(
        [
            *python,
            str(tmp_path / "alone.py"),
            str(model_folder),
            str(tmp_path / "frame.parquet"),
            *packages,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, list[object]] = json.loads(done.stdout)
    return answer


def _served(
    programs: Path, model_folder: Path, frame: pd.DataFrame, tmp_path: Path
) -> list[float]:
    """The answers of `mlflow models serve`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    command = ["serve", "-m", str(model_folder), "-p", str(port), "--env-manager"]
    server = subprocess.Popen(
        [str(programs / "mlflow"), "models", *command, "local"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        body = json.dumps(
            {
                "dataframe_split": json.loads(
                    frame.to_json(orient="split", double_precision=15)
                )
            }
        )
        return _asked(f"http://127.0.0.1:{port}", body.encode())
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def _asked(address: str, body: bytes) -> list[float]:
    request = urllib.request.Request(  # noqa: S310  our own server
        f"{address}/invocations", body, {"Content-Type": "application/json"}
    )
    for _ in range(120):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                p: list[float] = json.loads(answer.read())["predictions"]
                return p
        except OSError:
            time.sleep(1)
    raise TimeoutError(address)


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _with_all_they_need(names: set[str]) -> set[str]:
    """The distributions and what they require here, by plain name."""
    complete: set[str] = set()
    waiting = {_plain(name) for name in names}
    while waiting:
        name = waiting.pop()
        complete.add(name)
        for line in requires(name) or ():
            one = Requirement(line)
            if one.marker is None or one.marker.evaluate({"extra": ""}):
                waiting |= {_plain(one.name)} - complete
    return complete
