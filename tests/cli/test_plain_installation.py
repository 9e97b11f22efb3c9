"""Commands of which the docs say that they need no extra, without any of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import EXTRAS

LIST = "list.parquet"
PACKAGES_OF_EXTRAS = {*EXTRAS, "deltalake", "pyiceberg", "ibis.backends.postgres"}
WITHOUT_EXTRAS = """
import sys

class Missing:
    def find_spec(self, name, *_):
        if name in {missing!r}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Missing())
{program}
"""
COMMAND = "from cli.main import main; main()"
SHADOWS = "from cli.promote import _shadows; assert _shadows() == []"


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "portfolio.yaml").write_text("observed_until: 2026-06-30\n")
    (folder / "customers.csv").write_text(
        "customer_id,event_at\nacme,2026-01-01T00:00:00Z\n"
    )
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("validate", "{}"),
        ("score", "{}", "--out", f"{{}}/{LIST}"),
        ("explain", "{}", "acme"),
    ],
    ids=lambda words: words[0],
)
def test_no_extra_is_needed(
    command: tuple[str, ...], portfolio: Path, tmp_path: Path
) -> None:
    """They ask for a published policy, and need no library of a store to find none."""
    _run(COMMAND, tmp_path, *(word.format(portfolio) for word in command))


def test_to_promote_where_no_service_decides_the_service_is_not_needed(
    tmp_path: Path,
) -> None:
    _run(SHADOWS, tmp_path)


def _run(program: str, home: Path, *words: str) -> None:
    """As where only the plain libraries are installed."""
    missing = sorted(PACKAGES_OF_EXTRAS)
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            WITHOUT_EXTRAS.format(missing=missing, program=program),
            *words,
        ],
        env={"FORBEAR_HOME": str(home), "PATH": ""},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
