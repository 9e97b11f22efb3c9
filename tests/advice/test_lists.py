"""The list of the day and the notices due, as offices open them."""

import csv
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from advice.advice_table import SCHEMA
from advice.errors import TooManyRowsError
from advice.lists import (
    COLUMNS,
    CONTACT_COLUMNS,
    IN_GENERAL,
    MEANING,
    NO_DECISION,
    WITHHELD,
    as_text_cell,
    csv_beside,
    notices_due,
    write_csv,
    write_table,
    write_workbook,
)
from advice.lists import sheets as sheets_module
from advice.lists.daily import PERSON_BECAUSE, REVIEWED_FOR, Column
from advice.lists.memory import named_before, remember
from decisions.actions import ACTIONS
from decisions.recommendation import NoDecisionCode, PersonBecause, RaisedBy
from decisions.rules.catalogue import RULE_BY_CODE
from features.contract import TABLES
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from tests.advice.short_list import daily_list
from wording.messages import messages

BRUSSELS = ZoneInfo("Europe/Brussels")
NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
REMINDER = {
    "notice": "reminder_1",
    "state": "reminder_1",
    "channel": "email",
    "send_by": NOON,
    "invoices": ["inv-1"],
    "is_final_warning": False,
}
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def row_of(customer_id: str, action: str | None, **more: object) -> dict[str, Any]:
    lists = ("thresholds_fraud", "thresholds_nonpayment", "withheld", "notices_due")
    plain: dict[str, Any] = dict.fromkeys(SCHEMA.names)
    plain |= {
        name: [] for name in (*lists, "reasons", "missing", "assumed", "rejected")
    }
    plain["person_because"] = []
    plain |= {
        "customer_id": customer_id,
        "as_of": NOON,
        "proposed_action": action,
        "action": action,
        "action_in_run": action,
        "in_force": False,
        "requires_person": False,
        "is_beyond_budget": False,
        "currency": "EUR",
        "policy": "reseller-default@1",
    }
    return plain | more


def table_of(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def listed(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    titles = [column.title for column in COLUMNS]
    found = daily_list(table_of(*rows), BRUSSELS)
    return [dict(zip(titles, row, strict=True)) for row in found]


def test_money_of_which_a_row_was_rejected_is_unknown() -> None:
    owed = {"overdue": 30.0, "actionable": 20.0, "days_overdue": 9, "open": 50.0}
    by_name = {
        row["customer"]: row
        for row in listed(
            row_of("a", "remind", **owed, rejected=["access", "payments"]),
            row_of("b", "remind", **owed, rejected=["access"]),
        )
    }
    titles = "overdue", "may be acted on", "days overdue", "open"
    assert [by_name["a"][title] for title in titles] == [None] * 4
    assert by_name["a"]["why"] == ""
    assert by_name["a"]["incomplete"] == "rejected rows: access, payments"
    assert [by_name["b"][title] for title in titles] == [30.0, 20.0, 9, 50.0]
    assert by_name["b"]["incomplete"] == "rejected rows: access"


def test_numbers_are_as_people_read_them() -> None:
    """The table that Parquet is written of keeps them all."""
    p = 0.12345678901234567
    owed = {"overdue": 30.005000000000003, "actionable": 20.1, "days_overdue": 9}
    euros, yen = listed(
        row_of("a", "remind", p_fraud=p, p_nonpayment=0.98765432109876, **owed),
        row_of("b", "remind", **owed, currency="JPY", open=1582.4),
    )
    assert (euros["p(fraud)"], euros["p(non-payment)"]) == (0.123457, 0.987654)
    titles = "overdue", "may be acted on", "days overdue"
    assert [euros[title] for title in titles] == [30.01, 20.1, 9]
    assert [str(yen[title]) for title in titles] == ["30", "20", "9"]
    assert str(yen["open"]) == "1582"


def test_confirmed_fraud_stands_in_place_of_what_is_learnt_from_others(
    tmp_path: Path,
) -> None:
    rows = daily_list(
        table_of(row_of("c", "review", p_fraud=0.2, is_fraud_confirmed=True)), BRUSSELS
    )
    place = [column.title for column in COLUMNS].index("p(fraud)")
    assert rows[0][place] == "confirmed"
    file = tmp_path / "list.xlsx"
    write_workbook(COLUMNS, rows, file, "list")
    sheet = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    assert sheet[1][place] == "confirmed"


def test_contested_days_that_are_not_counted_are_said() -> None:
    [row] = listed(row_of("c", "remind", days_overdue=1, days_contested=12))
    assert row["why"] == "1 day overdue; 12 contested days not counted"


def test_why_a_person_looks_is_said_first() -> None:
    reason = {"family": "lateness", "staff": "2 invoices overdue"}
    row = row_of("c", "review", days_overdue=9, reasons=[reason])
    [told] = listed(row | {"raised_by": "left_to_a_person"})
    because = "a person looks: signs of fraud, and not all is known"
    assert told["why"] == f"{because}; 9 days overdue; 2 invoices overdue"
    assert set(REVIEWED_FOR) < set(get_args(RaisedBy))
    [sent] = listed(row | {"raised_by": "notice_required", "action_in_run": "remind"})
    assert sent["why"] == "9 days overdue; 2 invoices overdue"


def test_whoever_is_as_late_as_non_payment_is_said_to_be_one() -> None:
    [row] = listed(row_of("c", "remind", days_overdue=154, nonpayment_days=60))
    assert row["why"] == (
        "154 days overdue; non-payment itself, which begins at 60 days: its probability"
        " is of customers less late"
    )


def test_each_action_has_a_meaning_for_the_list() -> None:
    assert tuple(MEANING) == ACTIONS


def test_rows_of_parquet_are_written_as_csv_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "payments.parquet"
    rows = [{"payment_id": "=1+1", "amount": -5}, {"payment_id": "p", "amount": None}]
    pq.write_table(pa.Table.from_pylist(rows), file)
    beside = csv_beside(file)
    assert beside == tmp_path / "payments.csv"
    with beside.open(encoding="utf-8-sig", newline="") as lines:
        read = list(csv.reader(lines))
    assert read == [["payment_id", "amount"], ["'=1+1", "-5"], ["p", ""]]


def test_what_is_to_do_comes_first_and_what_was_done_last() -> None:
    rows = listed(
        row_of("left alone", "none"),
        row_of("suspended long ago", "suspend", in_force=True),
        row_of("small debt", "remind", overdue=30.0),
        row_of("large debt", "remind", overdue=900.0),
        row_of("unknown", None, no_decision="unknown_money", sentence="Unknown."),
        row_of("to suspend", "suspend", overdue=10.0, requires_person=True),
    )
    assert [row["customer"] for row in rows] == [
        "to suspend",
        "large debt",
        "small debt",
        "unknown",
        "suspended long ago",
        "left alone",
    ]
    acts = {row["customer"]: row["who acts"] for row in rows}
    assert acts["to suspend"] == "a person"
    assert acts["suspended long ago"] == "done already"
    assert acts["left alone"] == ""


def test_where_nobody_knows_what_is_late_the_larger_gain_comes_first() -> None:
    def owing(customer_id: str, saved: float) -> dict[str, Any]:
        cost = {"expected_cost_none": 100.0, "expected_cost_review": 100.0 - saved}
        return row_of(customer_id, "review", overdue=None, **cost)

    rows = listed(owing("a", 5.0), owing("b", 90.0), owing("c", 40.0))
    assert [row["customer"] for row in rows] == ["b", "c", "a"]


def test_no_decision_says_what_to_add() -> None:
    [row] = listed(
        row_of("c", None, no_decision="unknown_money", sentence="Money is unknown.")
    )
    assert row["action"] == "no decision"
    assert row["why"].startswith("Money is unknown. To decide: add the tables")


def test_every_code_of_no_decision_says_what_to_add() -> None:
    assert set(NO_DECISION) == set(get_args(NoDecisionCode))


def test_what_is_withheld_names_codes_that_there_are() -> None:
    people_agree = {"assumed_money"}  # then a stop waits for a person
    assert set(WITHHELD) - people_agree <= set(RULE_BY_CODE)


def test_what_quotes_one_customer_has_a_sentence_of_many() -> None:
    english = messages("en")
    quoting = {
        rule.code
        for rule in RULE_BY_CODE.values()
        if rule.details or "{" in english[f"staff.withheld.{rule.code}"]
    }
    assert quoting <= set(IN_GENERAL) | set(WITHHELD)
    assert set(IN_GENERAL) <= set(RULE_BY_CODE)
    assert not set(IN_GENERAL) & set(WITHHELD)


def test_why_a_person_must_agree_is_said() -> None:
    assert set(PERSON_BECAUSE) == set(get_args(PersonBecause))
    [row] = listed(
        row_of("c", "suspend", requires_person=True, person_because=["starter"])
    )
    assert row["who acts"] == "a person"
    assert "has seen no outcomes of yours" in row["why"]


def test_a_stop_beyond_the_budget_is_a_review_and_says_so() -> None:
    [row] = listed(
        row_of("c", "suspend", action_in_run="review", is_beyond_budget=True)
    )
    assert (row["action"], row["withheld"]) == ("review", "suspend")
    assert row["who acts"] == "a person"
    assert "budget" in row["why withheld"]


def test_notices_due_are_rows_of_contacts_that_the_contract_accepts() -> None:
    due = table_of(
        row_of("c1", "remind", notices_due=[REMINDER]),
        row_of("c2", "none"),
        row_of("c3", "remind", notices_due=[{**REMINDER, "invoices": ["a", "b"]}]),
    )
    rows = notices_due(due, date(2026, 6, 30))
    assert [(row["customer_id"], row["invoice_id"]) for row in rows] == [
        ("c1", "inv-1"),
        ("c3", ""),
    ]
    assert tuple(rows[0]) == CONTACT_COLUMNS
    assert list(CONTACT_COLUMNS) == [c.name for c in TABLES["contacts"].columns]
    contacts = pa.Table.from_pylist(
        [{name: value or None for name, value in row.items()} for row in rows]
    )
    customers = pa.table(
        {"customer_id": ["c1", "c2", "c3"], "event_at": ["2026-01-01"] * 3}
    )
    read = Portfolio.from_tables(
        {"customers": customers, "contacts": contacts}, PortfolioSettings()
    )
    assert read.rejects == ()
    [contact] = [t for t in read.report.tables if t.table == "contacts"]
    assert contact.n_accepted == 2


def test_ids_of_notices_stay_as_they_are(tmp_path: Path) -> None:
    """Telephone numbers as ids: with an apostrophe nobody would be meant."""
    due = table_of(row_of("+32470123456", "remind", notices_due=[REMINDER]))
    [contact] = notices_due(due, date(2026, 6, 30))
    file = tmp_path / "contacts.csv"
    write_table(CONTACT_COLUMNS, [list(contact.values())], file)
    with file.open(encoding="utf-8", newline="") as lines:
        [row] = csv.DictReader(lines)
    assert row["customer_id"] == "+32470123456"


@pytest.mark.parametrize(
    ("more", "n_due"),
    [
        pytest.param({}, 1, id="automation pauses"),
        pytest.param({"requires_person": True}, 0, id="a person must agree first"),
        pytest.param(
            {"action_in_run": "review", "is_beyond_budget": True}, 0, id="over budget"
        ),
    ],
)
def test_nobody_is_told_of_a_pause_that_may_not_come(
    more: dict[str, Any], n_due: int
) -> None:
    paused = {**REMINDER, "notice": "access_paused", "state": "fraud_path"}
    row = row_of("c", "suspend", notices_due=[paused], **more)
    assert len(notices_due(table_of(row), date(2026, 6, 30))) == n_due


@given(st.text(max_size=20))
def test_no_cell_of_a_csv_begins_a_formula(text: str) -> None:
    cell = as_text_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    assert cell.removeprefix("'") == text.removeprefix("'")


def test_a_csv_opens_in_an_office_and_keeps_its_numbers(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    write_csv(["who", "money"], [("=HYPERLINK(1)", -12.5), ("Zoë", None)], file)
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines))
    assert rows == [["who", "money"], ["'=HYPERLINK(1)", "-12.5"], ["Zoë", ""]]


def test_the_end_of_a_day_stays_on_that_day_in_a_workbook(tmp_path: Path) -> None:
    file = tmp_path / "list.xlsx"
    end = datetime(2026, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)
    write_workbook([Column("as of", "moment", 17)], [[end]], file, "list")
    [_, [shown]] = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    assert shown == datetime(2026, 6, 30, 23, 59)  # noqa: DTZ001  a sheet has no zone


def test_a_workbook_holds_text_as_text_under_a_header_that_stays(
    tmp_path: Path,
) -> None:
    file = tmp_path / "list.xlsx"
    rows = daily_list(
        table_of(row_of("=1+1", "remind", overdue=12.5, p_nonpayment=0.25)), BRUSSELS
    )
    write_workbook(COLUMNS, rows, file, "list of the day")
    with zipfile.ZipFile(file) as parts:
        sheet = ElementTree.fromstring(  # noqa: S314  our own file
            parts.read("xl/worksheets/sheet1.xml")
        )
    assert sheet.find(f".//{SHEET}f") is None  # no formula at all
    pane = sheet.find(f".//{SHEET}pane")
    assert pane is not None
    assert pane.get("state") == "frozen"
    texts = ["".join(cell.itertext()) for cell in sheet.iter(f"{SHEET}c")]
    assert texts[: len(COLUMNS)] == [column.title for column in COLUMNS]
    assert texts[len(COLUMNS)] == "=1+1"
    assert "12.5" in texts


def test_more_rows_than_a_sheet_holds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets_module, "_MOST_ROWS", 1)
    rows = daily_list(table_of(row_of("a", "none"), row_of("b", "none")), BRUSSELS)
    with pytest.raises(TooManyRowsError, match=r"\.csv"):
        write_workbook(COLUMNS, rows, tmp_path / "list.xlsx", "list")


def test_what_was_named_is_remembered_by_portfolio_and_moment(tmp_path: Path) -> None:
    assert named_before(tmp_path, "shop", NOON) == {}
    remember(
        tmp_path, "shop", [table_of(row_of("c", "remind", notices_due=[REMINDER]))]
    )
    assert named_before(tmp_path, "shop", NOON) == {"c": {}}  # the same moment anew
    later = NOON + timedelta(days=1)
    assert named_before(tmp_path, "shop", later) == {"c": {"reminder_1": NOON}}
    assert named_before(tmp_path, "another", later) == {}
