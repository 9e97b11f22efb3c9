"""The house keeps its shape: rooms, file sizes, names, and what may not be written."""

import ast
import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
PURE_ROOMS = ("features", "scoring", "decisions", "wording")
LONGEST_FILE = 600  # style guide: above 400 a reviewer asks, above 600 it fails
SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", pattern],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def sources() -> list[Path]:
    return [p for room in ROOMS for p in (ROOT / room).rglob("*.py")]


def test_every_room_is_a_typed_package_with_a_stated_purpose() -> None:
    for room in ROOMS:
        assert (ROOT / room / "py.typed").is_file(), room
        text = (ROOT / room / "__init__.py").read_text()
        assert ast.get_docstring(ast.parse(text)), f"{room}/__init__.py says nothing"


def test_no_file_is_two_rooms() -> None:
    lines = {p: p.read_text().count("\n") for p in sources()}
    assert not [p for p, n in lines.items() if n > LONGEST_FILE]


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [p for p in sources() if p.stem in SAY_NOTHING]


def test_public_functions_of_the_pure_rooms_say_what_they_do() -> None:
    silent = []
    for room in PURE_ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.parse(path.read_text()).body:
                if not isinstance(node, ast.FunctionDef) or node.name[0] == "_":
                    continue
                if ast.get_docstring(node) is None:
                    silent.append(f"{path.relative_to(ROOT)}:{node.name}")
    assert not silent


def test_every_folder_of_tests_has_a_stated_purpose() -> None:
    said = (ROOT / "tests" / "README.md").read_text()
    folders = [p.parent.name for p in (ROOT / "tests").glob("*/test_*.py")]
    folders += [p.parent.parent.name for p in (ROOT / "tests").glob("*/*/test_*.py")]
    assert not [name for name in sorted(set(folders)) if f"`{name}" not in said]


CLOCK = re.compile(r"datetime\.now\(|date\.today\(|\btime\.time(_ns)?\(|utcnow\(")


@pytest.mark.parametrize("room", [*PURE_ROOMS, "advice"])
def test_no_pure_room_reads_the_clock(room: str) -> None:
    """Whoever asks says when it is, so that the same question has the same answer."""
    found = [p for p in (ROOT / room).rglob("*.py") if CLOCK.search(p.read_text())]
    assert found == []


def test_nothing_is_unpickled() -> None:
    loads = re.compile(r"^\s*(import|from) (pickle|cloudpickle|joblib|dill)", re.M)
    assert not [p for p in sources() if loads.search(p.read_text())]


def test_locks_are_hashed_and_name_no_index() -> None:
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    assert [p.stem for p in locks] == ["compiler", "deploy", "dev", "serve", "train"]
    for lock in locks:
        text = lock.read_text()
        pins = re.findall(r"^[a-z0-9][\w.\-]*(?:\[[^\]]*\])?==", text, re.M)
        assert len(pins) > 20 or (lock.stem, len(pins)) == ("compiler", 1)
        assert "://" not in text
        assert "index" not in text
        assert text.count("--hash=sha256:") >= len(pins)


def test_every_dependency_is_named_in_the_decision_about_dependencies() -> None:
    adr = next((ROOT / "docs" / "adr").glob("*-dependencies.md")).read_text().lower()
    extras = PROJECT["project"]["optional-dependencies"]
    stated = [*PROJECT["project"]["dependencies"], *chain(*extras.values())]
    names = [re.split(r"[\[<>=;!~ ]", line)[0].lower() for line in stated]
    assert not [name for name in names if f"`{name}`" not in adr]


@pytest.mark.parametrize(
    "forbidden",
    [
        pytest.param("pypi" + ".org", id="an index"),
        pytest.param("files.python" + "hosted", id="a package host"),
        pytest.param("deb." + "debian", id="a Debian mirror"),
    ],
)
def test_no_package_host_is_named(forbidden: str) -> None:
    texts = [p for p in tracked("*") if p.suffix not in {".parquet", ".png"}]
    assert not [p for p in texts if forbidden in p.read_text(errors="ignore")]
