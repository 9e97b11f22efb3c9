"""`portfolio.yaml` as people write it, moved on by an import."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from importing.errors import OtherPortfolioError
from importing.settings import settings_text

THEN, NOW = "2026-06-01T00:00:00Z", "2026-06-09T00:00:00Z"


def moved(portfolio: Path, text: str | None, **rates: float) -> str:
    portfolio.mkdir(exist_ok=True)
    if text is not None:
        (portfolio / "portfolio.yaml").write_text(text, encoding="utf-8")
    observed = {"invoices": datetime(2026, 6, 9, tzinfo=UTC)}
    return settings_text(portfolio, "stripe", "EUR", rates, "UTC", observed)


@pytest.mark.parametrize("name", ["2026", "shop: eu", "#1", "ma boutique é"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    assert yaml.safe_load(moved(tmp_path / name, None))["name"] == name


@pytest.mark.parametrize(
    "dates",
    [
        f"observed_until: {{invoices: '{THEN}', usage: '{THEN}'}}  # all",
        f"observed_until:\n  invoices: '{THEN}'\n  usage: '{THEN}'\n\n# materiality",
        f"observed_until: {{\n  invoices: '{THEN}',\n  usage: '{THEN}'}}",
    ],
)
def test_dates_move_in_every_form(tmp_path: Path, dates: str) -> None:
    text = moved(tmp_path, f"currency: EUR\n{dates}\nmateriality: 25  # mine\n")

    assert yaml.safe_load(text) == {
        "currency": "EUR",
        "observed_until": {"invoices": NOW, "usage": THEN},
        "materiality": 25,
    }
    assert "# mine" in text
    assert ("#" in dates) == (text.count("#") == 2)


def test_an_anchor_that_something_else_needs_is_not_cut_off(tmp_path: Path) -> None:
    dates = f"observed_until: &dates {{invoices: '{THEN}'}}\nnone: *dates\n"
    with pytest.raises(OtherPortfolioError, match="write there: observed_until"):
        moved(tmp_path, f"currency: EUR\n{dates}")


def test_a_rate_said_later_is_added(tmp_path: Path) -> None:
    there = "currency: EUR\nrates: {GBP: 1.2}    # to the euro\n"
    text = moved(tmp_path, there, USD=0.92)

    assert yaml.safe_load(text)["rates"] == {"GBP": 1.2, "USD": 0.92}
    assert yaml.safe_load(moved(tmp_path, "currency: EUR\n", USD=0.92))["rates"]
    with pytest.raises(OtherPortfolioError, match="leave --rate out"):
        moved(tmp_path, there, GBP=1.1)
