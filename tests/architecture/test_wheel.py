"""What is installed is what was written: the wheel holds every room and runs alone."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import lightgbm
import numpy as np
import pytest
from hatchling.builders.wheel import WheelBuilder

pytestmark = pytest.mark.slow  # builds and installs


ROOT = Path(__file__).parents[2]
TARGETS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]
ROOMS = TARGETS["build"]["targets"]["wheel"]["packages"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_wheel(tmp_path_factory.mktemp("wheel"), os.environ)


def built_wheel(out: Path, environment: Mapping[str, str]) -> Path:
    """A folder with the wheel's files and nothing of the checkout."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, env=environment)
    with zipfile.ZipFile(next(out.glob("*.whl"))) as wheel:
        wheel.extractall(out / "site")
    return out / "site"


def run_installed(site: Path, code: str) -> str:
    """Run `code` against the wheel alone: no editable install, no checkout."""
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=site.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_every_room_and_its_data(installed: Path) -> None:
    for room in ROOMS:
        built = {p.relative_to(installed) for p in (installed / room).rglob("*")}
        written = {
            p.relative_to(ROOT)
            for p in (ROOT / room).rglob("*")
            if "__pycache__" not in p.parts
        }
        assert built == written, room


def test_the_installed_wheel_runs_alone(installed: Path) -> None:
    where = run_installed(installed, "import cli.main; print(cli.main.__file__)")
    assert Path(where.strip()).is_relative_to(installed)
    code = "from decisions import default_policy; print(default_policy().reference)"
    assert run_installed(installed, code).strip()


KERNEL = """
from scoring.built import built_kernels
from scoring.trees import TreeModel
from pathlib import Path
import numpy as np
x = np.linspace(-3.0, 3.0, 40).reshape(10, 4)
margins, parts = TreeModel(Path("model.txt").read_text()).explain(x)
print(len(built_kernels()), margins.tobytes().hex(), parts.tobytes().hex())
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500, 4))
    data = lightgbm.Dataset(x, (x[:, 0] > x[:, 1]).astype(float))
    parameters = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(parameters, data, 20)
    booster.save_model(tmp_path / "model.txt")
    return tmp_path / "model.txt"


def explained(site: Path, model: Path) -> tuple[int, list[str]]:
    """How many kernels answer, and the bits of what they answer."""
    shutil.copy(model, site.parent)
    n_kernels, *answers = run_installed(site, KERNEL).split()
    return int(n_kernels), answers


def test_without_kernels_the_same_answers_come_from_numpy(
    installed: Path, model: Path, tmp_path: Path
) -> None:
    plain = built_wheel(tmp_path / "plain", {**os.environ, "FORBEAR_BUILD_KERNEL": "0"})
    assert not list(plain.rglob("*.so"))
    n_built, answers = explained(installed, model)
    assert n_built == len(list(installed.rglob("*.so")))
    assert explained(plain, model) == (0, answers)


def test_without_cc_the_kernels_are_compiled_all_the_same(
    installed: Path, model: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ziglang")  # has no wheel for this machine
    without_cc = {**os.environ, "CC": "no-such-compiler"}
    by_zig = built_wheel(tmp_path / "zig", without_cc)
    _, answers = explained(installed, model)
    assert explained(by_zig, model) == (3, answers)


@pytest.mark.parametrize(
    ("variables", "n_compilers"),
    [
        ({"CC": "no-such-compiler"}, 2),
        ({"CC": "sh -c"}, 0),
        ({"CC": ""}, 0 if shutil.which("cc") else 2),
    ],
    ids=["none", "there", "nothing said"],
)
def test_a_compiler_is_asked_for_where_none_is_there(
    variables: dict[str, str], n_compilers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("FORBEAR_BUILD_KERNEL", raising=False)
    asked = WheelBuilder(str(ROOT)).config.dependencies
    assert [line.split(">")[0] for line in asked] == ["ziglang"] * n_compilers
    monkeypatch.setenv("FORBEAR_BUILD_KERNEL", "0")
    assert WheelBuilder(str(ROOT)).config.dependencies == []


def test_the_names_are_ours() -> None:
    """No other distribution brings a top-level package of the same name."""
    owners = packages_distributions()
    assert {room: owners.get(room, ["forbear"]) for room in ROOMS} == {
        room: ["forbear"] for room in ROOMS
    }
