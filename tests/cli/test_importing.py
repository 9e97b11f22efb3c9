"""What `forbear import` refuses before it reads a file, and what it prints."""

import json
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from cli.main import main


def refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object
) -> str:
    monkeypatch.setattr(sys, "argv", ["forbear", "import", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    return " ".join(capsys.readouterr().err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--rate", "JPY=-1"), "a number above 0"),
        (("--rate", "JPY=0"), "a number above 0"),
        (("--rate", "JPY=nan"), "a number above 0"),
        (("--rate", "JPY=inf"), "a number above 0"),
        (("--rate", "JPY=x"), "a number above 0"),
        (("--rate", "YEN=="), "a number above 0"),
        (("--rate", "YENS=0.006"), "three letters of ISO 4217"),
        (("--currency", "EUROS"), "three letters of ISO 4217"),
        (("--currency", ""), "three letters of ISO 4217"),
    ],
)
def test_money_that_no_portfolio_can_use_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, str],
    message: str,
) -> None:
    file = tmp_path / "charges.ndjson"
    file.write_text("{}\n", "utf-8")
    out = tmp_path / "portfolio"
    words = ("stripe", file, "--out", out, *options)

    assert message in refused(capsys, monkeypatch, *words)
    assert not out.exists()


def test_it_says_where_the_moment_of_the_export_is_only_the_latest_in_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tblclients.tsv"
    file.write_text("id\tcurrency\tdatecreated\n1\t1\t2026-01-10\n", "utf-8")
    words = ("whmcs", file, "--currency", "EUR", "--out")

    silent = imported(capsys, monkeypatch, *words, tmp_path / "a")
    moment = ("--exported-at", "2026-01-12T09:00:00Z")
    stated = imported(capsys, monkeypatch, *words, tmp_path / "b", *moment)

    assumed = (
        "assumed: exported at the latest moment in the files, 2026-01-10 00:00 UTC"
    )
    assert assumed in silent
    assert "assumed: exported" not in stated


def test_it_says_why_a_row_is_not_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "customers.json"
    customer = {"id": "acme", "created_at": 1_767_571_200}
    file.write_text(json.dumps({"list": [{"customer": customer}]}), "utf-8")
    words = ("chargebee", file, "--currency", "EUR", "--out", tmp_path / "a")

    first, again = (imported(capsys, monkeypatch, *words) for _ in range(2))
    assert "said before" not in first
    assert (
        "said before: 1 of these rows, by the portfolio or by an earlier row" in again
    )


def imported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object
) -> str:
    monkeypatch.setattr(sys, "argv", ["forbear", "import", *map(str, words)])
    with suppress(SystemExit):
        main()
    return " ".join(capsys.readouterr().out.split())
