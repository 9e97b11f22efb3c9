"""What a portfolio says that cannot be, or that nobody would see otherwise."""

import datetime as dt
from pathlib import Path

import pytest

from features.account import account_facts
from features.errors import MissingTableError, SettingsError, UnreadableTableError
from features.labels import labels
from features.moments import to_datetime
from features.money import LARGEST
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from features.snapshots import latest_snapshots, snapshots


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "customers.csv").write_text("customer_id,event_at\na,2026-01-01\n")
    return tmp_path


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("observed_until: 9999-12-31T00:00:00Z", "observed_until: moments lie between"),
        ("observed_until: 2026-06-30T00:00:00", "observed_until: add the offset"),
        ("materiality: 100_000_000_001", "amount beyond"),
        ("exposure: {open: 1e30}", "amount beyond"),
        ("rates: {USD: 0}", "rates.USD: a rate must lie between 1e-9 and 1e9"),
        ("rates: {USD: 1e-10}", "rates.USD: a rate must lie between"),
        ("rates: {USD: 1.1e9}", "rates.USD: a rate must lie between"),
        ("rates: {USD: .nan}", "rates.USD: Input should be a finite number"),
        ("rates: {USD: .inf}", "rates.USD: Input should be a finite number"),
        ("settlement_days: {card: -1}", "settlement_days.card"),
        ("settlement_days: {card: .inf}", "settlement_days.card"),
        ("defaults: {lifetime_months: .inf}", "finite"),
        ("labels: {fraud: {horizon_days: 1000000}}", "less than or equal to 36500"),
        ("attributes: {known_at: {type: number}}", "'known_at' is taken"),
        ("attributes: {Forbear_row: {type: number}}", "'Forbear_row' is taken"),
        ("attributes: {rowid: {}}", "'rowid' is taken"),
        ("attributes: {Segment: {type: category}}", "differ only in case"),
        ("attributes: {x: {}, X: {}}", "differ only in case"),
    ],
)
def test_impossible_settings_are_refused_at_once(
    folder: Path, said: str, complaint: str
) -> None:
    (folder / "portfolio.yaml").write_text(said)
    with pytest.raises(SettingsError, match=complaint):
        Portfolio.open(folder)


def test_observed_until_may_be_a_day(folder: Path) -> None:
    """To the end of that day in Brussels, which has winter time."""
    said = "observed_until: 2026-01-31\ntimezone: Europe/Brussels"
    (folder / "portfolio.yaml").write_text(said)
    end_of_january = dt.datetime(2026, 1, 31, 22, 59, 59, 999_999, tzinfo=dt.UTC)
    settings = Portfolio.open(folder).settings
    assert settings.observed_until == end_of_january
    assert PortfolioSettings.model_validate(settings.model_dump(mode="json")) == (
        settings
    )


def test_what_was_not_read_is_said(folder: Path) -> None:
    (folder / "invoices").mkdir()
    (folder / "payment").mkdir()
    (folder / "USAGE.CSV").write_text("customer_id,event_at,cost\n")
    (folder / "portfolio.yaml").write_text(
        "settlement_days: {sepa: 3}\nattributes: {score: {}}\nexposure: {open: loan}"
    )
    said = " | ".join(Portfolio.open(folder).warnings)
    assert "invoices was not read: write one of invoices.parquet" in said
    assert "USAGE.CSV was not read" in said
    assert "folder payment was not read; did you mean payments?" in said
    assert "settlement_days.sepa is no payment method" in said
    assert "customers: column 'loan' of portfolio.yaml is not there" in said
    assert "customers: column 'score' of portfolio.yaml is not there" in said


@pytest.mark.parametrize("name", ["b.csv.gz", "2026-02/b.CSV", "000000_0"])
def test_a_table_of_which_files_are_not_read_is_refused(
    folder: Path, name: str
) -> None:
    """The payments of February would be missing, and nobody would be told."""
    (folder / "payments").mkdir()
    (folder / "payments" / "a.csv").write_text("customer_id,event_at,payment_id\n")
    (folder / "payments" / "_SUCCESS").write_text("")
    (folder / "payments" / ".a.csv.crc").write_text("")
    Portfolio.open(folder)
    file = folder / "payments" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"\x1f")
    with pytest.raises(UnreadableTableError, match=f"1 file in .* payments/{name}: "):
        Portfolio.open(folder)


def test_what_lies_in_place_of_the_customers_or_beside_is_said(folder: Path) -> None:
    (folder / "customers.csv.gz").write_bytes(b"")
    said = Portfolio.open(folder).warnings
    assert "customers.csv.gz was not read beside customers.csv" in said
    (folder / "customers.csv").unlink()
    with pytest.raises(MissingTableError, match=r"customers\.csv\.gz was not read"):
        Portfolio.open(folder)


def test_a_name_in_capitals_is_pointed_to(folder: Path) -> None:
    (folder / "usage.csv").write_text("customer_id,event_at,COST\na,2026-01-01,1\n")
    said = " | ".join(Portfolio.open(folder).warnings)
    assert "'COST' is not in the contract and was ignored; did you mean cost?" in said


GAP = "in files without"


def test_a_column_that_one_of_the_files_lacks_is_said(folder: Path) -> None:
    """Yen would be read as euros, and nobody would be told; what is rejected is."""
    head, row = (
        "customer_id,event_at,invoice_id,due_at,amount",
        "a,2026-01-01,{},{},9000",
    )
    (folder / "invoices").mkdir()
    first, second = (folder / "invoices" / f"{month}.csv" for month in ("01", "02"))
    (folder / "portfolio.yaml").write_text("rates: {JPY: 0.006}")
    first.write_text(f"{head},currency,kind\n{row.format(1, '2026-01-15')},JPY,\n")
    second.write_text(f"{head}\n{row.format(2, '2026-02-15')}\n")

    def gaps() -> list[str]:
        return [one for one in Portfolio.open(folder).warnings if GAP in one]

    [told] = gaps()
    assert "invoices: 1 of 2 rows are in files without currency, kind, which" in told
    assert "invoices/02.csv" in told
    second.write_text(f"{head}\n")  # no row says nothing
    assert gaps() == []
    second.write_text(f"{head},currency,kind\n{row.format(2, '2026-02-15')},,\n")
    assert gaps() == []


USAGE = "customer_id,event_at,cost,subscription_id\na,2026-01-01,1,café\n"


@pytest.mark.parametrize(
    "text",
    [
        USAGE.encode("utf-16"),
        USAGE.encode("windows-1252"),
        # so far behind that the header is long read
        USAGE.encode().replace("é".encode(), b"e") * 100_000 + b"a,2026-01-02,1,\xe9\n",
    ],
)
def test_a_file_that_is_not_utf_8_says_what_to_do(folder: Path, text: bytes) -> None:
    (folder / "usage.csv").write_bytes(text)
    with pytest.raises(UnreadableTableError, match=r"usage\.csv.* save it as UTF-8"):
        Portfolio.open(folder)


@pytest.mark.parametrize("name", ["place", "digest", "affected", "has_key", "key_0"])
@pytest.mark.parametrize("table", ["customers", "payments"])
def test_an_attribute_may_have_any_other_name(
    folder: Path, name: str, table: str
) -> None:
    """Also where rows are rejected, corrected or under two customers."""
    (folder / "portfolio.yaml").write_text(f"attributes: {{{name}: {{from: {table}}}}}")
    (folder / "customers.csv").write_text(
        f"customer_id,event_at,{name}\na,2026-01-01,1\na,2026-01-02,2\nb,2026-01-01,x\n"
    )
    (folder / "payments.csv").write_text(
        f"customer_id,event_at,known_at,payment_id,status,amount,{name}\n"
        "a,2026-01-01,,p1,succeeded,10,1\n"
        "a,2026-01-01,2026-01-02,p1,succeeded,20,2\n"
        "a,2026-01-01,,p2,succeeded,10,3\n"
        "b,2026-01-01,,p2,succeeded,10,4\n"
        "b,2026-01-01,,p3,succeeded,ten,5\n"
    )
    portfolio = Portfolio.open(folder)
    values = portfolio.tables[table].to_pyarrow()[name].to_pylist()
    assert sorted(values) == [1, 2]
    assert {reject.rule for reject in portfolio.rejects} >= {
        "key_of_two_customers",
        "bad_number",
    }


def test_undated_customers_are_known_before_the_first_outcome(folder: Path) -> None:
    (folder / "customers.csv").write_text("customer_id\na\nb\n")
    (folder / "outcomes.csv").write_text(
        "customer_id,event_at,kind\na,2026-01-01T00:00:00Z,nonpayment\n"
    )
    portfolio = Portfolio.open(folder)
    assert any("no row has a date" in warning for warning in portfolio.warnings)
    asked = snapshots(portfolio)
    first_outcome = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert {to_datetime(t) for t in asked["as_of"].to_pylist()} == {
        first_outcome - dt.timedelta(microseconds=1)
    }
    found = labels(portfolio, asked, "nonpayment")["label"].to_pylist()
    assert found == [1.0, None], "no observation after the outcome: b is unknown"


def test_a_retraction_is_knowledge_too(folder: Path) -> None:
    (folder / "usage.csv").write_text(
        "customer_id,event_at,known_at,cost,retracted\n"
        "a,2026-02-01,,5,\n"
        "a,2026-02-01,2026-03-01T00:00:00Z,5,true\n"
    )
    portfolio = Portfolio.open(folder)
    [as_of] = latest_snapshots(portfolio)["as_of"].to_pylist()
    assert to_datetime(as_of) == dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def test_numbers_beyond_reason_stay_within_money(folder: Path) -> None:
    (folder / "customers.csv").write_text(
        "customer_id,event_at,expected_lifetime_months\na,2026-01-01,1e308\n"
    )
    (folder / "subscriptions.csv").write_text(
        "customer_id,event_at,subscription_id,kind,quantity,unit_price\n"
        "a,2026-01-02,s,started,1e308,10\na,2026-01-02,t,started,-3,10\n"
    )
    portfolio = Portfolio.open(folder)
    as_of = portfolio.latest_known_at
    facts = account_facts(portfolio.events("a"), as_of, portfolio.settings)
    assert (facts.recurring_monthly, facts.clv) == (LARGEST, LARGEST)
