"""The way of docs/importing.md, with the sample that it names."""

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cli.commands import app
from features.moments import to_datetime
from features.portfolio import Portfolio
from importing import SOURCES, ImportingError
from importing.errors import SharedIdsError
from tests.end_to_end.conftest import said
from tests.importing.tables import facts_of

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


@pytest.mark.parametrize("source", sorted(SOURCES.keys() - {"stripe"}))
def test_the_least_of_an_export_is_enough(tmp_path: Path, source: str) -> None:
    _write_least_exports(tmp_path)
    joined = {"bank": ["erpnext", "bank"], "partner-center": ["lago", "partner-center"]}
    out, at = str(tmp_path / "tried"), "2026-06-01T09:00:00Z"
    for name in joined.get(source, [source]):
        files = map(str, (tmp_path / f"export-{name}").iterdir())
        told = said("import", name, *files, "--exported-at", at, "--out", out)
        assert "looked at" in told

    if source == "partner-center":
        began = pq.read_table(tmp_path / "tried/subscriptions").to_pylist()
        assert {row["customer_id"] for row in began} == {"acme"}
    owed = 0 if source == "bank" else 605
    of_whom = pq.read_table(tmp_path / "tried/invoices").column("customer_id")
    facts = facts_of(tmp_path / "tried", of_whom[0].as_py(), at[:10], "open")
    assert facts == {"open": owed}
    latest = Portfolio.open(tmp_path / "tried").latest_moment
    assert to_datetime(latest) == datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.parametrize("source", sorted(SOURCES.keys() - {"stripe"}))
def test_a_first_list_and_its_reasons_come_of_it(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORBEAR_HOME", str(tmp_path / "home"))
    _write_least_exports(tmp_path)
    joined = {"bank": ["erpnext", "bank"], "partner-center": ["lago", "partner-center"]}
    shop, out = str(tmp_path / "tried"), tmp_path / "list.csv"
    for name in joined.get(source, [source]):
        files = map(str, (tmp_path / f"export-{name}").iterdir())
        at = "2026-06-01T09:00:00Z"
        said("import", name, *files, "--exported-at", at, "--out", shop)

    assert "money owed" in said("validate", shop)
    said("score", shop, "--out", str(out))
    [line] = csv.DictReader(out.read_text("utf-8-sig").splitlines())
    assert line["action"] == ("none" if source == "bank" else "remind")
    explained = said("explain", shop, line["customer"])
    assert ("605" in explained) == (source != "bank")


@pytest.mark.parametrize("form", ["camt", "bai2"])
def test_a_statement_in_another_form_pays_as_well(tmp_path: Path, form: str) -> None:
    _write_least_exports(tmp_path)
    out, at = str(tmp_path / "tried"), "2026-06-01T09:00:00Z"
    for name, folder in (("erpnext", "export-erpnext"), ("bank", f"export-{form}")):
        files = map(str, (tmp_path / folder).iterdir())
        said("import", name, *files, "--exported-at", at, "--out", out)

    facts = facts_of(tmp_path / "tried", "acme", at[:10], "open")
    assert facts == {"open": 0}


def test_a_return_of_nacha_opens_what_was_paid(tmp_path: Path) -> None:
    _write_least_exports(tmp_path)
    out, at = str(tmp_path / "tried"), "2026-06-01T09:00:00Z"
    owed = []
    for name, folder in (("chargebee", "export-usd"), ("bank", "export-nacha")):
        files = map(str, (tmp_path / folder).iterdir())
        said("import", name, *files, "--exported-at", at, "--out", out)
        owed.append(facts_of(tmp_path / "tried", "acme", at[:10], "open"))

    assert owed == [{"open": 0}, {"open": 605}]


def test_two_systems_that_number_alike_are_not_one(tmp_path: Path) -> None:
    _write_least_exports(tmp_path)
    out, at = str(tmp_path / "tried"), "2026-06-01T09:00:00Z"
    lago, chargebee = (
        ("import", name, *map(str, (tmp_path / f"export-{name}").iterdir()),
         "--exported-at", at, "--out", out)
        for name in ("lago", "chargebee")
    )  # fmt: skip
    said(*lago)
    before = pq.read_table(tmp_path / "tried/invoices")
    with pytest.raises(SharedIdsError, match=r"2 invoices of chargebee .* lago .* i0"):
        CliRunner().invoke(app, list(chargebee), catch_exceptions=False)
    assert pq.read_table(tmp_path / "tried/invoices").equals(before)
    said(*lago)


def test_partner_center_alone_says_what_comes_first(tmp_path: Path) -> None:
    _write_least_exports(tmp_path)
    files = map(str, (tmp_path / "export-partner-center").iterdir())
    out = str(tmp_path / "tried")
    with pytest.raises(ImportingError, match="import your billing system first"):
        CliRunner().invoke(
            app,
            ["import", "partner-center", *files, "--out", out],
            catch_exceptions=False,
        )


@pytest.mark.slow
def test_pages_of_the_dashboard_become_a_list_of_actions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORBEAR_HOME", str(tmp_path / "home"))
    shop, out = tmp_path / "shop", tmp_path / "list.csv"
    files = sorted(str(file) for file in EXPORT.glob("*.csv"))
    told = said(
        "import", "stripe", *files, "--exported-at", "2026-06-30T22:00:00+02:00",
        "--timezone", "Europe/Brussels", "--out", str(shop),
    )  # fmt: skip

    assert "15,048.0000" in told
    assert "clean" in said("validate", str(shop))
    said("score", str(shop), "--out", str(out))
    lines = out.read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("cus_05,remind")]
    explained = said("explain", str(shop), "cus_05")
    assert "Paying all that is overdue (€297" in " ".join(explained.split())


def _write_least_exports(folder: Path) -> None:
    page = (ROOT / "docs" / "importing.md").read_text("utf-8")
    put = r'^put (?:"([^"]+)"|(\S+)) <<END\n(.*?)^END$'
    for quoted, plain, text in re.findall(put, page, flags=re.MULTILINE | re.DOTALL):
        file = folder / (quoted or plain)
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
