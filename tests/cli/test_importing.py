"""What `forbear import` refuses before it reads a file, and what it prints."""

import sys
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
