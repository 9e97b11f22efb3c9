"""From a portfolio to a registered champion that scores as the service does."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from scoring.bundle import Bundle
from scoring.shelf import champion_path
from tests.serving.processes import free_port
from training.errors import RegistryUnavailableError, UnknownTargetError
from training.model_card import as_html
from training.quiet_mlflow import mlflow
from training.train import TrainingResult, train
from training.training_data import gather

LUMEN = Path(__file__).parents[2] / "data" / "samples" / "lumen"


def test_a_target_without_labels_is_left_out(trained: TrainingResult) -> None:
    assert trained.target == "nonpayment"
    assert trained.refusal is None


def test_a_target_asked_for_without_labels_is_refused(
    flat_portfolio: Portfolio, tmp_path: Path
) -> None:
    [result] = train(flat_portfolio, ["fraud"], home=tmp_path)
    assert result.refusal is not None
    assert result.refusal.code == "too_few_positives"
    assert not result.is_trained


def test_outcomes_that_were_rejected_are_not_said_to_be_none(
    flat_tables: dict[str, pa.Table], settings: PortfolioSettings, tmp_path: Path
) -> None:
    outcomes = flat_tables["outcomes"].drop_columns(["kind"])
    portfolio = Portfolio.from_tables({**flat_tables, "outcomes": outcomes}, settings)
    told: list[str] = []
    assert train(portfolio, home=tmp_path, on_untold=told.append) == []
    assert any("nonpayment" in line for line in told)
    for line in told:
        assert "of outcomes were rejected" in line
        assert "kind" in line


def test_an_unknown_target_is_refused(flat_portfolio: Portfolio) -> None:
    with pytest.raises(UnknownTargetError, match="churn"):
        train(flat_portfolio, ["churn"])  # type: ignore[list-item]


def test_a_registry_that_is_down_is_said_before_anything_is_learnt(
    flat_portfolio: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    said: list[str] = []
    with pytest.raises(RegistryUnavailableError):
        train(
            flat_portfolio,
            home=tmp_path,
            tracking_uri=f"http://127.0.0.1:{free_port()}",
            progress=said.append,
        )
    assert said == []
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


def test_progress_is_told_and_the_first_model_is_champion(
    trained: TrainingResult, home: Path, lines: list[str], flat_portfolio: Portfolio
) -> None:
    assert any("rows to learn from" in line for line in lines)
    assert trained.registered is not None
    assert trained.registered.is_champion
    place = champion_path(home, "nonpayment")
    assert place is not None
    assert trained.bundle is not None
    assert Bundle.load(place).files == trained.bundle.files
    assert trained.bundle.horizon_days == 30
    assert trained.bundle.trained_on.isoformat() == "2026-01-31"
    assert trained.bundle.n_customers == len(flat_portfolio.customer_ids)


def test_what_became_of_a_target_is_told_before_the_next_begins(
    flat_portfolio: Portfolio, tmp_path: Path
) -> None:
    """Else a training that is stopped leaves a model that serves and was never told."""
    heard: list[str] = []
    train(
        flat_portfolio,
        ["fraud", "nonpayment", "fraud"],
        home=tmp_path,
        progress=heard.append,
        on_result=lambda result: heard.append(f"result of {result.target}"),
    )
    told = [place for place, line in enumerate(heard) if line.startswith("result of")]
    registered = next(i for i, line in enumerate(heard) if "registering" in line)
    assert [heard[i] for i in told] == [
        "result of fraud",
        "result of nonpayment",
        "result of fraud",
    ]
    assert told[1] == registered + 1


def test_the_run_says_what_was_measured(trained: TrainingResult) -> None:
    assert trained.registered is not None
    assert trained.bundle is not None
    client = mlflow.MlflowClient(trained.registered.tracking_uri)
    run = client.get_run(trained.registered.run_id)
    for name in ("auc", "pr_auc", "log_loss", "brier", "ks", "ici"):
        assert {name, f"{name}_low", f"{name}_high"} <= run.data.metrics.keys()
    assert run.data.tags["data_hash"] == trained.bundle.data_hash
    assert run.data.tags["feature_set_hash"] == trained.bundle.feature_set.hash
    assert run.data.params["learner"] == trained.bundle.learner
    files = {file.path for file in client.list_artifacts(run.info.run_id, "card")}
    for plot in ("roc", "precision_recall", "calibration", "scores", "gain"):
        assert f"card/{plot}.png" in files
    assert {"card/model_card.md", "card/model_card.html"} <= files


def test_the_card_says_for_whom_its_numbers_hold(
    trained: TrainingResult, home: Path
) -> None:
    """One date and no actions here: there is no spread to tell."""
    assert trained.is_trained
    card = next((home / "mlflow").rglob("card/model_card.md")).read_text()
    assert "records no actions: everybody is taken as served" in card
    assert "test dates one by one" not in card


def test_nothing_registered_is_a_pickle(trained: TrainingResult, home: Path) -> None:
    assert trained.is_trained
    suffixes = {path.suffix for path in (home / "mlflow").rglob("*")}
    assert not suffixes & {".pkl", ".pickle", ".joblib"}


def test_the_registry_of_a_state_folder_is_its_owners(
    trained: TrainingResult, home: Path
) -> None:
    """It keeps test rows of real customers, in files as the umask makes them."""
    assert trained.is_trained
    assert (home / "mlflow").stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_the_same_portfolio_gives_the_same_bundle(
    trained: TrainingResult, flat_portfolio: Portfolio, tmp_path: Path
) -> None:
    [again] = train(flat_portfolio, ["nonpayment"], home=tmp_path)
    assert again.bundle is not None
    assert trained.bundle is not None
    assert again.bundle.files == trained.bundle.files


def test_only_informative_features_are_kept(flat_portfolio: Portfolio) -> None:
    gathered = gather(flat_portfolio, ("nonpayment",))
    names = set(gathered.feature_set.names)
    assert {"load", "reserve", "noise", "trade"} <= names
    assert "customer_email_kind" not in names  # nowhere known
    assert gathered.nonpayment_given_fraud is None


@pytest.mark.slow
def test_only_the_model_of_fraud_learns_from_links() -> None:
    gathered = gather(Portfolio.open(LUMEN), ("fraud", "nonpayment"))
    links = [n for n in gathered.feature_set.names if n.startswith("links_")]
    assert links

    for name in links:
        assert not np.isnan(gathered.rows["fraud"].column(name)).all()
        assert np.isnan(gathered.rows["nonpayment"].column(name)).all()


def test_the_card_as_a_page_shows_its_plots() -> None:
    page = as_html("# A\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n", "A", ["roc.png"])
    assert "<table>" in page
    assert '<img src="roc.png" alt="roc">' in page


def test_no_name_of_a_portfolio_or_a_feature_brings_markup() -> None:
    hostile = "<script>x</script>"
    page = as_html(f"# {hostile}\n\n[a](javascript:x)\n", hostile, [f"{hostile}.png"])
    assert "<script" not in page
    assert "href" not in page


def test_rejected_payments_are_named_as_what_keeps_all_outcomes_unknown(
    tmp_path: Path,
) -> None:
    """Not one status is of the list: nobody's labels can be known."""
    customer = {"customer_id": "a", "event_at": "2025-01-01T00:00:00Z"}
    invoice = customer | {"invoice_id": "1", "due_at": "2025-02-01", "amount": 9.0}
    paid = customer | {"payment_id": "1", "status": "arrived", "amount": 9.0}
    tables = {"customers": [customer], "invoices": [invoice], "payments": [paid]}
    read = {name: pa.Table.from_pylist(rows) for name, rows in tables.items()}
    told: list[str] = []
    portfolio = Portfolio.from_tables(read, PortfolioSettings())
    assert train(portfolio, home=tmp_path, on_untold=told.append) == []
    [line] = [line for line in told if line.startswith("nonpayment")]
    assert "1 rows of payments were rejected (unknown choice: status)" in line
    assert "correct them" in line


def test_a_missing_table_is_named_rather_than_a_date(tmp_path: Path) -> None:
    """Waiting would not help: without payments no outcome is ever known."""
    customer: dict[str, Any] = {"customer_id": "a", "event_at": "2024-01-01T00:00:00Z"}
    invoices = [
        customer | {"event_at": day, "invoice_id": day, "due_at": day, "amount": 9.0}
        for day in ("2024-02-01", "2025-02-01", "2026-02-01")
    ]
    tables = {"customers": [customer], "invoices": invoices}
    read = {name: pa.Table.from_pylist(rows) for name, rows in tables.items()}
    told: list[str] = []
    portfolio = Portfolio.from_tables(read, PortfolioSettings())
    assert train(portfolio, home=tmp_path, on_untold=told.append) == []
    [line] = [line for line in told if line.startswith("nonpayment")]
    assert line == (
        "nonpayment: no outcome can be known, for `payments` is missing: who was billed"
        " may have paid"
    )
