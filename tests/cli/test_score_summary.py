"""What `forbear score` says on the screen."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from advice.advised import AdvisedParts
from cli.score_summary import show_moment, show_what_to_add

NO_NOTICE = {"code": "notice_missing", "sentence": "The notice was not sent."}
CLOSE = {"code": "close_call", "sentence": "The milder action wins."}


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
