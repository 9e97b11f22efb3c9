"""What each format says of a movement, and files that are refused by name and place."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from bai2 import bai2

from importing.bank.bai2 import direction_of, read_bai2
from importing.bank.movements import Movement, make_tables, write_movements
from importing.bank.mt940 import read_mt940
from importing.errors import (
    NothingToImportError,
    UnreadableFileError,
    UnreadableValueError,
)
from tests.importing.bank_files import (
    DATA,
    Entry,
    became,
    import_texts,
    iso,
    payments,
    schema,
)
from tests.importing.bank_formats import FIRST, portfolio

__all__ = ["portfolio"]

STATEMENT = "camt.053.001.08"


MT940 = """\
{1:F01BANKBEBB0AXXX0000000000}{2:I940CUSTBEBBXXXXN}{4:
:20:STARTUMS
:25:BE71096123456769
:28C:12/1
:60F:C260202EUR1000,00
%s
:62F:C260203EUR%s
-}
"""


BAI2 = """\
01,122099999,123456789,260204,0200,1,,,2/
02,123456789,122099999,1,260203,2359,%s,2/
03,975312468,%s,010,100000,,/
%s
49,%s,3/
98,%s,1,5/
99,%s,1,7/
"""


def mt940(*lines: str, closing: str) -> str:
    return (MT940 % ("\n".join(lines), closing)).replace("\n", "\r\n")


def bai2_file(records: str, control: int, currency: str = "USD") -> str:
    return BAI2 % (currency, "", records, control, control, control)


PUBLISHED = sorted((DATA / "published").iterdir())


def _message(file: Path) -> str:
    text = file.read_text("utf-8")
    return text.partition(":xsd:")[2].partition('"')[0]


# counted by hand
N_MOVEMENTS = {
    "genkgo-camt053.v2.minimal.xml": 1,
    "genkgo-camt053.v8.xml": 1,
    "genkgo-camt054.v2.xml": 1,
    "genkgo-camt054.v8.xml": 1,
    "moov-bai2-sample1.txt": 17,
    "moov-bai2-sample2.txt": 4,
    "moov-contested-return.ach": 1,
    "moov-cor-example.ach": 1,
    "moov-dishonored-return.ach": 2,
    "moov-return-WEB.ach": 2,
}


def test_the_mark_says_where_money_went(portfolio: Path) -> None:
    """RC takes a credit back, RD a debit; the library shows RC as a positive amount."""
    lines = [
        ":61:2602030203C100,00NTRF" + FIRST + "//B1",
        ":61:2602040204RC100,00NMSC" + FIRST + "//B2",
        ":61:2602050205RD100,00NMSC" + FIRST + "//B3",
        ":61:2602050205DR7,00NCHG",
    ]
    report = import_texts(portfolio, mt940(*lines, closing="1093,00"))

    assert [row[0] for row in became(portfolio)] == [
        "succeeded",
        "returned",
        "succeeded",
    ]
    assert report.is_clean  # so the marks lead from balance to balance


def test_a_mark_read_wrongly_would_show_in_the_balances(portfolio: Path) -> None:
    line = ":61:2602030203RC100,00NTRF" + FIRST
    report = import_texts(portfolio, mt940(line, closing="1100,00"))

    assert [bad.column for bad in report.bad_rows] == ["closing balance"]


def test_structured_details_of_german_banks(portfolio: Path) -> None:
    collected = [
        ":61:2602030203C100,00NDDTNONREF//B1",
        ":86:171?00LASTSCHRIFT?20EREF+E-1?21MREF+M-77?22SVWZ+Rechnung INV-?232026-0001",
    ]
    came_back = [
        ":61:2602030203D103,50NRTINONREF//B2",
        ":86:109?00RETOURE?20OAMT+100,00?21SVWZ+AC04 INV-2026-0001?32JANE DOE",
    ]
    report = import_texts(portfolio, mt940(*collected, *came_back, closing="996,50"))

    first, last = payments(portfolio)
    assert (first["status"], first["method"]) == ("succeeded", "direct_debit")
    assert (last["status"], last["amount"], last["failure_code"]) == (
        "returned",
        100,
        "invalid_account",
    )
    assert report.is_clean
    assert "JANE" not in report.lists[0].file.read_text()


def test_a_line_without_a_type_keeps_its_place(tmp_path: Path) -> None:
    """In one go the library joins it to the next line and loses its amount."""
    file = tmp_path / "x.sta"
    file.write_text(
        mt940(":61:2602030203C5,00", ":61:2602030203C7,00NTRFX", closing="1012,00")
    )

    moved = [m for m in read_mt940(file) if isinstance(m, Movement)]
    assert [(m.row, int(m.amount)) for m in moved] == [(6, 5), (7, 7)]


def test_a_broken_line_of_mt940_is_named(
    portfolio: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = (":61:26020302", ":61:2602030203C100,00NTRF" + FIRST)
    report = import_texts(portfolio, mt940(*lines, closing="1100,00"))

    assert became(portfolio) == [("succeeded", 100, FIRST)]
    assert [(bad.row, bad.column) for bad in report.bad_rows] == [(6, ":61:")]
    assert "cut off, or a field" in report.bad_rows[0].problem
    assert not caplog.records  # the library logs its patterns


def test_a_statement_of_which_no_entry_is_read_names_them_alone(
    portfolio: Path,
) -> None:
    report = import_texts(portfolio, mt940(":61:26020302", closing="1100,00"))

    assert [(bad.row, bad.column) for bad in report.bad_rows] == [(6, ":61:")]


def test_a_reference_longer_than_the_standard_allows_is_read(portfolio: Path) -> None:
    line = f":61:2602030203C100,00NTRF{FIRST}-OF-FEBRUARY//B1"
    report = import_texts(portfolio, mt940(line, ":86:" + FIRST, closing="1100,00"))

    assert became(portfolio) == [("succeeded", 100, FIRST)]
    assert report.is_clean


def test_an_account_in_place_of_a_reference_is_none(tmp_path: Path) -> None:
    """ASN and SNS write the payer's account there, and the name on a line below."""
    account = "NL91INGB0001234567"
    file = tmp_path / "x.sta"
    text = mt940(
        f":61:2602030203C5,00NOVB{account}",
        f":61:2602030203C7,00NOVB{account}",
        "j doe",
        closing="1012,00",
    )
    file.write_text(re.sub(r":25:.*", ":25:NL81ASNB9999999999", text))

    moved = [m for m in read_mt940(file) if isinstance(m, Movement)]
    assert [(int(m.amount), m.ids, m.entry) for m in moved] == [
        (5, (), None),
        (7, (), None),
    ]


def test_a_collection_that_rabobank_books_back_is_no_payment_of_ours(
    portfolio: Path,
) -> None:
    lines = [
        ":61:2602030203D100,00N0440121470966      A B",
        ":86:Terugboeking",
        ":86:NIET AKKOORD",
    ]
    report = import_texts(portfolio, mt940(*lines, closing="900,00"))

    [note] = [n for n in report.notes if n.kind == "look at"]
    assert (note.n, "a return without its payment" in note.text) == (1, True)


def test_a_row_of_mt940_is_the_line_of_what_is_named(portfolio: Path) -> None:
    line = ":61:2602030203C5,00NTRFX"
    text = mt940(line, closing="1100,00")
    [bad] = import_texts(portfolio, text).bad_rows

    assert text.splitlines()[(bad.row or 0) - 1].startswith(":62F:")


def test_a_broken_opening_of_mt940_is_named_where_it_begins(portfolio: Path) -> None:
    line = ":61:2602030203C5,00NTRFX"
    whole = mt940(line, closing="1005,00")
    text = whole + whole.replace(":60F:C260202", ":60F:?260202")
    [bad] = import_texts(portfolio, text).bad_rows

    lines = text.splitlines()
    at = (bad.row or 0) - 1
    assert (bad.column, lines[at]) == (":20:", ":20:STARTUMS")
    assert lines[at + 3].startswith(":60F:?")


def test_direction_comes_from_the_range_of_the_code(portfolio: Path) -> None:
    """557 is a returned item as a debit, 257 as a credit, whatever the words say."""
    records = (
        f"16,165,10000,Z,B1,{FIRST},ACH CREDIT/\n"
        f"16,557,10000,Z,B2,{FIRST},RETURN CREDIT/\n"
        f"16,257,10000,Z,B3,{FIRST},RETURN DEBIT/"
    )
    report = import_texts(portfolio, bai2_file(records, 130000))

    assert sorted(row[0] for row in became(portfolio)) == [
        "returned",
        "succeeded",
        "succeeded",
    ]
    assert report.is_clean


@pytest.mark.parametrize(
    ("currency", "minor", "amount"),
    [("USD", 12345, "123.45"), ("JPY", 12345, "12345"), ("KWD", 12345, "12.345")],
)
def test_bai2_counts_in_the_smallest_unit(
    portfolio: Path, currency: str, minor: int, amount: str
) -> None:
    record = f"16,195,{minor},1,B1,,paid {FIRST}/"
    import_texts(portfolio, bai2_file(record, 100000 + minor, currency))

    [row] = payments(portfolio)
    assert (row["amount"], row["currency"]) == (Decimal(amount), currency)


@pytest.mark.parametrize(
    ("code", "is_paid"), [("921", True), ("961", False), ("901", False)]
)
def test_a_code_of_the_banks_own_goes_where_its_range_says(
    portfolio: Path, code: str, is_paid: bool
) -> None:
    """920 to 959 came in, 960 to 999 went out, 900 to 919 say how an account stands.

    The library `bai2` refuses the whole file for them.
    """
    report = import_texts(portfolio, bai2_file(f"16,{code},500,Z,,,{FIRST}/", 100500))

    assert report.bad_rows == ()
    assert [row["invoice_id"] for row in payments(portfolio)] == [FIRST] * is_paid


@pytest.mark.parametrize("code", ["720", "", "0", "000", "95", "1650", "16A"])
def test_a_code_in_no_range_of_money_is_named(portfolio: Path, code: str) -> None:
    report = import_texts(portfolio, bai2_file(f"16,{code},500,Z,,,{FIRST}/", 100500))

    [bad] = report.bad_rows
    assert (bad.row, bad.column) == (4, "type code")
    assert payments(portfolio) == []


def test_a_control_total_that_differs_is_named(portfolio: Path) -> None:
    text = bai2_file(f"16,165,10000,Z,,,{FIRST}/", 110001)
    [bad] = import_texts(portfolio, text).bad_rows

    assert (bad.row, bad.column) == (5, "account control total")


def test_bai2_is_read_as_the_library_reads_it() -> None:
    """The library as the second reader; the other published sample it refuses."""
    file = DATA / "published/moov-bai2-sample1.txt"
    ours = [one for one in read_bai2(file) if isinstance(one, Movement)]
    theirs = [
        (account.header.customer_account_number, row)
        for group in bai2.parse_from_string(file.read_text()).children
        for account in group.children
        for row in account.children
    ]

    assert [(m.account, m.code, m.amount) for m in ours] == [
        (account, row.type_code.code, Decimal(row.amount) / 100)
        for account, row in theirs
    ]
    assert [direction_of(row.type_code.code) for _, row in theirs] == [
        {"credit": "in", "debit": "out"}[row.type_code.transaction.value]
        for _, row in theirs
    ]
    texts = [(m.text or "").replace(" ", "") for m in ours]
    assert texts == [(row.text or "").replace(" ", "") for _, row in theirs]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param("id;name\n1;2\n", "no file of a bank", id="another text"),
        pytest.param("<a/>", "XML of another kind", id="another XML"),
        pytest.param("<a", "no XML", id="broken off before the root"),
        pytest.param("\x00\x01\x02", "no file of a bank", id="binary"),
        pytest.param(
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.052.001.08"/>',
            "export camt.053",
            id="a report of the day in course",
        ),
        pytest.param(
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><Bk>',
            "no XML",
            id="broken off",
        ),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name(
    portfolio: Path, text: str, message: str
) -> None:
    with pytest.raises(UnreadableFileError, match=rf"0\.txt.*{message}"):
        import_texts(portfolio, text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(portfolio: Path, encoding: str) -> None:
    xml = iso(STATEMENT, Entry(amount="1", text="FIRST"))
    evil = f'<!DOCTYPE a [<!ENTITY x "{FIRST}">]>{xml.replace("FIRST", "&x;")}'
    with pytest.raises(UnreadableFileError, match="DOCTYPE"):
        import_texts(portfolio, evil.encode(encoding))


def test_a_list_of_references_has_its_columns(portfolio: Path) -> None:
    with pytest.raises(UnreadableFileError, match="no column invoice_id"):
        import_texts(portfolio, list_csv="reference,invoice\na,b\n")


@pytest.mark.parametrize("amount", ["9" * 18, "1" + "0" * 30])
def test_a_huge_number_ends_the_import_in_one_line(
    portfolio: Path, amount: str
) -> None:
    xml = iso(STATEMENT, Entry(amount="7", text=FIRST))
    with pytest.raises(UnreadableValueError, match=r"0\.txt row 1.*nothing was"):
        import_texts(portfolio, xml.replace(">7<", f">{amount}<"))
    assert not (portfolio / "payments").exists()


@pytest.mark.parametrize(
    ("cut", "column"),
    [
        ('<Amt Ccy="EUR">7</Amt><CdtDbtInd>', "Amt"),
        ("<BookgDt><Dt>2026-02-03</Dt></BookgDt>", "BookgDt"),
    ],
)
def test_an_entry_that_lacks_something_is_named(
    portfolio: Path, cut: str, column: str
) -> None:
    xml = iso(STATEMENT, Entry(amount="7", text=FIRST))
    keep = "<CdtDbtInd>" if cut.endswith("<CdtDbtInd>") else ""
    report = import_texts(portfolio, xml.replace(cut, keep, 1))

    assert (report.bad_rows[0].row, report.bad_rows[0].column) == (1, column)


def test_only_references_have_no_date(portfolio: Path) -> None:
    with pytest.raises(NothingToImportError, match="--exported-at"):
        import_texts(portfolio, list_csv="reference,invoice_id\na,4711\n")


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.name)
def test_published_samples_are_read_whole(portfolio: Path, file: Path) -> None:
    """No entry of theirs is lost; where a schema is at hand, they are valid by it."""
    if file.suffix == ".xml" and ".v2" not in file.name.replace("053.v2", ""):
        schema(_message(file)).validate(file)
    report = import_texts(portfolio, file.read_bytes())

    # the balances of two of these samples do not follow from their entries
    assert {bad.column for bad in report.bad_rows} <= {"closing balance"}
    assert not report.unknown_values
    assert all(s.source == s.left_out for s in report.sums)
    n_left_out = sum(
        n.n
        for n in report.notes
        if n.kind == "left out" or n.text.startswith("a return ")
    )
    assert n_left_out == N_MOVEMENTS[file.name]


def test_a_moment_of_the_bank_is_kept(portfolio: Path) -> None:
    xml = iso(STATEMENT, Entry(amount="7", text=FIRST))
    said = "<BookgDt><DtTm>2026-02-03T10:15:00+01:00</DtTm></BookgDt>"
    import_texts(portfolio, xml.replace("<BookgDt><Dt>2026-02-03</Dt></BookgDt>", said))

    assert payments(portfolio)[0]["known_at"] == datetime(2026, 2, 3, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize("ids", [("INV-1\x1fX",), ("",), (), ("A", "B")], ids=repr)
def test_ids_are_the_same_alone_and_beside_others(
    ids: tuple[str, ...], tmp_path: Path
) -> None:
    """A column that is equal in all rows goes another way than one that is not."""
    kept = []
    for others in ((), (("another",),)):
        rows = [
            Movement(
                row=row,
                form="mt940",
                account="A",
                amount=Decimal(10),
                currency="EUR",
                direction="in",
                ids=one,
            )
            for row, one in enumerate((ids, *others), start=1)
        ]
        with duckdb.connect() as connection:
            make_tables(connection)
            assert list(write_movements(connection, tmp_path / "a.sta", rows)) == []
            told = connection.execute("SELECT ids FROM movement WHERE row = 1")
            kept += told.fetchall()
    assert kept[0] == kept[1]
