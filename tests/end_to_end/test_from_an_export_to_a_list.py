"""The way of docs/importing.md, with the sample that it names."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from importing import SOURCES

ROOT = Path(__file__).parents[2]
EXPORT = ROOT / "data" / "samples" / "stripe-export"


def test_the_page_has_a_section_and_a_link_for_each_source() -> None:
    page = (ROOT / "docs" / "importing.md").read_text("utf-8")
    contents, sections = page.split("## What it costs")
    titles = re.findall(r"^## (.+)$", sections, flags=re.MULTILINE)

    links = [f"[{title}](#{title.lower().replace(' ', '-')})" for title in titles]
    assert [link for link in links if link not in contents] == []
    told = set(re.findall(r"forbear import ([a-z-]+)", sections))
    assert told == SOURCES.keys()


@pytest.mark.slow
def test_pages_of_the_dashboard_become_a_list_of_actions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORBEAR_HOME", str(tmp_path / "home"))
    shop, out = tmp_path / "shop", tmp_path / "list.csv"
    files = sorted(str(file) for file in EXPORT.glob("*.csv"))
    told = _run(
        "import", "stripe", *files, "--exported-at", "2026-06-30T22:00:00+02:00",
        "--timezone", "Europe/Brussels", "--out", str(shop),
    )  # fmt: skip

    assert "15,048.0000" in told
    assert "clean" in _run("validate", str(shop))
    _run("score", str(shop), "--out", str(out))
    lines = out.read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("cus_05,remind")]
    explained = _run("explain", str(shop), "cus_05")
    assert "Paying all that is overdue (€297" in " ".join(explained.split())


def _run(*arguments: str) -> str:
    ran = CliRunner().invoke(app, list(arguments))
    assert ran.exit_code == 0, ran.output
    return ran.output
