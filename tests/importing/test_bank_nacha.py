"""Nacha: returns, dishonored returns, notices of change, and totals that differ."""

from pathlib import Path

import duckdb
import pytest

from importing.bank.movements import make_tables, write_movements
from importing.bank.nacha import stage_nacha
from importing.errors import NothingToImportError, UnreadableFileError
from tests.importing.bank_files import (
    became,
    import_texts,
    payments,
)
from tests.importing.bank_formats import FIRST, collected, portfolio

__all__ = ["portfolio"]


def nacha(*entries: tuple[str, str, int, str, str], on: str = "260206") -> str:
    """A file of returns: transaction code, id, cents, reason, trace of the original."""
    records, debits, owed = [], 0, 0
    for n, (code, id_, cents, reason, trace) in enumerate(entries, 1):
        debits += cents * (code[1] >= "5")
        owed += cents * (code[1] < "5")
        records.append(
            f"6{code}091400606{'123456789':17}{cents:010d}{id_:15}{'X':22}S 1{n:015d}"
        )
        kind = "98" if reason.startswith("C") else "99"
        records.append(f"7{kind}{reason}{trace:>15}{'':6}09100001{'':44}{n:015d}")
    batch = "5200COMPANY         {:20}1234567890PPDRETURN          000101   1{:015d}"
    sums = f"{9140060 * len(entries):010d}{debits:012d}{owed:012d}"
    lines = [
        f"101 091400606 691000134{on}1806A094101{'BANK':23}{'COMPANY':23}{'':8}",
        batch.format("", 1),
        *records,
        f"8200{len(records):06d}{sums}1234567890{'':25}{1:015d}",
        f"9000001000001{len(records):08d}{sums}{'':39}",
    ]
    assert {len(line) for line in lines} == {94}
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("R01", "insufficient_funds"),
        ("R03", "invalid_account"),
        ("R08", "do_not_honor"),
        ("R10", "invalid_account"),
    ],
)
def test_a_nacha_return_undoes_a_collection(
    portfolio: Path, reason: str, code: str
) -> None:
    collected(portfolio)
    report = import_texts(portfolio, nacha(("26", FIRST, 10000, reason, "1")))

    first, last = payments(portfolio)
    assert (last["status"], last["failure_code"]) == ("returned", code)
    assert last["payment_id"] == first["payment_id"]
    assert report.is_clean


def test_a_return_without_a_day_says_where_to_write_it(portfolio: Path) -> None:
    collected(portfolio)
    text = nacha(("26", FIRST, 10000, "R01", "1"), on=" " * 6)
    with pytest.raises(NothingToImportError, match=r"row 3, date: .* 24 to 29"):
        import_texts(portfolio, text)


def test_a_dishonored_return_leaves_the_payment(portfolio: Path) -> None:
    collected(portfolio)
    import_texts(portfolio, nacha(("26", FIRST, 10000, "R01", "1")))
    import_texts(portfolio, nacha(("26", FIRST, 10000, "R68", "1"), on="260209"))

    assert [row[0] for row in became(portfolio)] == [
        "succeeded",
        "returned",
        "succeeded",
    ]


def test_a_notice_of_change_moves_no_money(portfolio: Path) -> None:
    report = import_texts(portfolio, nacha(("26", FIRST, 0, "C01", "1")))

    assert report.tables[0].n_made == 0
    assert [n.n for n in report.notes if "account data" in n.text] == [1]
    assert report.is_clean


@pytest.mark.parametrize(
    ("place", "told", "columns"),
    [
        pytest.param(2, "0000010000", ["total debit"] * 2, id="amount"),
        pytest.param(2, "62609140060", ["entry hash"] * 2, id="bank"),
        pytest.param(4, "8200000002", ["entries and addenda"], id="count of a batch"),
        pytest.param(5, "9000001", ["number of batches"], id="count of batches"),
        pytest.param(5, "900000100000100000002", ["entries and addenda"], id="count"),
    ],
)
def test_what_a_control_record_says_otherwise_is_named(
    portfolio: Path, place: int, told: str, columns: list[str]
) -> None:
    records = nacha(("26", FIRST, 10000, "R01", "1")).split("\n")
    assert told in records[place]
    other = told[:-1] + str((int(told[-1]) + 1) % 10)
    records[place] = records[place].replace(told, other, 1)
    bad = import_texts(portfolio, "\n".join(records)).bad_rows

    assert [row.column.split(" of the ")[0] for row in bad] == columns


def test_a_return_that_is_missing_is_named(portfolio: Path) -> None:
    """Both control records miss it, by count, hash and sum."""
    returns = (("26", FIRST, 10000, "R01", "1"), ("26", "4711", 5000, "R01", "2"))
    records = nacha(*returns).split("\n")
    del records[4:6]
    bad = import_texts(portfolio, "\n".join(records)).bad_rows

    assert [row.row for row in bad] == [5, 5, 5, 6, 6, 6]


def test_a_batch_without_its_control_record_is_named(portfolio: Path) -> None:
    records = nacha(("26", FIRST, 10000, "R01", "1")).split("\n")
    del records[4]
    bad = import_texts(portfolio, "\n".join(records)).bad_rows

    assert bad[0].row == 2
    assert bad[0].column == "batch control"


@pytest.mark.parametrize(
    ("places", "lacking"),
    [
        pytest.param([1, 2, 3, 4, 5], "without the file header (1): ", id="first line"),
        pytest.param([1, 2, 3], "a batch control (8), the file control", id="end too"),
        pytest.param([2, 3, 4, 5], "a batch header (5): ", id="batch header too"),
    ],
)
def test_a_file_without_its_first_line_says_what_it_lacks(
    portfolio: Path, places: list[int], lacking: str
) -> None:
    records = nacha(("26", FIRST, 10000, "R01", "1")).split("\n")
    with pytest.raises(UnreadableFileError) as raised:
        import_texts(portfolio, "\n".join(records[n] for n in places))

    assert lacking in str(raised.value)


def test_records_before_the_first_line_have_their_own_words(portfolio: Path) -> None:
    records = nacha(("26", FIRST, 10000, "R01", "1")).split("\n")
    moved = "\n".join([*records[1:], records[0]])
    with pytest.raises(UnreadableFileError, match=r"header \(1\) is not the first"):
        import_texts(portfolio, moved)


@pytest.mark.parametrize("start", ["5012;", "601234567890,", "601234567890"])
@pytest.mark.parametrize("length", [80, 94, 120])
def test_a_line_that_only_begins_like_a_record_is_not_of_nacha(
    portfolio: Path, start: str, length: int
) -> None:
    line = (start + "Meier AG;2026-02-03;12,50;" * 9)[:length]
    with pytest.raises(UnreadableFileError, match="no file of a bank"):
        import_texts(portfolio, f"{line}\n{line}\n")


def test_a_contested_return_that_undoes_nothing_asks_to_look(portfolio: Path) -> None:
    report = import_texts(portfolio, nacha(("22", "unknown", 10000, "R71", "1")))

    assert [n.n for n in report.notes if n.kind == "look at"] == [1]


@pytest.mark.parametrize("n_records", [3, 4, 5], ids=["entry", "addenda", "batch"])
def test_a_file_that_is_cut_off_is_named(portfolio: Path, n_records: int) -> None:
    """A return is lost with what is cut off; silence would take it for none."""
    records = nacha(("26", FIRST, 10000, "R01", "1")).split("\n")
    bad = import_texts(portfolio, "\n".join(records[:n_records])[:-40]).bad_rows

    assert bad[-1].column == "file control"
    assert "ends before its control record" in bad[-1].problem


def test_records_without_lines_are_read(portfolio: Path) -> None:
    text = nacha(("26", FIRST, 10000, "R01", "1")).replace("\n", "")
    report = import_texts(portfolio, text)

    assert [s.source for s in report.sums] == [100]


@pytest.mark.parametrize(
    ("between", "encoding"),
    [
        pytest.param("\r\n", "ascii", id="lines of Windows"),
        pytest.param("\r", "ascii", id="lines of old"),
        pytest.param("\n\n", "ascii", id="blank lines"),
        pytest.param("", "ascii", id="no lines"),
        pytest.param("\n", "latin-1", id="a name that is no ASCII"),
    ],
)
def test_records_count_however_they_are_set_apart(
    tmp_path: Path, between: str, encoding: str
) -> None:
    """Row and sums are the same; a control record says what stands before it."""
    name = "Mü" if encoding == "latin-1" else "X "
    returns = [("26", FIRST, 10000, "R01", "1"), ("21", "4711", 5000, "R03", "2")]
    records = nacha(*returns).replace("X ", name).split("\n")
    file = tmp_path / "returns.ach"
    file.write_bytes(between.join(records).encode(encoding))
    with duckdb.connect() as connection:
        make_tables(connection)
        bad = list(write_movements(connection, file, stage_nacha(connection, file)))
        read = connection.execute(
            "SELECT row, amount, direction, reason, ids FROM movement ORDER BY row"
        ).fetchall()

    assert bad == []
    assert read == [
        (3, 100, "out", "R01", ["1"]),
        (5, 50, "in", "R03", ["2"]),
    ]


def test_a_return_after_the_end_of_the_file_is_read(tmp_path: Path) -> None:
    """Nothing follows it, and the file's control record stands before it."""
    records = nacha(("26", FIRST, 10000, "R01", "1")).split("\n")
    file = tmp_path / "returns.ach"
    file.write_text("\n".join([*records, *records[2:4]]), encoding="ascii")
    with duckdb.connect() as connection:
        make_tables(connection)
        list(write_movements(connection, file, stage_nacha(connection, file)))
        rows = connection.execute("SELECT row FROM movement ORDER BY row").fetchall()

    assert rows == [(3,), (7,)]
