"""A first portfolio.yaml, drafted from the files that lie in a folder."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import yaml

from features.contract import TABLES
from features.draft import (
    RecognisedTable,
    recognise,
    settings_text,
    with_likely_customer_id,
)
from features.draft.spelling import spelling_of
from features.draft.words import COLUMN_WORDS, QUESTIONS, TABLE_WORDS, plain_word
from features.settings import PortfolioSettings

DAY = date(2026, 6, 30)


def drafted(folder: Path) -> RecognisedTable:
    [table], _ = recognise(folder)
    return table


def test_the_drafted_file_is_valid_as_it_stands() -> None:
    said = yaml.safe_load(settings_text("Müller & Söhne: 7", (), DAY))
    assert PortfolioSettings.model_validate(said).name == "Müller & Söhne: 7"


def test_every_commented_example_is_valid_without_its_mark() -> None:
    text = settings_text("mine", (), DAY)
    examples = re.findall(r"^# ([a-z_]+:.*)$", text, re.MULTILINE)
    assert len(examples) >= 8
    for example in examples:
        said = yaml.safe_load(example)
        assert set(said) <= set(PortfolioSettings.model_fields) | {"none"}
        PortfolioSettings.model_validate(said)


def test_the_contracts_own_names_need_no_mapping(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("customer_id,event_at\nc1,2026-01-01\n")
    found = drafted(tmp_path)
    assert (found.table, found.mapping, found.missing) == ("customers", {}, ())
    assert found.is_named_well


def test_an_offices_names_and_spellings_are_proposed(tmp_path: Path) -> None:
    (tmp_path / "Rechnungen.csv").write_text(
        "\ufeffRechnungsnummer;Kundennummer;Datum;Fällig am;Betrag;Bemerkung\r\n"
        "R1;K1;01.02.2026;15.02.2026;1.234,50;\r\n",
        encoding="utf-8",
    )
    found = drafted(tmp_path)
    assert (found.table, found.is_named_well) == ("invoices", False)
    assert found.unused == ("Bemerkung",)
    assert found.mapping == {
        "customer_id": "Kundennummer",
        "invoice_id": "Rechnungsnummer",
        "event_at": {"from": "Datum", "format": "DD.MM.YYYY"},
        "due_at": {"from": "Fällig am", "format": "DD.MM.YYYY"},
        "amount": {"from": "Betrag", "decimal": ",", "thousands": "."},
    }
    text = settings_text("mine", [found], DAY)
    [mapped] = re.findall(r"^# columns:\n(?:#   .*\n)+", text, re.MULTILINE)
    said = yaml.safe_load(re.sub("^# ", "", mapped, flags=re.MULTILINE))
    assert said["columns"]["invoices"] == found.mapping


def test_a_word_nobody_knows_is_left_to_a_person(tmp_path: Path) -> None:
    (tmp_path / "payments.csv").write_text(
        "payment_id,customer_id,event_at,status,amount\n"
        "1,c,2026-01-01,Paid,1\n2,c,2026-01-01,limbo,1\n"
    )
    assert drafted(tmp_path).mapping == {
        "status": {"values": {"Paid": "succeeded", "limbo": "?"}}
    }


def test_the_questions_are_about_columns_and_plain_words() -> None:
    for name, asked in QUESTIONS.items():
        table, _, column = name.rpartition(".")
        tables = [TABLES[table]] if table else TABLES.values()
        assert any(c.name == column for spec in tables for c in spec.columns)
        assert [plain_word(word) for word in asked] == list(asked)


def test_what_is_required_and_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "invoices.csv").write_text("customer_id,event_at\n")
    assert drafted(tmp_path).missing == ("invoice_id", "due_at", "amount")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe\x00\x01", id="no text"),
        pytest.param(b'a,"b\nc', id="an open quote"),
        pytest.param(b"customer_id\n" * 3, id="no rows that mean anything"),
    ],
)
def test_a_file_that_is_no_table_of_text_is_no_error(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "customers.csv").write_bytes(content)
    assert drafted(tmp_path).table == "customers"


def test_thousands_far_down_in_a_file_are_seen(tmp_path: Path) -> None:
    rows = ["R1;C1;01.01.2026;15.01.2026;9,90"] * 800 + [
        "R2;C1;01.02.2026;15.02.2026;1.234,50"
    ]
    head = "invoice_id;customer_id;event_at;due_at;amount"
    (tmp_path / "invoices.csv").write_text("\n".join([head, *rows]))
    text = settings_text("shop", (drafted(tmp_path),), DAY)
    assert "amount: {decimal: ',', thousands: .}" in text


def test_files_that_look_like_nothing_are_named(tmp_path: Path) -> None:
    (tmp_path / "weather.csv").write_text("a\n")
    (tmp_path / "notes.txt").write_text("a\n")
    assert recognise(tmp_path) == ((), ("weather.csv",))


@pytest.mark.parametrize(
    ("name", "cells", "said"),
    [
        pytest.param("amount", ["12.50", "3"], {}, id="plain money"),
        pytest.param("amount", ["2,400.00"], {"thousands": ","}, id="English groups"),
        pytest.param("amount", ["12,5"], {"decimal": ","}, id="decimal comma"),
        pytest.param("event_at", ["2026-01-31"], {}, id="a plain date"),
        pytest.param("event_at", ["2026-01-31T10:00:00Z"], {}, id="an instant"),
        pytest.param(
            "event_at", ["2026-01-31 10:00"], {"timezone": "UTC"}, id="no offset"
        ),
        pytest.param(
            "event_at", ["1/31/2026"], {"format": "MM/DD/YYYY"}, id="month first"
        ),
        pytest.param("due_at", ["31/1/2026"], {"format": "DD/MM/YYYY"}, id="day first"),
        pytest.param(
            "event_at",
            ["31.01.2026 10:00:59"],
            {"format": "DD.MM.YYYY hh:mm:ss", "timezone": "UTC"},
            id="with a clock time",
        ),
        pytest.param("invoice_id", ["0012"], {}, id="an id"),
    ],
)
def test_how_cells_are_spelt(name: str, cells: list[str], said: dict[str, Any]) -> None:
    column = TABLES["invoices"].column(name)
    assert spelling_of(column, cells) == said


def test_the_word_lists_name_what_the_contract_has() -> None:
    assert set(TABLE_WORDS) == set(TABLES)
    for name in COLUMN_WORDS:
        table, _, column = name.rpartition(".")
        tables = [TABLES[table]] if table else TABLES.values()
        assert any(c.name == column for spec in tables for c in spec.columns)


def test_a_workbook_is_looked_at_sheet_by_sheet(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "portfolio.xlsx") as workbook:
        for name, header in {
            "customers": ("customer_id", "event_at"),
            "Rechnungen": (
                "Kundennummer",
                "invoice_id",
                "event_at",
                "due_at",
                "amount",
            ),
            "weather": ("day",),
        }.items():
            workbook.add_worksheet(name).write_row(0, 0, header)
    (customers, invoices), others = recognise(tmp_path)

    assert (customers.table, customers.mapping, customers.missing) == (
        ("customers", {}, ())
    )
    assert (invoices.table, invoices.mapping, invoices.missing) == (
        ("invoices", {"customer_id": "Kundennummer"}, ())
    )
    assert [t.is_named_well for t in (customers, invoices)] == [True, False]
    assert invoices.where == "portfolio.xlsx, sheet Rechnungen"
    assert others == ("portfolio.xlsx, sheet weather",)


def test_a_word_that_may_mean_two_things_is_proposed_with_a_question(
    tmp_path: Path,
) -> None:
    (tmp_path / "payments.csv").write_text(
        "txn_id,account_no,booked_at,state,value,ccy,doc_no,pay_method\n"
        "1,A,2026-06-30T09:00:00Z,PAID,8,EUR,R1,SEPA\n"
        "2,A,2026-07-01T09:00:00Z,DECLINED,8,EUR,R1,WIRE\n"
    )
    found = drafted(tmp_path)
    assert found.unused == ()
    assert found.mapping == {
        "customer_id": "account_no",
        "event_at": "booked_at",
        "payment_id": "txn_id",
        "status": {
            "from": "state",
            "values": {"DECLINED": "failed", "PAID": "succeeded"},
        },
        "amount": "value",
        "method": {
            "from": "pay_method",
            "values": {"SEPA": "direct_debit", "WIRE": "bank_transfer"},
        },
        "invoice_id": "doc_no",
        "currency": "ccy",
    }
    assert set(found.questions) == {"event_at", "amount", "method", "invoice_id"}
    assert "does SEPA in `pay_method`" in settings_text("mine", [found], DAY)


def test_invoices_and_customers_of_a_ledger_are_proposed(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text(
        "account_no,signup_date,legal_form,nation\nA,2025-01-01,freelancer,NL\n"
    )
    (tmp_path / "invoices.csv").write_text(
        "doc_no;account_no;issued_on;payable_by;total;ccy;doc_type;refers_to\n"
        "R1;A;01.02.2026;15.02.2026;9,00;EUR;RE;\nR2;A;02.02.2026;;1,00;EUR;GS;R1\n"
    )
    customers, invoices = recognise(tmp_path)[0]
    assert (customers.unused, invoices.unused, invoices.missing) == ((), (), ())
    assert invoices.mapping["kind"]["values"] == {"GS": "credit_note", "RE": "invoice"}
    assert (customers.latest, invoices.latest) == (date(2025, 1, 1), date(2026, 2, 2))


def _written(folder: Path, customers: str) -> None:
    (folder / "customers.csv").write_text(f"debtor_key,since\n{customers}")
    (folder / "invoices.csv").write_text(
        "invoice_id,debtor_key,event_at,due_at,amount\n"
        "i1,K1,2026-01-01,2026-01-15,5\ni2,K1,2026-02-01,2026-02-15,5\n"
    )
    (folder / "payments.csv").write_text(
        "payment_id,debtor_key,event_at,status,amount\np1,K1,2026-01-01,succeeded,5\n"
    )


def test_a_column_of_most_files_is_asked_about_as_the_customers_id(
    tmp_path: Path,
) -> None:
    _written(tmp_path, "K1,2025-01-01\nK2,2025-01-01\n")
    tables = with_likely_customer_id(recognise(tmp_path)[0])
    assert [t.mapping["customer_id"] for t in tables] == ["debtor_key"] * 3
    assert not any("customer_id" in t.missing or t.unused for t in tables)
    question = (
        "is `debtor_key` the customer's id? it is in 3 of 3 tables, distinct in"
        " customers.csv"
    )
    assert {q for t in tables for q in t.questions.values()} == {question}
    text = settings_text("mine", tables, DAY)
    assert text.count(f"#     customer_id: debtor_key  # {question}\n") == 3


def test_a_rows_own_key_is_not_proposed_as_the_customers_id(tmp_path: Path) -> None:
    """`lfd` is distinct in each table, `updated` is in no other table."""
    own = {
        "customers": ("since", "1,{u},K1,2025-01-01\n2,{v},K2,2025-01-01\n"),
        "invoices": (
            "invoice_id,event_at,due_at,amount",
            "1,{u},K1,i1,2026-01-01,2026-01-15,5\n2,{v},K1,i2,2026-02-01,2026-02-15,5\n",
        ),
        "payments": (
            "payment_id,event_at,status,amount",
            "1,{u},K1,p1,2026-01-01,paid,5\n2,{u},K2,p2,2026-01-01,paid,5\n",
        ),
    }
    for name, (header, rows) in own.items():
        text = f"lfd,updated,debtor_key,{header}\n" + rows
        (tmp_path / f"{name}.csv").write_text(text.format(u=f"{name}1", v=f"{name}2"))
    tables = with_likely_customer_id(recognise(tmp_path)[0])
    assert [t.mapping["customer_id"] for t in tables] == ["debtor_key"] * 3


def test_a_stamp_that_repeats_does_not_hide_an_id_that_does_not(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("stamp,debtor_key\ns1,K1\ns2,K2\n")
    (tmp_path / "invoices.csv").write_text("stamp,debtor_key\ns9,K1\ns9,K2\n")
    tables = with_likely_customer_id(recognise(tmp_path)[0])
    assert [t.mapping["customer_id"] for t in tables] == ["debtor_key"] * 2


def test_ids_that_the_customers_do_not_have_are_not_proposed(tmp_path: Path) -> None:
    _written(tmp_path, "K8,2025-01-01\nK9,2025-01-01\n")
    tables, _ = recognise(tmp_path)
    assert with_likely_customer_id(tables) == tables


def test_a_line_break_in_a_name_stays_in_one_line() -> None:
    name = "Partner\nNo: 1"
    mapping = {"customer_id": name, "status": {"from": "a\r\n", "values": {name: "?"}}}
    asked = {"customer_id": f"is `{name}` the customer's id?"}
    found = RecognisedTable("p.csv", "payments", mapping, questions=asked)
    text = settings_text(name, [found], DAY)

    assert yaml.safe_load(text)["name"] == name
    [mapped] = re.findall(r"^# columns:\n(?:#   .*\n)+\Z", text, re.MULTILINE)
    said = yaml.safe_load(re.sub("^# ", "", mapped, flags=re.MULTILINE))
    assert said["columns"]["payments"] == mapping
    assert "# is `Partner No: 1` the customer's id?\n" in text


def test_what_names_no_customer_alone_is_not_proposed(tmp_path: Path) -> None:
    _written(tmp_path, "K1,2025-01-01\nK1,2025-02-01\n")
    tables, _ = recognise(tmp_path)
    assert with_likely_customer_id(tables) == tables


def test_a_parquet_file_is_looked_at_as_a_csv_file_is(tmp_path: Path) -> None:
    rows = {
        "cust_ref": ["K1", "K2"],
        "usage_day": [datetime(2026, 6, 29, tzinfo=UTC), None],
        "provider_charge": [1.234, 5678.5],
        "note": ["a", "b"],
    }
    pq.write_table(pa.table(rows), tmp_path / "usage.parquet")
    found = drafted(tmp_path)
    assert found.mapping == {
        "customer_id": "cust_ref",
        "event_at": "usage_day",
        "cost": "provider_charge",
    }
    assert (found.missing, found.unused) == ((), ("note",))
    assert found.latest == date(2026, 6, 29)


def test_what_is_no_parquet_file_is_still_named(tmp_path: Path) -> None:
    (tmp_path / "usage.parquet").write_text("no parquet")
    assert drafted(tmp_path).missing == ("customer_id", "event_at", "cost")


def test_an_invoice_without_its_due_date_misses_it(tmp_path: Path) -> None:
    head = "customer_id,event_at,invoice_id,amount"
    (tmp_path / "invoices.csv").write_text(f"{head}\nc,2026-01-01,i,5\n")
    assert drafted(tmp_path).missing == ("due_at",)


def test_spanish_names_and_words_are_proposed(tmp_path: Path) -> None:
    (tmp_path / "pagos.csv").write_text(
        "cliente;fecha_pago;pago;estado;importe;moneda;medio;factura\n"
        "K1;2026-06-01;P1;PAGADO;59,34;USD;tarjeta;F1\n"
        "K1;2026-06-02;P2;RECHAZADO;1.200,50;USD;transferencia;F2\n"
    )
    found = drafted(tmp_path)
    assert (found.table, found.missing, found.unused) == ("payments", (), ())
    assert found.mapping["status"] == {
        "from": "estado",
        "values": {"PAGADO": "succeeded", "RECHAZADO": "failed"},
    }
    assert found.mapping["method"]["from"] == "medio"
    assert found.mapping["invoice_id"] == "factura"


def test_parquet_is_looked_at_also_in_the_folders_of_a_table(tmp_path: Path) -> None:
    """As other systems write it: names in capitals, clock times without a zone."""
    at = [datetime(2026, 1, 31, 12, 30, 0, 5), None]  # noqa: DTZ001 - naive on purpose
    rows = pa.table({"CUSTOMER_ID": ["a", "b"], "EVENT_AT": at, "NOTE": [1, 1]})
    pq.write_table(rows, tmp_path / "customers.parquet")
    place = tmp_path / "usage" / "customer_id=a%2Fb" / "month=2026-01"
    place.mkdir(parents=True)
    use = {"event_at": [datetime(2026, 2, 1, tzinfo=UTC)], "cost": [1.5]}
    pq.write_table(pa.table(use), place / "part-0.parquet")
    (tmp_path / "invoices").mkdir()
    (customers, usage), others = recognise(tmp_path)
    assert customers.mapping == {
        "customer_id": "CUSTOMER_ID",
        "event_at": {"from": "EVENT_AT", "timezone": "UTC"},
    }
    assert (customers.missing, customers.unused, others) == ((), ("NOTE",), ())
    assert (usage.file, usage.table, usage.is_named_well) == ("usage", "usage", True)
    assert (usage.mapping, usage.missing) == ({}, ())
    assert (usage.unused, usage.latest) == (("month",), date(2026, 2, 1))


def test_a_part_is_one_that_validate_reads(tmp_path: Path) -> None:
    """Not what a copy from another system leaves beside it; a workbook is one."""
    place = tmp_path / "customers" / "year=2026"
    place.mkdir(parents=True)
    (place / "._part-0.csv").write_text("nothing\n")
    with xlsxwriter.Workbook(place / "part-0.xlsx") as workbook:
        workbook.add_worksheet("any").write_row(0, 0, ["customer_id", "note"])
    [customers], _ = recognise(tmp_path)
    assert (customers.missing, customers.unused) == ((), ("note", "year"))


def test_half_a_parquet_file_is_no_error(tmp_path: Path) -> None:
    """`validate` says so; here nothing is known of it but its name."""
    (tmp_path / "customers.parquet").write_bytes(b"PAR1")
    [table], _ = recognise(tmp_path)
    assert (table.table, table.missing) == ("customers", ("customer_id",))
