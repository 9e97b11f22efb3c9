"""What `forbear score` says on the screen."""

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from advice.advised import AdvisedParts
from cli.champions import champions
from cli.score_cautions import warn_of_age
from cli.score_summary import show_actions, show_moment, show_what_to_add
from decisions.policy_file.load import SHIPPED
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from tests.cli.conftest import Run

NO_NOTICE = {"code": "notice_missing", "sentence": "The notice was not sent."}
CLOSE = {"code": "close_call", "sentence": "The milder action wins."}

HEADERS = {
    "customers": "customer_id,created_at",
    "invoices": "customer_id,invoice_id,event_at,due_at,amount",
    "payments": "customer_id,payment_id,event_at,status,amount,invoice_id",
}
AS_OF = {
    "de": "Stand 30. Juni 2026, 10:00 Uhr, Zeiten in UTC.",
    "fr": "État au 30 juin 2026 à 10:00, heures de UTC.",
    "pt-BR": "Situação em 30 de junho de 2026 às 10:00, horários de UTC.",
}


def test_of_when_the_list_speaks_is_said_in_local_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    moment = datetime(2026, 6, 30, 21, 59, tzinfo=UTC)
    advised = pa.table({"as_of": [moment, moment]})
    show_moment(AdvisedParts.of(advised), "mine@3", ZoneInfo("Europe/Berlin"))
    said = capsys.readouterr().out
    assert said == "As of 2026-06-30 23:59 (Europe/Berlin), by the policy mine@3:\n"


def test_what_needs_no_data_is_explained_in_its_own_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    columns = {
        "no_decision": pa.nulls(2, pa.string()),
        "withheld": [[NO_NOTICE, CLOSE], []],
        "assumed": [[], []],
    }
    show_what_to_add(AdvisedParts.of(pa.table(columns)))
    said = capsys.readouterr().out
    assert "nothing; The milder action wins." in said
    assert "send the notices that are due" in said


def test_no_number_of_one_customer_stands_for_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    floor = {"code": "fraud_floor"}
    columns = {
        "no_decision": pa.nulls(3, pa.string()),
        "withheld": [[{**floor, "sentence": f"It is {n} %."}] for n in (7, 7, 12)],
        "assumed": [[], [], []],
    }
    show_what_to_add(AdvisedParts.of(pa.table(columns)))
    said = " ".join(capsys.readouterr().out.split())
    assert "nothing; The probability of fraud is below" in said
    assert "7 %" not in said


def test_notices_dated_long_after_the_data_end_are_warned_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    end = datetime(2026, 6, 30, 12, tzinfo=UTC)
    settings = PortfolioSettings()
    latest = int(end.timestamp() * 1e6)
    read = cast("Portfolio", SimpleNamespace(latest_moment=latest, settings=settings))
    warn_of_age(read, None, date(2026, 7, 3))
    assert capsys.readouterr().out == ""
    warn_of_age(read, None, date(2026, 11, 29))
    said = capsys.readouterr().out
    assert "dated 2026-11-29, but the data end 2026-06-30" in said.replace("\n", " ")


def test_reviews_for_which_the_queue_has_no_place_are_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    columns = {
        "proposed_action": ["review"] * 3,
        "action": ["review"] * 3,
        "action_in_run": ["review", "none", "none"],
        "in_force": [False] * 3,
        "is_beyond_budget": [False] * 3,
    }
    show_actions(AdvisedParts.of(pa.table(columns)))
    assert "review budget: 2 reviews beyond it" in capsys.readouterr().out


def _write(folder: Path, **rows: str) -> None:
    """A portfolio of these rows: customers, invoices and payments."""
    (folder / "portfolio.yaml").write_text("currency: EUR\n")
    for table, text in rows.items():
        (folder / f"{table}.csv").write_text(f"{HEADERS[table]}\n{text}")


def test_a_payment_of_the_day_of_the_list_is_said_and_times_have_a_zone(
    forbear: Run, tmp_path: Path
) -> None:
    _write(
        tmp_path,
        customers="a,2025-01-01T00:00Z\nb,2026-07-01T00:00Z\n",
        invoices="a,1,2026-05-01,2026-06-01,500\na,2,2026-06-01,2026-07-01,500\n",
        payments="a,p,2026-06-30,succeeded,500,1\n",
    )
    said = forbear("score", tmp_path, "--as-of", "2026-06-30T10:00:00Z").out
    assert "dated_today: 1 payment or dispute of the day" in " ".join(said.split())
    whom = "2 customers in the portfolio less 1 not there yet: 1 scored"
    assert said.splitlines()[1] == whom
    assert "dated_today" not in forbear("score", tmp_path).out
    told = forbear("explain", tmp_path, "a", "--as-of", "2026-06-30T10:00:00Z")
    assert told.out.startswith("As of 30 June 2026, 10:00, times in UTC.\n")
    words = "--as-of", "2026-06-30T10:00:00Z", "--audience", "customer"
    assert "times in" not in forbear("explain", tmp_path, "a", *words).out
    for lang, first in AS_OF.items():
        said = forbear("explain", tmp_path, "a", *words[:2], "--lang", lang).out
        assert said.splitlines()[0] == first


def test_payments_that_were_not_looked_at_lately_are_said_at_the_top(
    forbear: Run, tmp_path: Path
) -> None:
    """Invoices go on for three weeks after the last payment that is known."""
    _write(
        tmp_path,
        customers="a,2025-01-01T00:00Z\n",
        invoices="a,1,2026-05-01,2026-06-01,500\na,2,2026-06-26,2026-07-26,500\n",
        payments="a,p,2026-06-05T08:00Z,succeeded,100,1\n",
    )
    said = " ".join(forbear("score", tmp_path).out.split())
    warning = (
        "not looked at lately: payments (to 2026-06-05 08:00, 21 days before): who"
    )
    assert warning in said
    assert said.index(warning) < said.index("action proposed")
    with (tmp_path / "portfolio.yaml").open("a") as settings:
        settings.write("observed_until: 2026-06-26\n")
    assert "not looked at lately" not in forbear("score", tmp_path).out


def test_the_starter_goes_by_the_money_of_the_portfolio(
    forbear: Run, tmp_path: Path
) -> None:
    """A first list by a policy of one's own: nothing trained, no payments known."""
    folder, policy = tmp_path / "small", tmp_path / "mine.yaml"
    folder.mkdir()
    _write(
        folder,
        customers="a,2025-01-01T00:00Z\n",
        invoices="a,1,2026-05-01,2026-06-01,500\n",
        payments="",
    )
    settings = "currency: CHF\ntimezone: Europe/Zurich\nobserved_until: 2026-07-01\n"
    (folder / "portfolio.yaml").write_text(settings)
    text = forbear("policy", "show", "reseller-default").out
    own = text.replace("currency: EUR", "currency: CHF")
    policy.write_text(own, "utf-8")
    mine = "--policy", policy
    at = "--as-of", "2026-06-30T10:00:00Z"
    assert "1 scored" in forbear("score", folder, *mine, *at).out
    assert forbear("explain", folder, "a", *mine, *at).code == 0
    days = "--from", "2026-06-28", "--to", "2026-06-30"
    tried = forbear("policy", "simulate", folder, *mine, *days, "--out", tmp_path / "o")
    assert "CHF" in tried.out


def test_a_rate_converts_the_policy_before_anything_was_trained(
    home: Path, tmp_path: Path
) -> None:
    """What is explained is what decides: floors and fees in the portfolio's money."""
    (tmp_path / "portfolio.yaml").write_text("currency: CHF\nrates: {EUR: 0.95}\n")
    policy = champions(home, SHIPPED / "thresholds-only.yaml", tmp_path).policy
    assert policy.document.currency == "CHF"
