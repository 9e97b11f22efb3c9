"""MLflow says nothing of itself where results are read."""

from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR

from training.quiet_mlflow import quiet


def test_no_bar_of_progress_stands_in_front_of_results() -> None:
    with quiet():
        shows = MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.get()  # type: ignore[no-untyped-call]
    assert not shows
