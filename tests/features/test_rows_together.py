"""Rules between rows: whose number, whose invoice, and what a rejected row protects."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.account import account_facts
from features.errors import NoCustomersError, SettingsError
from features.moments import parse_moment
from features.portfolio import Portfolio
from features.reading.rows import read_events
from features.settings import PortfolioSettings

Row = Mapping[str, object]
SETTINGS = PortfolioSettings.model_validate({"observed_until": "2026-07-01T00:00:00Z"})
EVERYBODY = [{"customer_id": c, "event_at": "2026-01-01"} for c in ("c1", "c2", "c3")]


def _table(rows: Sequence[Row]) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table(
        {
            name: pa.array(
                [None if row.get(name) is None else str(row[name]) for row in rows],
                pa.string(),
            )
            for name in names
        }
    )


def portfolio(
    settings: PortfolioSettings = SETTINGS, **tables: Sequence[Row]
) -> Portfolio:
    given = {"customers": EVERYBODY, **tables}
    return Portfolio.from_tables({t: _table(r) for t, r in given.items()}, settings)


def invoice(customer_id: str, number: str = "1", **changes: object) -> Row:
    return {
        "customer_id": customer_id,
        "event_at": "2026-05-01",
        "invoice_id": number,
        "due_at": "2026-05-31",
        "amount": "100",
    } | changes


def payment(customer_id: str, number: str = "p", **changes: object) -> Row:
    return {
        "customer_id": customer_id,
        "event_at": "2026-05-20",
        "payment_id": number,
        "status": "succeeded",
        "amount": "100",
    } | changes


def counted(found: Portfolio) -> list[tuple[str, str, int]]:
    return [(r.table, r.rule, r.n) for r in found.rejects]


def warned(found: Portfolio, beginning: str) -> list[str]:
    return [said for said in found.warnings if said.startswith(beginning)]


INVOICES = frozenset({"invoices"})
PAYMENTS = frozenset({"payments"})


def test_a_key_of_two_customers_is_an_error_for_both() -> None:
    found = portfolio(invoices=[invoice("c1"), invoice("c2"), invoice("c3", "2")])
    [reject] = found.rejects
    assert (reject.rule, reject.n) == ("key_of_two_customers", 2)
    assert reject.example == "invoices row 1: '1'"
    assert "keys: per_customer" in reject.what_to_do
    assert found.rejected == {"c1": INVOICES, "c2": INVOICES}
    assert [e.rejected for e in found.iter_events()] == [
        INVOICES,
        INVOICES,
        frozenset(),
    ]
    [report] = [t for t in found.report.tables if t.table == "invoices"]
    assert (report.n_read, report.n_accepted) == (3, 1)
    assert [len(e.tables["invoices"]["amount"]) for e in found.iter_events()] == [
        0,
        0,
        1,
    ]


def test_numbers_may_be_unique_within_a_customer() -> None:
    per_customer = SETTINGS.model_copy(update={"keys": "per_customer"})
    rows = [invoice("c1"), invoice("c2", amount="7")]
    found = portfolio(
        per_customer, invoices=rows, payments=[payment("c2", invoice_id="1", amount=7)]
    )
    assert found.rejects == ()
    open_ = [
        account_facts(e, found.observed_until, found.settings).open
        for e in found.iter_events()
    ]
    assert open_ == [1_000_000, 0, 0]


def test_a_key_that_was_taken_back_belongs_to_the_other() -> None:
    moved = invoice("c1", known_at="2026-05-03", retracted=True)
    found = portfolio(
        invoices=[invoice("c1"), moved, invoice("c2", known_at="2026-05-03")]
    )
    assert found.rejects == ()
    assert found.rejected == {}


def test_a_number_in_two_kinds_of_document_counts_twice_and_is_said() -> None:
    credit = invoice("c1", kind="credit_note", applies_to="1", amount="30", due_at=None)
    found = portfolio(invoices=[invoice("c1"), credit], payments=[])
    [said] = warned(found, "invoices: numbers borne by two kinds of document: 1,")
    assert "such as 1" in said
    events = found.events("c1")
    assert account_facts(events, found.observed_until, found.settings).open == 700_000


def test_a_payment_of_anothers_invoice_is_an_error_for_both() -> None:
    found = portfolio(
        invoices=[invoice("c1", "1"), invoice("c2", "2")],
        payments=[payment("c1", invoice_id="2"), payment("c3", "q")],
    )
    assert counted(found) == [("payments", "other_customers_invoice", 1)]
    assert "`paid_by`" in found.rejects[0].what_to_do
    assert found.rejected == {"c1": PAYMENTS, "c2": PAYMENTS}


def test_a_row_of_anothers_invoice_is_named_as_it_is_found(tmp_path: Path) -> None:
    """Below a row that is broken by itself, and in the first file that has one."""
    files = {
        "portfolio.yaml": "name: p",
        "customers.csv": "customer_id,event_at\nc1,2026-01-01\nc2,2026-01-01\n",
        "invoices.csv": "customer_id,event_at,due_at,invoice_id,amount\n"
        "c1,2026-01-01,2026-01-15,1,9\nc2,2026-01-01,2026-01-15,2,9\n",
        "payments/a.csv": "customer_id,event_at,payment_id,status,amount,invoice_id\n"
        "c1,2026-01-02,a,succeeded,9,1\n",
        "payments/b.csv": "customer_id,event_at,payment_id,status,amount,invoice_id\n"
        "c1,2026-01-02,b,succeeded,x,1\nc1,2026-01-02,c,succeeded,9,1\n"
        "c1,2026-01-02,d,succeeded,9,2\nc1,2026-01-02,e,succeeded,9,2\n",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    read = Portfolio.open(tmp_path)
    [found] = [r for r in read.rejects if r.rule == "other_customers_invoice"]
    assert (found.n, found.example) == (2, "payments/b.csv row 4: '2'")


def test_who_paid_for_another_is_no_error() -> None:
    found = portfolio(
        invoices=[invoice("c1", "1"), invoice("c2", "2")],
        payments=[payment("c2", invoice_id="2", paid_by="c1")],
    )
    assert found.rejects == ()
    facts = account_facts(found.events("c2"), found.observed_until, found.settings)
    assert facts.open == 0


def test_a_good_row_of_the_key_mends_both_customers() -> None:
    found = portfolio(
        invoices=[invoice("c1", "1"), invoice("c2", "2")],
        payments=[
            payment("c1", invoice_id="2"),
            payment("c2", invoice_id="2", paid_by="c1", known_at="2026-06-01"),
        ],
    )
    assert counted(found) == [("payments", "other_customers_invoice", 1)]
    assert found.rejected == {}


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (
            "disputes",
            {
                "customer_id": "c1",
                "event_at": "2026-05-20",
                "dispute_id": "d",
                "kind": "billing",
                "status": "opened",
                "invoice_id": "2",
            },
        ),
        (
            "contacts",
            {
                "customer_id": "c1",
                "event_at": "2026-05-20",
                "kind": "promise_made",
                "invoice_id": "2",
            },
        ),
        ("invoices", invoice("c1", "n", kind="credit_note", applies_to="2")),
    ],
)
def test_other_rows_that_name_anothers_invoice(table: str, row: Row) -> None:
    rows = [invoice("c1", "1"), invoice("c2", "2")]
    tables = {"invoices": rows} | {table: [*(rows if table == "invoices" else []), row]}
    found = portfolio(SETTINGS, **tables)
    assert counted(found) == [(table, "other_customers_invoice", 1)]
    assert found.rejected == {"c1": frozenset({table}), "c2": frozenset({table})}


BROKEN = {"amount": "2,400.00"}


@pytest.mark.parametrize(
    ("rows", "is_mended"),
    [
        pytest.param([payment("c1", **BROKEN)], False, id="alone"),
        pytest.param(
            [payment("c1", **BROKEN), payment("c1")], True, id="good one of one moment"
        ),
        pytest.param(
            [payment("c1", **BROKEN), payment("c1", known_at="2026-06-02")],
            True,
            id="good one known later",
        ),
        pytest.param(
            [payment("c1", **BROKEN, known_at="2026-06-02"), payment("c1")],
            False,
            id="good one known before",
        ),
        pytest.param(
            [payment("c1", **BROKEN, known_at="2/6/2026"), payment("c1")],
            True,
            id="nobody knows when the bad one was known",
        ),
        pytest.param(
            [payment("c1", **BROKEN, known_at="2026-05-01"), payment("c1")],
            True,
            id="the bad one was known before it happened",
        ),
        pytest.param(
            [payment("c1", **BROKEN), payment("c1", "q")], False, id="of another key"
        ),
        pytest.param(
            [
                payment("c1", **BROKEN),
                payment("c1", known_at="2026-06-02", retracted=1),
            ],
            True,
            id="taken back",
        ),
        pytest.param(
            [payment("c1", status="under_review"), payment("c1")],
            False,
            id="a key that cannot be read",
        ),
    ],
)
def test_what_mends_a_rejected_row(rows: Sequence[Row], is_mended: bool) -> None:
    found = portfolio(payments=[*rows, payment("c2", "z")], invoices=[])
    assert found.rejected == ({} if is_mended else {"c1": PAYMENTS})
    online, _ = read_events("c1", {"payments": rows}, SETTINGS)
    assert online.rejected == found.events("c1").rejected
    said = warned(found, "payments: rejected rows leave customers incomplete (1)")
    assert len(said) == (0 if is_mended else 1)


def test_a_person_can_dismiss_a_rejected_row(tmp_path: Path) -> None:
    invoices = [invoice("c1", "1"), invoice("c2", "2")]
    payments = [payment("c3", "q", **BROKEN), payment("c1", invoice_id="2")]
    found = portfolio(invoices=invoices, payments=payments)
    assert found.rejected.keys() == {"c1", "c2", "c3"}
    [file] = found.write_rejects(tmp_path)
    rows = pq.read_table(file).to_pylist()
    assert [(r["customer_id"], r["rule"]) for r in rows] == [
        ("c3", "bad_number"),
        ("c1", "other_customers_invoice"),
    ]
    ids = frozenset(row["reject_id"] for row in rows)
    for dismissed, left in (
        (ids, set()),
        (frozenset({rows[0]["reject_id"]}), {"c1", "c2"}),
        (frozenset({rows[1]["reject_id"]}), {"c3"}),
    ):
        settings = SETTINGS.model_copy(update={"dismissed": dismissed})
        again = portfolio(settings, invoices=invoices, payments=payments[::-1])
        assert again.rejected.keys() == left
        assert len(again.rejects) == 2


def test_rows_of_nobody_make_a_table_not_looked_at() -> None:
    disputes = [
        {"customer_id": None, "event_at": "2026-05-20", "dispute_id": "d"}
        | {"kind": "billing", "status": "opened"}
    ]
    found = portfolio(disputes=disputes, payments=[payment("c1")])
    assert found.settings.tables == {"customers", "payments"}
    [said] = warned(
        found, "disputes: rows of which nobody can say whose they are: 1 of 1;"
    )
    assert "not looked at" in said


def test_few_rows_of_nobody_are_only_said() -> None:
    rows = [payment("c1", str(n)) for n in range(1_000)]
    found = portfolio(payments=[*rows, payment("")])
    assert "payments" in found.settings.tables
    assert warned(
        found, "payments: rows of which nobody can say whose they are: 1 of 1,001"
    )


def test_rows_of_one_key_and_moment_that_differ_are_said() -> None:
    rows = [invoice("c1", amount=a) for a in ("100", "200")]
    rows += [invoice("c2", "2", amount=a) for a in ("100", "100.00")]
    found = portfolio(invoices=rows)
    [said] = warned(
        found, "invoices: keys with rows of one known_at and different content: 1,"
    )
    assert "invoice_id 1, kind invoice" in said


def test_corrections_and_duplicates_are_not_said() -> None:
    rows = [
        invoice("c1"),
        invoice("c1"),
        invoice("c1", known_at="2026-06-01", amount=1),
    ]
    found = portfolio(invoices=rows, payments=[])
    assert not warned(found, "invoices")


def test_refunds_that_add_up_are_said() -> None:
    refund = {"status": "refunded", "amount": "50"}
    rows = [payment("c1", amount=200), payment("c1", **refund), payment("c1", **refund)]
    found = portfolio(payments=rows)
    [said] = warned(
        found,
        "payments: refunds without refund_id that share their payment and moment: 2,",
    )
    assert "payment_id p;" in said
    assert len(found.events("c1").tables["payments"]["amount"]) == 3


def test_ids_that_nobody_knows_are_counted_and_summed() -> None:
    found = portfolio(
        invoices=[invoice("c1", "1")],
        payments=[
            payment("c1", "p", invoice_id="x", amount="10"),
            payment("c1", "q", invoice_id="y", amount="5.50"),
            payment("c1", "r", invoice_id="1"),
        ],
        subscriptions=[],
        holds=[{"customer_id": "c1", "event_at": "2026-05-01", "kind": "legal"}],
    )
    [said] = warned(
        found,
        "payments: rows whose invoice_id is not in `invoices`: 2 (15.50 in",
    )
    assert "such as x" in said
    assert not warned(found, "holds")
    assert found.report.exit_code == 2
    [why] = found.report.unusable
    assert why.startswith("2 of 3 payments of the last 90 days")


def test_two_in_a_hundred_payments_may_name_what_is_not_there() -> None:
    known = [payment("c1", str(n), invoice_id="1") for n in range(98)]
    unknown = [payment("c1", f"u{n}", invoice_id="x") for n in range(3)]
    old = payment("c1", "old", invoice_id="y", event_at="2025-01-01")
    invoices = [invoice("c1", "1", amount=10_000)]
    few = portfolio(invoices=invoices, payments=[*known, *unknown[:2], old])
    assert few.report.exit_code == 0
    many = portfolio(invoices=invoices, payments=[*known, *unknown])
    assert many.report.exit_code == 2


@pytest.mark.parametrize(
    "late",
    [
        pytest.param({"event_at": "2026-04-20", "status": "refunded"}, id="a refund"),
        pytest.param({"event_at": "2062-04-20"}, id="a mistyped year"),
    ],
)
def test_what_is_not_counted_hides_no_ids_that_do_not_match(
    late: dict[str, str],
) -> None:
    """Everything was paid within 45 days of the first invoice."""
    invoices = [invoice("c1", "1", event_at="2026-03-01")]
    paid = payment("c1", "p", invoice_id="x", event_at="2026-03-20")
    more = payment("c1", "q", invoice_id="x", **late)
    [why] = portfolio(invoices=invoices, payments=[paid, more]).report.unusable
    assert why.startswith("1 of 1 payments of the last 90 days")


def test_a_payment_of_a_rejected_invoice_does_not_name_a_stranger() -> None:
    found = portfolio(
        invoices=[invoice("c1", amount="1,00")],
        payments=[payment("c1", invoice_id="1")],
    )
    assert found.report.exit_code == 3


def test_an_invoice_without_a_number_hides_no_ids_that_do_not_match() -> None:
    """It may be the one that is named, and no more than one."""
    invoices = [invoice("c1"), invoice("c1", invoice_id=None)]
    one = payment("c1", invoice_id="x")
    assert portfolio(invoices=invoices, payments=[one]).report.exit_code == 3

    other = payment("c1", payment_id="p2", invoice_id="y")
    assert portfolio(invoices=invoices, payments=[one, other]).report.exit_code == 2


def _folder(tmp_path: Path, said: str = "", **tables: str) -> Path:
    given = {"customers": "customer_id,event_at\nc1,2026-01-01\n", **tables}
    for table, text in given.items():
        (tmp_path / f"{table}.csv").write_text(text)
    (tmp_path / "portfolio.yaml").write_text("name: x\n" + said)
    return tmp_path


OWED = (
    "customer_id,event_at,invoice_id,due_at,amount\nc1,2026-03-01,1,2026-03-31,5\n"
    "c1,2026-06-01,2,2026-06-30,5\n"
)
NO_PAYMENTS = "customer_id,event_at,payment_id,status,amount\n"
NO_DISPUTES = "customer_id,event_at,dispute_id,kind,status\n"


def test_a_header_without_rows_says_none_but_for_payments(tmp_path: Path) -> None:
    folder = _folder(
        tmp_path, invoices=OWED, payments=NO_PAYMENTS, disputes=NO_DISPUTES
    )
    found = Portfolio.open(folder)
    assert found.settings.tables == {"customers", "invoices", "disputes"}
    assert warned(found, "payments: the table is empty, and invoices are past due (1)")


def test_nobody_has_to_pay_before_the_due_date(tmp_path: Path) -> None:
    early = OWED.replace("2026-03-31", "2026-09-30")
    found = Portfolio.open(_folder(tmp_path, invoices=early, payments=NO_PAYMENTS))
    assert "payments" in found.settings.tables


def test_none_is_said_on_a_day_and_lapses(tmp_path: Path) -> None:
    said = "none: {disputes: 2026-05-01, payments: 2026-06-01, holds: 2025-11-01}\n"
    found = Portfolio.open(_folder(tmp_path, said, invoices=OWED, payments=NO_PAYMENTS))
    assert found.settings.tables == {"customers", "invoices", "disputes", "payments"}
    assert warned(found, "none: holds was said on 2025-11-01 and has lapsed")
    assert found.observed["payments"] == parse_moment("2026-06-01", SETTINGS.zone)
    assert len(found.events("c1").tables["disputes"]["known_at"]) == 0


def test_none_of_a_day_far_ahead_takes_no_protection_away(tmp_path: Path) -> None:
    said = "none: {disputes: 2062-05-01}\n"
    found = Portfolio.open(_folder(tmp_path, said, invoices=OWED, payments=NO_PAYMENTS))
    assert "disputes" not in found.settings.tables
    [warning] = warned(found, "none: disputes was said on 2062-05-01")
    assert "ahead" in warning


def test_none_cannot_name_what_is_there(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "none: {invoices: 2026-06-01}\n", invoices=OWED)
    with pytest.raises(SettingsError, match="none names invoices"):
        Portfolio.open(folder)


@pytest.mark.parametrize(
    "said",
    [
        "none: {invoicez: 2026-06-01}",
        "none: {customers: 2026-06-01}",
        "none: [disputes]",
        "keys: global",
        "observed_until: {invoicez: 2026-06-01}",
        "observed_until: {invoices: 2026-06-01T00:00:00}",
    ],
)
def test_impossible_statements_are_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises(SettingsError):
        Portfolio.open(_folder(tmp_path, said))


def _us(text: str) -> int:
    moment = parse_moment(text, SETTINGS.zone)
    assert moment is not None
    return moment


def test_how_far_tables_are_observed(tmp_path: Path) -> None:
    paid = NO_PAYMENTS + "c1,2026-05-01,p,succeeded,5\n"
    tables = {"invoices": OWED, "payments": paid}
    found = Portfolio.open(_folder(tmp_path, **tables))
    last = _us("2026-06-01")
    assert found.observed == {
        "customers": last,
        "invoices": last,
        "payments": _us("2026-05-01"),
    }
    assert found.observed_until == last
    found = Portfolio.open(_folder(tmp_path, "observed_until: 2026-06-05\n", **tables))
    assert set(found.observed.values()) == {_us("2026-06-05")}
    assert found.observed_until == _us("2026-06-05")
    said = "observed_until: {payments: 2026-05-20, disputes: 2026-01-01}\n"
    found = Portfolio.open(_folder(tmp_path, said, **tables))
    assert found.observed["payments"] == _us("2026-05-20")
    assert found.observed["invoices"] == last
    assert found.observed_until == _us("2026-05-20")


def test_an_observation_far_ahead_of_all_rows_is_said(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "observed_until: 2090-01-01\n", invoices=OWED)
    found = Portfolio.open(folder)
    assert warned(found, "observed_until (2090-01-01) lies far after the last row")


def test_what_can_hardly_be_meant_is_said() -> None:
    at = dt.date(2026, 5, 1).isoformat()
    found = portfolio(
        subscriptions=[
            {"customer_id": "c1", "event_at": at, "subscription_id": "s"}
            | {"kind": "started", "quantity": "-3"}
        ],
        actions=[
            {"customer_id": "c1", "event_at": at, "action": "remind"}
            | {"propensity": "30"}
        ],
    )
    assert warned(found, "subscriptions: rows with a quantity outside [0, 1e9]: 1")
    assert warned(found, "actions: rows with a propensity outside (0, 1]: 1")


def test_where_no_row_can_be_read_no_day_is_called_the_last(tmp_path: Path) -> None:
    numbers = "customer_id,event_at\nc1,46023\n"  # days as Excel counts them
    folder = _folder(tmp_path, "observed_until: 2026-06-05\n", customers=numbers)
    with pytest.raises(NoCustomersError) as raised:
        Portfolio.open(folder)
    said = raised.value.report.warnings
    assert not [text for text in said if "observed_until" in text]
