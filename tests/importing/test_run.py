"""What every import does, whatever the source: files, folders, moments, warnings."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from features.portfolio import Portfolio
from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.errors import (
    DiskFullError,
    MemoryLimitError,
    MomentAheadError,
    NothingToImportError,
    SameFileNameError,
    UnreadableFileError,
    UnreadableValueError,
)
from tests.importing.stripe_objects import (
    charge,
    customer,
    invoice,
    made,
    seconds,
    write_lines,
)


def run(files: list[Path], portfolio: Path) -> ImportReport:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    settings = ImportSettings(exported_at=at, currency="USD")
    return import_files(SOURCES["stripe"], files, portfolio, settings)


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "x.ndjson", [charge("ch_1", "2026-03-02", 10_000)])
    report = run([file, tmp_path / "." / "x.ndjson"], tmp_path / "portfolio")

    assert [t.n_made for t in report.tables if t.table == "payments"] == [1]


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """A bad row is taken out by the name of its file: it must be one file's."""
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
        write_lines(tmp_path / folder / "x.ndjson", [customer()])
    files = sorted(tmp_path.glob("*/x.ndjson"))

    with pytest.raises(SameFileNameError, match=r"named x\.ndjson"):
        run(files, tmp_path / "portfolio")


def test_a_failed_import_leaves_no_folder_that_was_not_there(tmp_path: Path) -> None:
    other = write_lines(tmp_path / "x.ndjson", [{"object": "kitten", "id": "k"}])
    with pytest.raises(NothingToImportError):
        run([other], tmp_path / "books" / "portfolio")
    assert not (tmp_path / "books").exists()

    (tmp_path / "there").mkdir()
    with pytest.raises(NothingToImportError):
        run([other], tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []


def test_moments_in_milliseconds_are_no_moments(tmp_path: Path) -> None:
    late = customer() | {"created": seconds("2026-03-01") * 1000}
    file = write_lines(tmp_path / "x.ndjson", [late])

    with pytest.raises(UnreadableValueError, match="milliseconds"):
        import_files(SOURCES["stripe"], [file], tmp_path / "p", ImportSettings())


def test_an_export_of_a_moment_to_come_is_refused(tmp_path: Path) -> None:
    """Else every debt is as old as the one wrong row is late."""
    rows = [charge("ch_1", "2026-03-02", 10_000), charge("ch_2", "2090-03-02", 100)]
    file = write_lines(tmp_path / "x.ndjson", rows)
    settings = ImportSettings(currency="USD", now=datetime(2026, 6, 1, tzinfo=UTC))

    with pytest.raises(MomentAheadError, match="2090-03-02"):
        import_files(SOURCES["stripe"], [file], tmp_path / "p", settings)
    assert not (tmp_path / "p").exists()


def test_rows_after_the_export_and_odd_refunds_ask_to_look(tmp_path: Path) -> None:
    rows = [
        charge("ch_1", "2026-03-02", 10_000, amount_refunded=20_000),
        charge("ch_2", "2026-07-02", 10_000),
        made(
            "refund",
            id="re_1",
            created=seconds("2026-03-01"),
            amount=20_000,
            charge="ch_1",
            currency="usd",
            status="succeeded",
        ),
    ]
    report = run([write_lines(tmp_path / "x.ndjson", rows)], tmp_path / "p")

    asked = [(n.n, n.text) for n in report.notes if n.kind == "look at"]
    assert [n for n, _ in asked] == [1, 1, 1]
    assert "after --exported-at" in asked[0][1]
    assert "more was given back" in asked[1][1]
    assert "before they were made, such as ch_1" in asked[2][1]
    assert not report.is_clean


def test_one_charge_with_two_amounts_asks_to_look(tmp_path: Path) -> None:
    rows = [charge("ch_1", "2026-03-02", 10_000), charge("ch_1", "2026-03-02", 5_000)]
    report = run([write_lines(tmp_path / "x.ndjson", rows)], tmp_path / "p")

    [text] = [n.text for n in report.notes if n.kind == "look at"]
    assert "objects are told twice with other content" in text
    assert text.endswith("x.ndjson row 1")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("café".encode("latin-1"), "perhaps Latin-1"),
        ("id,amount\nx,1\n".encode("utf-16"), "perhaps UTF-16"),
        (b"", "x.csv is empty"),
        (b"id;amount\nx;1\n", "no page of the Dashboard has the columns"),
    ],
)
def test_a_csv_that_is_not_stripes_says_why(
    tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=message):
        run([file], tmp_path / "p")


def test_a_table_is_no_json(tmp_path: Path) -> None:
    file = tmp_path / "invoices.csv"
    file.write_text("id\n1\n", "utf-8")
    with pytest.raises(UnreadableFileError, match="Lago is read as JSON"):
        import_files(SOURCES["lago"], [file], tmp_path / "p", ImportSettings())


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(NothingToImportError, match="is a folder: name its files"):
        run([tmp_path], tmp_path / "p")


def test_what_an_import_wrote_off_bears_a_number_of_its_own(tmp_path: Path) -> None:
    gone = invoice("in_1", "2026-03-01", 7_000, status="uncollectible")
    run([write_lines(tmp_path / "x.ndjson", [customer(), gone])], tmp_path / "p")

    warnings = Portfolio.inspect(tmp_path / "p").warnings
    assert not [text for text in warnings if "two kinds of document" in text]


def test_an_export_is_dated_in_utc_whatever_its_offset(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "x.ndjson", [customer()])
    at = datetime.fromisoformat("2026-06-01T00:30:00+02:00")
    settings = ImportSettings(exported_at=at, currency="USD")
    report = import_files(SOURCES["stripe"], [file], tmp_path / "p", settings)

    assert f"{report.exported_at:%d %H:%M}" == "31 22:30"
    text = (tmp_path / "p" / "portfolio.yaml").read_text("utf-8")
    assert "customers: '2026-05-31T22:30:00Z'" in text


@pytest.mark.parametrize("name", SOURCES)
def test_notes_are_counted_one_after_the_other(name: str) -> None:
    """Parts of one query hold their tables at the same time: 2,000,000 rows of Odoo
    then needed more than 120 MB, and now do not."""
    counts = duckdb.extract_statements(SOURCES[name].query("notes"))

    assert counts
    assert {count.type for count in counts} == {duckdb.StatementType.INSERT}


def test_what_does_not_fit_in_memory_says_how_much_to_allow(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "x.ndjson", [customer()])
    settings = ImportSettings(currency="USD", memory_mb=181)

    with pytest.raises(MemoryLimitError, match="say --memory 362"):
        import_files(SOURCES["stripe"], [file], tmp_path / "p", settings)
    assert not (tmp_path / "p").exists()


def test_a_full_disk_is_not_called_a_lack_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_a_small_disk(*_: object) -> None:
        connection = duckdb.connect()
        connection.execute(f"SET temp_directory = '{tmp_path / 'spilled'}'")
        connection.execute("SET memory_limit = '20MB'")
        connection.execute("SET max_temp_directory_size = '1MB'")
        connection.execute("CREATE TABLE t AS SELECT random() AS x FROM range(8000000)")

    monkeypatch.setattr("importing.run._import", on_a_small_disk)
    file = write_lines(tmp_path / "x.ndjson", [customer()])

    with pytest.raises(DiskFullError, match="no room left"):
        import_files(SOURCES["stripe"], [file], tmp_path / "p", ImportSettings())


def test_less_memory_than_the_program_itself_needs_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 180"):
        ImportSettings(memory_mb=180)
