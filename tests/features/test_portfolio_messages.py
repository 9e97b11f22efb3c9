"""What a portfolio says of itself: rejected rows, warnings, why it cannot be used."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import (
    MissingTableError,
    MixedFormatsError,
    NoCustomersError,
    PortfolioError,
    PortfolioNotFoundError,
    SettingsError,
    UnreadableTableError,
)
from features.portfolio import Portfolio
from tests.features.test_portfolio import USAGE, folder

__all__ = ["folder"]


def test_rejects_are_written_when_asked_and_never_read(folder: Path) -> None:
    lines = "customer_id,event_at,cost,rule,note\na,2026-03-01,1,x,\n,2026-03-01,1,y,\n"
    (folder / "usage.csv").write_text(lines + "a,soon,1,z,é\na,2026-03-02\n")
    portfolio = Portfolio.open(folder)
    before = sorted(folder.rglob("*"))
    assert portfolio.report.exit_code == 3
    assert {(r.rule, r.n) for r in portfolio.rejects} == {
        ("empty_customer_id", 1),
        ("bad_time", 1),
        ("malformed_row", 1),
    }
    [table] = [t for t in portfolio.report.tables if t.table == "usage"]
    assert (table.n_read, table.n_accepted, table.n_rejected) == (4, 1, 3)
    assert sorted(folder.rglob("*")) == before
    [file] = portfolio.write_rejects(folder)
    assert file == folder / "rejected" / "usage.parquet"
    rows = pq.read_table(file).to_pylist()
    assert [(r["rule"], r["column"]) for r in rows] == [
        ("empty_customer_id", "customer_id"),
        ("bad_time", "event_at"),
        ("malformed_row", ""),
    ]
    assert rows[1]["rule_found"] == "z"
    assert rows[1]["note"] == "é"
    assert rows[2]["line"] == "a,2026-03-02"
    assert Portfolio.open(folder).report == portfolio.report
    (folder / "usage.csv").write_text("customer_id,event_at,cost\na,2026-03-01,1\n")
    assert Portfolio.open(folder).write_rejects(folder) == ()
    assert not file.exists()


def test_rejected_rows_of_files_that_disagree_about_types(folder: Path) -> None:
    (folder / "disputes").mkdir()
    for name, amount in (("1", pa.array([-1])), ("2", pa.array(["ten"]))):
        said = {"dispute_id": ["d"], "kind": ["billing"], "status": ["opened"]}
        rows = pa.table({"customer_id": ["a"], "event_at": ["2026-03-01"], **said})
        rows = rows.append_column("amount", amount)
        pq.write_table(rows, folder / "disputes" / f"{name}.parquet")
    [file] = Portfolio.open(folder).write_rejects(folder)
    rows = pq.read_table(file).to_pylist()
    assert [(r["amount"], r["rule"]) for r in rows] == [
        ("-1", "negative_amount"),
        ("ten", "bad_number"),
    ]


def test_a_missing_required_column_rejects_the_table(folder: Path) -> None:
    pq.write_table(USAGE.drop_columns(["cost"]), folder / "usage.parquet")
    [reject] = Portfolio.open(folder).rejects
    assert (reject.rule, reject.n) == ("missing_column:cost", 3)
    assert "`columns:` in portfolio.yaml" in reject.what_to_do


def test_warnings_say_what_was_ignored(folder: Path) -> None:
    (folder / "portfolio.yaml").write_text(
        "curency: USD\nlabels: {fraud: {horizon: 3}}\n"
        "attributes: {plan: {type: category, textt: x}}\n"
    )
    strange = pa.table({"customer_id": ["z"], "event_at": ["2026-03-01"], "cost": [1]})
    rows = pa.concat_tables([USAGE.set_column(2, "cost", [[1, 2, 3]]), strange])
    rows = rows.append_column("colour", [["red"] * 4]).append_column("b", [[1] * 4])
    pq.write_table(rows, folder / "usage.parquet")
    pq.write_table(rows, folder / "invoces.parquet")
    no_such_table = "invoces.parquet is no table of the contract and was ignored"
    assert Portfolio.open(folder).warnings == (
        "portfolio.yaml: curency is no setting and was ignored",
        "portfolio.yaml: labels.fraud.horizon is no setting and was ignored",
        "portfolio.yaml: attributes.plan.textt is no setting and was ignored",
        f"{no_such_table}; did you mean invoices?",
        "customers: column 'plan' of portfolio.yaml is not there: all unknown",
        "usage: column 'b' is not in the contract and was ignored",
        "usage: column 'colour' is not in the contract and was ignored",
        "usage: not in `customers` and not scored: 1 customer",
    )


def test_without_settings_the_defaults_stand_and_it_is_said(folder: Path) -> None:
    (folder / "portfolio.yaml").unlink()
    portfolio = Portfolio.open(folder)
    assert portfolio.settings.currency == "EUR"
    assert portfolio.warnings == (
        "no portfolio.yaml: EUR, UTC and the other defaults are assumed",
    )
    assert portfolio.report.exit_code == 0


@pytest.mark.parametrize(
    ("files", "error", "says"),
    [
        ({"portfolio.yaml": "name: ["}, SettingsError, "cannot be read"),
        ({"portfolio.yaml": "- a list"}, SettingsError, "must be a mapping"),
        ({"portfolio.yaml": "timezone: Mars"}, SettingsError, "unknown time zone"),
        ({"portfolio.yaml": "rates: {USD: -1}"}, SettingsError, "between 1e-9 and 1e9"),
        ({"portfolio.yaml": "materiality: x"}, SettingsError, "materiality"),
        ({"portfolio.yaml": "exposure: {open: segment}"}, SettingsError, "no money"),
        ({"customers.csv": "customer_id\na\n"}, MixedFormatsError, "keep one"),
        ({"usage.parquet": "PAR?"}, UnreadableTableError, "usage.parquet"),
        ({"usage.csv": ""}, UnreadableTableError, "usage.csv"),
        ({"usage.csv": "cost,cost\n1,2\n"}, UnreadableTableError, "2 columns 'cost'"),
    ],
)
def test_unusable_portfolios_say_why(
    folder: Path, files: Mapping[str, str], error: type[PortfolioError], says: str
) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.raises(error, match=says) as raised:
        Portfolio.open(folder)
    assert raised.value.code == error.code != PortfolioError.code


def test_bytes_that_are_no_text_are_said(folder: Path) -> None:
    (folder / "usage.csv").write_bytes(
        b"customer_id,event_at,cost\n\xff,2026-03-01,1\n"
    )
    with pytest.raises(UnreadableTableError, match=r"usage\.csv"):
        Portfolio.open(folder)


def test_customers_must_exist(tmp_path: Path) -> None:
    with pytest.raises(PortfolioNotFoundError, match="no portfolio folder"):
        Portfolio.open(tmp_path / "nowhere")
    with pytest.raises(MissingTableError, match="customers"):
        Portfolio.open(tmp_path)
    (tmp_path / "customers.csv").write_text("customer_id,event_at\na,soon\n")
    with pytest.raises(NoCustomersError) as raised:
        Portfolio.open(tmp_path)
    report = raised.value.report
    assert report.exit_code == 2
    assert [r.rule for r in report.rejects] == ["bad_time"]
