"""The plainest data there are: three CSVs and three commands, nothing else.

Nobody wrote down notices, disputes or holds, so nobody may be suspended; whoever owes
is reminded, or looked at, and whoever paid is left alone.
"""

import csv
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest

from features.portfolio import Portfolio
from tests.end_to_end.conftest import forbear
from tests.end_to_end.plain_files import (
    FORGOTTEN,
    LONG_OVERDUE,
    PAID,
    TODAY,
    write_plain_files,
)

STOPS = {"suspend", "block"}
Row = dict[str, Any]


class Answer(NamedTuple):
    """What `forbear score` wrote."""

    folder: Path
    rows: dict[str, Row]
    listed: list[Row]
    notices: list[Row]


def csv_rows(file: Path) -> list[Row]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def answer(folder: Path, out: Path) -> Answer:
    asked = ("score", folder, "--as-of", TODAY, "--out")
    assert forbear(*asked, out / "scored.parquet") == 0
    notices = ("--notices", out / "contacts-due.csv")
    assert forbear(*asked, out / "list.csv", *notices) == 0
    assert forbear(*asked, out / "list.xlsx") == 0
    rows = pq.read_table(out / "scored.parquet").to_pylist()
    return Answer(
        folder,
        {row["customer_id"]: row for row in rows},
        csv_rows(out / "list.csv"),
        csv_rows(out / "contacts-due.csv"),
    )


@pytest.fixture(
    scope="module", params=["starter", pytest.param("trained", marks=pytest.mark.slow)]
)
def answered(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Answer:
    """Answers before any training, and after it."""
    base = tmp_path_factory.mktemp(request.param)
    folder = base / "shop"
    write_plain_files(folder)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        # what MLflow and matplotlib say about themselves is not ours
        warnings.simplefilter("ignore")
        patch.setenv("FORBEAR_HOME", str(base / "state"))
        patch.delenv("FORBEAR_POLICY", raising=False)
        assert forbear("validate", folder) == 0
        if request.param == "trained":
            assert forbear("train", folder) == 0
        return answer(folder, base)


def test_everybody_gets_a_decision(answered: Answer) -> None:
    assert len(answered.rows) == 300
    assert {row["no_decision"] for row in answered.rows.values()} == {None}
    assert {row["p_nonpayment"] is None for row in answered.rows.values()} == {False}


def test_who_is_long_overdue_is_reminded_or_looked_at(answered: Answer) -> None:
    row = answered.rows[LONG_OVERDUE]
    assert row["days_overdue"] > 120
    assert row["action"] in {"remind", "review"}
    assert [notice["notice"] for notice in row["notices_due"]] == ["reminder_1"]


def test_who_paid_is_left_alone(answered: Answer) -> None:
    row = answered.rows[PAID]
    assert (row["action"], row["overdue"], row["notices_due"]) == ("none", 0.0, [])
    assert row["p_nonpayment"] < answered.rows[LONG_OVERDUE]["p_nonpayment"]


def test_who_forgot_one_invoice_is_no_worse_than_reminded(answered: Answer) -> None:
    assert answered.rows[FORGOTTEN]["action"] in {"none", "remind"}


def test_nobody_is_stopped_where_nobody_was_told(answered: Answer) -> None:
    actions = {row["action"] for row in answered.rows.values()}
    assert not actions & STOPS
    assert {row["action"] for row in answered.listed} == actions


def test_assumed_money_is_said(answered: Answer) -> None:
    assert set(answered.rows[PAID]["assumed"]) == {"clv", "recurring_monthly"}
    [listed] = [row for row in answered.listed if row["customer"] == PAID]
    assert listed["money assumed"]


def test_the_list_begins_with_what_is_to_do(answered: Answer) -> None:
    first = answered.listed[: len(answered.notices)]
    assert all(row["action"] != "none" for row in first)
    assert (answered.folder.parent / "list.xlsx").stat().st_size > 10_000


def test_a_notice_that_nobody_records_is_named_once(
    answered: Answer, tmp_path: Path
) -> None:
    """Asked again as of the same moment it is the same list, later it is not named."""
    base = answered.folder.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORBEAR_HOME", str(base / "state"))
        patch.delenv("FORBEAR_POLICY", raising=False)
        numbers = []
        for as_of in (TODAY, TODAY + timedelta(days=1)):
            due = tmp_path / f"{as_of}.csv"
            asked = ("score", answered.folder, "--as-of", as_of, "--notices", due)
            assert forbear(*asked) == 0
            numbers.append({row["customer_id"] for row in csv_rows(due)})
    same, later = numbers
    assert same == {row["customer_id"] for row in answered.notices}
    assert LONG_OVERDUE in same
    assert not same & later


def test_a_confirmed_notice_counts(answered: Answer) -> None:
    """Appended to `contacts` as it was written, it is not due again on the next day."""
    contacts = answered.folder / "contacts.csv"
    contacts.write_bytes((answered.folder.parent / "contacts-due.csv").read_bytes())
    try:
        read = Portfolio.open(answered.folder)
        assert read.rejects == ()
        [table] = [t for t in read.report.tables if t.table == "contacts"]
        assert table.n_accepted == len(answered.notices) > 0
    finally:
        contacts.unlink()
