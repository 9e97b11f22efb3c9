"""A portfolio advised in parts has the answers of one piece, bit for bit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
import yaml

import simulation
from advice import Advisor, parts_run
from advice.advised import AdvisedParts
from advice.lists import first_of_list, long_list
from advice.parts_run import RunLimits, advise_in_parts
from advice.portfolio_run import advise_portfolio
from decisions.case import BudgetUse
from decisions.policy_file.load import Policy, load_policy
from features.portfolio import Portfolio
from features.reading.duck_settings import DuckSettings
from features.snapshots import latest_snapshots
from scoring.bundle import Bundle
from tests.advice.short_list import daily_list

NOTHING_USED = BudgetUse()
N_PARTS, PLACES = 4, 3
BRUSSELS = ZoneInfo("Europe/Brussels")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("in-parts") / "shop"
    simulation.simulate("recession", 60, 12, 11, out)
    return out


@pytest.fixture(scope="module")
def policy_file(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Budgets so tight that what one part takes is missing in another."""
    tight = policy.document.model_dump(mode="json", by_alias=True)
    tight |= {"mode": "thresholds", "thresholds": [{"fraud": {"review": 0.0}}]}
    tight["exploration"] = {}
    tight["review"]["capacity_per_day"] = PLACES
    file = tmp_path_factory.mktemp("policy") / "tight.yaml"
    file.write_text(yaml.safe_dump(tight), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def whole(folder: Path) -> Portfolio:
    return Portfolio.open(folder)


@pytest.fixture(scope="module")
def in_file(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    file = tmp_path_factory.mktemp("database") / "portfolio.duckdb"
    return Portfolio.open(folder, DuckSettings(500, file, 1))


@pytest.fixture(scope="module")
def advisor(
    bundle_of: Callable[[str], Bundle], whole: Portfolio, policy_file: Path
) -> Advisor:
    made = {target: bundle_of(target) for target in ("fraud", "nonpayment")}
    bundles = {t: replace(b, settings=whole.settings) for t, b in made.items()}
    return Advisor(bundles, load_policy(policy_file), whole.settings)


def test_what_is_reckoned_is_no_more_than_the_memory_given() -> None:
    limits = RunLimits(2_000, 2, n_customers=1_000_000)
    assert limits.n_processes == 2
    of_rows = limits.rows_in_part * parts_run._ROW_BYTES / 1e6
    in_processes = 2 * (parts_run._OF_PROCESS_MB + of_rows)
    names = 1_000_000 * parts_run._OF_CUSTOMER_BYTES / 1e6
    assert 1_990 < in_processes + parts_run._OF_PARENT_MB + names <= 2_000


def test_what_one_process_has_read_leaves_room_for_the_others(
    in_file: Portfolio,
) -> None:
    def limit() -> str:
        sql = "SELECT current_setting('memory_limit')"
        [[text]] = in_file.connection.con.execute(sql).fetchall()
        return str(text)

    before = limit()
    with in_file.held_to(50):
        assert limit() == "47.6 MiB"
        assert in_file.customer_ids
    assert limit() == before == "476.8 MiB"


class Small(RunLimits):
    """So few rows a part that a small portfolio has several."""

    @property
    def rows_in_part(self) -> int:
        return 4_000


def run(
    advisor: Advisor, policy_file: Path, read: Portfolio, out: Path, workers: int = 1
) -> AdvisedParts:
    return advise_in_parts(
        advisor,
        policy_file,
        read,
        None,
        out,
        Small(2_000, workers),
        budget_use=NOTHING_USED,
        named={},
    )


def one_piece(advisor: Advisor, whole: Portfolio) -> pa.Table:
    return advise_portfolio(advisor, whole, latest_snapshots(whole))


def test_parts_have_the_answers_of_one_piece(
    advisor: Advisor,
    policy_file: Path,
    whole: Portfolio,
    in_file: Portfolio,
    tmp_path: Path,
) -> None:
    advised = run(advisor, policy_file, in_file, tmp_path)
    assert len(advised.parts) >= N_PARTS
    expected = one_piece(advisor, whole)
    actions = [expected[c].to_pylist() for c in ("action", "action_in_run")]
    wished, left = (names.count("review") for names in actions)
    assert wished > left == PLACES
    assert pa.concat_tables(advised.tables()).equals(expected)
    assert advised.metadata["policy_hash"] == advisor.policy.hash


@pytest.mark.slow
def test_several_processes_have_the_answers_of_one(
    advisor: Advisor,
    policy_file: Path,
    whole: Portfolio,
    in_file: Portfolio,
    tmp_path: Path,
) -> None:
    advised = run(advisor, policy_file, in_file, tmp_path, workers=2)
    assert pa.concat_tables(advised.tables()).equals(one_piece(advisor, whole))


def test_an_interrupted_run_goes_on_where_it_was(
    advisor: Advisor,
    policy_file: Path,
    in_file: Portfolio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Parts that are there are not worked on again; what is missing is."""
    first = run(advisor, policy_file, in_file, tmp_path)
    expected = pa.concat_tables(first.tables())
    files = sorted((tmp_path / "parts").iterdir())
    files[0].unlink()
    before = {file: file.stat().st_mtime_ns for file in files[1:]}
    again = run(advisor, policy_file, in_file, tmp_path)
    assert pa.concat_tables(again.tables()).equals(expected)
    assert {file: file.stat().st_mtime_ns for file in files[1:]} == before
    assert sorted((tmp_path / "parts").iterdir()) == files


def test_other_data_or_another_moment_is_another_part(
    advisor: Advisor, policy_file: Path, in_file: Portfolio, tmp_path: Path
) -> None:
    """A part is never taken for one of which anything differs."""
    run(advisor, policy_file, in_file, tmp_path)
    n = len(list((tmp_path / "parts").iterdir()))
    later = replace(in_file, latest_known_at=in_file.latest_known_at + 1)
    run(advisor, policy_file, later, tmp_path)
    assert len(list((tmp_path / "parts").iterdir())) == 2 * n


def test_rows_of_other_code_are_not_taken(
    advisor: Advisor,
    policy_file: Path,
    in_file: Portfolio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(advisor, policy_file, in_file, tmp_path)
    n = len(list((tmp_path / "parts").iterdir()))
    monkeypatch.setattr("advice.parts_run.code_version", lambda: "of tomorrow")
    run(advisor, policy_file, in_file, tmp_path)
    assert len(list((tmp_path / "parts").iterdir())) == 2 * n


def test_parts_hold_all_rows_of_each_customer_once(
    whole: Portfolio, in_file: Portfolio
) -> None:
    parts = in_file.parts(4_000)
    assert sum(part.n_customers for part in parts) == len(whole.customer_ids)
    ids = [c for part in parts for c in in_file.part(part).customer_ids]
    assert tuple(ids) == whole.customer_ids
    n_rows = sum(
        int(rows.count().to_pyarrow().as_py()) for rows in whole.tables.values()
    )
    assert sum(part.n_rows for part in parts) == n_rows


def test_a_long_list_is_the_list_of_the_day(
    advisor: Advisor,
    policy_file: Path,
    whole: Portfolio,
    in_file: Portfolio,
    tmp_path: Path,
) -> None:
    advised = run(advisor, policy_file, in_file, tmp_path)
    expected = daily_list(one_piece(advisor, whole), BRUSSELS)
    assert list(long_list(advised, BRUSSELS, tmp_path / "sorted", 100)) == expected
    work = daily_list(one_piece(advisor, whole), BRUSSELS, only_work=True)
    assert first_of_list(advised, BRUSSELS, 5) == (len(work), work[:5])
    assert len(work) > 5


def test_more_memory_gives_larger_parts_and_little_memory_fewer_processes() -> None:
    assert RunLimits(1_000, 8).n_processes == 1
    assert RunLimits(2_000, 8).n_processes == 3
    assert RunLimits(8_000, 2).rows_in_part > RunLimits(2_000, 2).rows_in_part
