"""What the history says was before, and who asked; what a registry's errors mean."""

import getpass
import os
import threading
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    INTERNAL_ERROR,
    INVALID_PARAMETER_VALUE,
    RESOURCE_DOES_NOT_EXIST,
    TEMPORARILY_UNAVAILABLE,
)
from sqlalchemy.exc import OperationalError

from scoring.starter import moved, starter
from training.errors import RegistryUnavailableError
from training.promotion_log import (
    Kind,
    PromotionLog,
    PromotionRecord,
    account,
    is_back_at_starter,
    to_take_back,
    was_unserved,
)
from training.tracking import CHAMPION, Tracker, version_of


def change(
    kind: Kind, version: str | None, before: str | None, bundle: str | None = None
) -> PromotionRecord:
    """Of version N the bundle is bN; `bundle` served before where that is not told."""
    served = bundle if before is None else f"b{before}"
    return PromotionRecord(
        kind, "fraud", version, f"b{version}", before, served, "2026-06-30", "ada"
    )


FIRST = change("first", "1", None)
SECOND, THIRD = change("promotion", "2", "1"), change("promotion", "3", "2")
BACK_TO_2, BACK_TO_1 = change("rollback", "2", "3"), change("rollback", "1", "2")
AGAIN_1 = change("promotion", "1", "2")
TO_STARTER = change("rollback", None, "2")
FROM_STARTER = change("promotion", "4", None, starter("fraud").bundle_id)
UNKNOWN = change("pull", "7", None, "b6")


@pytest.mark.parametrize(
    ("changes", "taken_back"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([FIRST], FIRST, id="first"),
        pytest.param([FIRST, SECOND, THIRD], THIRD, id="promoted"),
        pytest.param([FIRST, SECOND, THIRD, BACK_TO_2], SECOND, id="rolled back"),
        pytest.param([FIRST, SECOND, THIRD, BACK_TO_2, BACK_TO_1], FIRST, id="twice"),
        pytest.param([FIRST, SECOND, AGAIN_1, BACK_TO_2], SECOND, id="version twice"),
        pytest.param(
            [FIRST, SECOND, change("promotion", "2", "2")], SECOND, id="promoted again"
        ),
        pytest.param([FIRST, SECOND, TO_STARTER], None, id="to the starter past all"),
        pytest.param(
            [FIRST, SECOND, TO_STARTER, FROM_STARTER], FROM_STARTER, id="and on again"
        ),
    ],
)
def test_each_rollback_goes_further_back(
    changes: list[PromotionRecord], taken_back: PromotionRecord | None
) -> None:
    assert to_take_back(changes) == taken_back


OF_AN_EARLIER_RELEASE = moved(starter("fraud"), 0.1)
AFTER_AN_UPGRADE = change("pull", "8", None, OF_AN_EARLIER_RELEASE.bundle_id)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        pytest.param(FIRST, True, id="nothing was there"),
        pytest.param(FROM_STARTER, True, id="the starter"),
        pytest.param(AFTER_AN_UPGRADE, True, id="the starter of an earlier release"),
        pytest.param(SECOND, False, id="a model"),
        pytest.param(UNKNOWN, False, id="a model of which no version is known"),
    ],
)
def test_before_a_change_a_starter_stood_in_where_no_model_served(
    tmp_path: Path, last: PromotionRecord, *, expected: bool
) -> None:
    OF_AN_EARLIER_RELEASE.save(tmp_path / "starters" / "fraud")
    assert was_unserved(tmp_path, last) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param([], False, id="never trained"),
        pytest.param([FIRST], False, id="a model serves"),
        pytest.param([FIRST, TO_STARTER], True, id="taken back"),
        pytest.param([FIRST, TO_STARTER, FROM_STARTER], False, id="promoted since"),
    ],
)
def test_the_starter_serves_again_once_somebody_went_back_to_it(
    changes: list[PromotionRecord], *, expected: bool
) -> None:
    assert is_back_at_starter(changes) is expected


def test_an_account_without_an_entry_is_named_by_its_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert account() == f"uid {os.getuid()}"


class Answering(MlflowClient):
    """A registry that answers with one error."""

    def __init__(self, code: int) -> None:
        self.code = code

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        raise MlflowException(f"{name} {alias}", self.code)


@pytest.mark.parametrize("code", [RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE])
def test_a_model_or_alias_that_is_not_there_is_no_champion(code: int) -> None:
    assert version_of(Answering(code), "forbear-fraud", CHAMPION) is None


@pytest.mark.parametrize("code", [INTERNAL_ERROR, TEMPORARILY_UNAVAILABLE])
def test_a_registry_that_is_down_is_not_an_empty_one(code: int) -> None:
    """Else the gates would find no champion to compare with, and let anything pass."""
    with pytest.raises(RegistryUnavailableError):
        version_of(Answering(code), "forbear-fraud", CHAMPION)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            OperationalError("CREATE TABLE runs", {}, Exception("disk is full")),
            id="of the database",
        ),
        pytest.param(
            MlflowException("disk is full\n[SQL: UPDATE runs]", INTERNAL_ERROR),
            id="of MLflow",
        ),
    ],
)
def test_a_registry_that_cannot_write_is_said_in_one_line(
    tmp_path: Path, error: Exception
) -> None:
    with (
        pytest.raises(RegistryUnavailableError, match="disk is full") as refused,
        Tracker(tmp_path).connected(),
    ):
        raise error
    assert "\n" not in str(refused.value)
    assert "SQL:" not in str(refused.value)


def test_who_waits_says_for_which_process_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a terminal there is no spinner: a silent command looks dead."""
    entered = threading.Event()

    def second() -> None:
        with PromotionLog(tmp_path).alone():
            entered.set()

    with PromotionLog(tmp_path).alone():
        waiting = threading.Thread(target=second)
        waiting.start()
        for _ in range(1_000):
            if caplog.messages:
                break
            time.sleep(0.01)
        assert not entered.is_set()
    waiting.join()
    assert entered.is_set()
    [message] = caplog.messages
    assert f"process {os.getpid()} of {account()}" in message
    with PromotionLog(tmp_path).alone():  # nobody is there to wait for
        assert caplog.messages == [message]


def test_a_state_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask: judged rows, keys and the registry lie there."""
    home = tmp_path / "state"
    with PromotionLog(home).alone():
        made = [home, home / "promotions"]
        assert [one.stat().st_mode & 0o777 for one in made] == [0o700, 0o700]


def test_who_has_let_go_is_named_no_more(tmp_path: Path) -> None:
    with PromotionLog(tmp_path).alone():
        assert len(list(tmp_path.rglob("holder.txt"))) == 1
    assert not list(tmp_path.rglob("holder.txt"))


def test_a_holder_that_cannot_be_written_refuses_nobody(tmp_path: Path) -> None:
    (tmp_path / "promotions" / "holder.txt").mkdir(parents=True)
    entered = False
    with PromotionLog(tmp_path).alone():
        entered = True
    assert entered
