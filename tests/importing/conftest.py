import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.main import main
from tests.importing.killbill_database import KillBillDatabase
from tests.store.postgres_server import PostgresForTests, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresForTests]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def killbill(postgres: PostgresForTests) -> Iterator[KillBillDatabase]:
    database = KillBillDatabase(postgres.make_url())
    yield database
    database.close()


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    """The folder that imports write to."""
    return tmp_path / "portfolio"


class FirstDay(NamedTuple):
    """What a stranger reads: of the import, of one customer, and the list itself."""

    imported: str
    explained: str
    actions: dict[str, str]


FirstActions = Callable[[str, Sequence[Path], str, str], FirstDay]


@pytest.fixture
def first_actions(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> FirstActions:
    """From files of a source to the list of the day, with the commands of the docs."""
    monkeypatch.setenv("FORBEAR_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("FORBEAR_POLICY", raising=False)
    out, portfolio = tmp_path / "list.csv", tmp_path / "first-day"

    def forbear(*words: object) -> str:
        monkeypatch.setattr(sys, "argv", ["forbear", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        assert code == 0, said.err
        return said.out

    def run(source: str, files: Sequence[Path], at: str, customer: str) -> FirstDay:
        moment = ("--exported-at", f"{at}T06:00:00Z", "--currency", "EUR")
        imported = forbear("import", source, *files, "--out", portfolio, *moment)
        forbear("validate", portfolio)
        forbear("score", portfolio, "--out", out)
        with out.open(encoding="utf-8-sig", newline="") as rows:
            actions = {r["customer"]: r["action"] for r in csv.DictReader(rows)}
        explained = forbear("explain", portfolio, customer, "--no-changes")
        return FirstDay(imported, explained, actions)

    return run
