"""`forbear monitor`: what rang, who gave automation back."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from simulation.run import simulate
from store.monitoring import Cause
from store.opening import open_monitoring
from tests.cli.conftest import Run

FEED = Cause("inputs", "feed_stopped", "payments", "no payments for 5 days")


def ring(home: Path) -> str:
    """The id of the alarm."""
    monitoring = open_monitoring(home)
    [alarm] = monitoring.record(1, 1, "shop", "{}", [FEED])
    monitoring.close()
    return alarm.alarm_id


def test_a_person_lists_and_releases(forbear: Run, home: Path) -> None:
    assert forbear("monitor", "alarms").code == 0
    alarm_id = ring(home)
    listed = forbear("monitor", "alarms")
    assert listed.code == 1
    assert f"{alarm_id} shop since 1970-01-01: {FEED.why} [feed_stopped]" in listed.out
    why = ("--by", "ana", "--reason", "the feed runs again")
    released = forbear("monitor", "release", *why)
    assert (released.code, FEED.why in released.out) == (0, True)
    every = forbear("monitor", "alarms", "--all")
    assert every.code == 0
    assert "by ana: the feed runs again" in every.out


def test_alarms_of_another_store_are_read_and_released_there(
    forbear: Run, home: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    alarm_id = ring(other)
    assert forbear("monitor", "alarms").code == 0
    listed = forbear("monitor", "alarms", "--store", other)
    assert (listed.code, alarm_id in listed.out) == (1, True)
    why = ("--by", "ana", "--reason", "the feed runs again")
    assert forbear("monitor", "release", *why, "--store", other).code == 0
    assert forbear("monitor", "alarms", "--store", other).code == 0
    missing = forbear("monitor", "alarms", "--store", tmp_path / "none")
    assert missing.code == 2


@pytest.mark.slow
def test_models_and_store_may_be_elsewhere(
    forbear: Run, shop: Path, home: Path, tmp_path: Path
) -> None:
    models, store = tmp_path / "models", tmp_path / "store"
    models.mkdir()
    store.mkdir()
    ran = forbear("monitor", shop, "--models", models, "--store", store)
    assert (ran.code, "[feed_stopped]" in ran.out) == (1, True)
    assert forbear("monitor", "alarms").code == 0
    assert forbear("monitor", "alarms", "--store", store).code == 1


@pytest.mark.slow
def test_an_alarm_counts_though_its_report_cannot_be_written(
    forbear: Run, shop: Path, home: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report/monitoring.html"
    report.parent.mkdir()
    report.write_text("of yesterday")
    (report.parent / "monitoring.json").mkdir()  # where a file is to be
    ran = forbear("monitor", shop, "--out", report.parent)
    assert (ran.code, "[file_problem]" in ran.err) == (2, True)
    assert forbear("monitor", "alarms").code == 1
    assert report.read_text() == "of yesterday"


def test_nothing_is_released_that_does_not_stand(forbear: Run, home: Path) -> None:
    ring(home)
    why = ("--by", "ana", "--reason", "seen")
    ran = forbear("monitor", "release", "nothing", *why)
    assert (ran.code, "[nothing_to_release]" in ran.err) == (2, True)
    unnamed = forbear("monitor", "release", "--by", " ", "--reason", "seen")
    assert (unnamed.code, "[no_releaser]" in unnamed.err) == (2, True)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated portfolio of some months, whose payments stopped 12 days ago."""
    folder = tmp_path_factory.mktemp("world") / "shop"
    simulate("calm", 150, 8, 2, folder, usage_every="week")
    payments = pq.read_table(folder / "payments.parquet")
    last = pc.max(payments["known_at"]).as_py() - timedelta(days=12)
    before = pc.less_equal(payments["known_at"], pa.scalar(last))
    pq.write_table(payments.filter(before), folder / "payments.parquet")
    return folder


@pytest.mark.slow
def test_a_broken_feed_stops_automation(
    forbear: Run, shop: Path, home: Path, tmp_path: Path
) -> None:
    looked = forbear("monitor", "--no-record", shop)  # an option may come first
    assert (looked.code, "[feed_stopped]" in looked.out) == (1, True)
    assert forbear("monitor", "alarms").code == 0  # it was not recorded
    ran = forbear("monitor", shop, "--out", tmp_path / "report")
    assert (ran.code, "[feed_stopped]" in ran.out) == (1, True)
    numbers = json.loads((tmp_path / "report/monitoring.json").read_text())
    assert "feed_stopped" in [cause["code"] for cause in numbers["causes"]]
    assert "payments" in (tmp_path / "report/monitoring.html").read_text()
    listed = tmp_path / "list.parquet"
    scored = forbear("score", shop, "--out", listed)
    assert "ALARM of monitoring (inputs)" in scored.out
    rows = pq.read_table(listed)
    new = rows.filter(pc.invert(rows["in_force"]))  # what is off already stays so
    assert not {"suspend", "block"} & set(new["action_in_run"].to_pylist())
    forbear("monitor", "release", "--by", "ana", "--reason", "the feed is mended")
    assert "ALARM of monitoring" not in forbear("score", shop).out
    again = forbear("monitor", shop)  # as the person saw it
    assert (again.code, "alarms stand" in again.out) == (1, False)
    assert "released by a person lately, so it stops nothing: 1 of what" in again.out


@pytest.mark.slow
def test_a_table_that_is_gone_rings_until_a_person_releases_it(
    forbear: Run, shop: Path, home: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(shop, tmp_path / "shop")
    assert "[rows_gone]" not in forbear("monitor", folder).out
    (folder / "usage.parquet").unlink()
    for _ in range(2):
        assert forbear("monitor", folder).out.count("[rows_gone]") == 1
    why = ("--by", "ana", "--reason", "usage is kept elsewhere now")
    forbear("monitor", "release", *why)
    assert "[rows_gone]" not in forbear("monitor", folder).out
