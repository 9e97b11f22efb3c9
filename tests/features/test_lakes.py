"""Tables of a lake are the tables of a folder that holds the rows that stand."""

import base64
import datetime as dt
import json
import shutil
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import httpx
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from moto.server import ThreadedMotoServer
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.io.pyarrow import ArrowScan
from pyroaring import BitMap

from features.errors import LakeError, PortfolioNotFoundError, UnreadableTableError
from features.portfolio import Portfolio
from features.reading import lake
from features.reading.lake import LakeSource, open_lake
from features.reading.lake_place import lake_of

WANTED = {
    "customers": {"customer_id", "event_at"},
    "invoices": {"customer_id", "invoice_id", "event_at", "due_at", "amount"},
}
CUSTOMERS = pa.table(
    {
        "customer_id": ["a", "b"],
        "event_at": pa.array([dt.datetime(2025, 1, 1, tzinfo=dt.UTC)] * 2),
    }
)
Writer = Callable[[Path], None]


def invoices(month: int, n: int = 4, **more: str) -> pa.Table:
    """Of one month, in a column of their own and one of the contract."""
    issued = dt.datetime(2025, month, 1, 8, tzinfo=dt.UTC)
    columns: dict[str, object] = {
        "customer_id": ["a", "b"] * (n // 2),
        "invoice_id": [f"{month}-{number}" for number in range(n)],
        "event_at": [issued] * n,
        "due_at": [dt.date(2025, month, 15)] * n,
        "amount": [Decimal(f"{month}.2500")] * n,
        "month": [f"2025-{month:02d}"] * n,
    }
    return pa.table(columns | {name: [text] * n for name, text in more.items()})


def standing() -> pa.Table:
    """The rows that stand in the end: without 1-3, which was deleted."""
    rows = pa.concat_tables([invoices(1), invoices(2), invoices(3)])
    return rows.filter(pa.compute.not_equal(rows["invoice_id"], "1-3"))


def write_delta(place: Path, options: dict[str, str] | None = None) -> None:
    """Four versions: two months, a deletion, a month with one more column."""
    base = str(place) if options is None else "s3://shop/lake"
    where = f"{base}/invoices"
    write_deltalake(f"{base}/customers", CUSTOMERS, storage_options=options)
    write_deltalake(where, invoices(1), partition_by=["month"], storage_options=options)
    write_deltalake(where, invoices(2), mode="append", storage_options=options)
    DeltaTable(where, storage_options=options).delete("invoice_id = '1-3'")
    more = invoices(3, note="new")
    write_deltalake(
        where, more, mode="append", schema_mode="merge", storage_options=options
    )


def catalogue(place: Path) -> Catalog:
    return load_catalog("billing", **catalogue_options(place))


def catalogue_options(place: Path) -> dict[str, str]:
    database, files = f"sqlite:///{place}/catalogue.db", place.as_uri()
    return {"type": "sql", "uri": database, "warehouse": files}


def write_iceberg(place: Path) -> None:
    """The same in Iceberg, where a column was called otherwise in the beginning."""
    there = catalogue(place)
    there.create_namespace("shop")
    there.create_table("shop.customers", schema=CUSTOMERS.schema).append(CUSTOMERS)
    first = invoices(1).rename_columns({"invoice_id": "number"})
    table = there.create_table("shop.invoices", schema=first.schema)
    with table.update_spec() as spec:
        spec.add_identity("month")
    table.append(first)
    table.append(invoices(2).rename_columns({"invoice_id": "number"}))
    table.delete("number = '1-3'")
    with table.update_schema() as schema:
        schema.rename_column("number", "invoice_id")
    table.append(invoices(3))
    there.close()


@pytest.fixture
def plain(tmp_path: Path) -> Portfolio:
    """The rows that stand, in a folder."""
    folder = tmp_path / "plain"
    folder.mkdir()
    pq.write_table(CUSTOMERS, folder / "customers.parquet")
    rows = standing().select(sorted(WANTED["invoices"]))
    pq.write_table(rows, folder / "invoices.parquet")
    return Portfolio.open(folder)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty folder for a lake."""
    folder = tmp_path / "lake"
    folder.mkdir()
    return folder


def source_of(write: Writer, place: Path, at: str | None = None) -> str:
    """The `source` of what was written."""
    if write is write_delta:
        return "delta:." if at is None else f"delta:.?at={at}"
    options = catalogue_options(place) | ({} if at is None else {"at": at})
    query = "&".join(f"{name}={value}" for name, value in options.items())
    return f"iceberg:billing/shop?{query}"


def stated(place: Path, source: str) -> Path:
    (place / "portfolio.yaml").write_text(f"source: '{source}'\n", encoding="utf-8")
    return place


BOTH = pytest.mark.parametrize(
    "write",
    [
        pytest.param(write_delta, id="Delta"),
        pytest.param(write_iceberg, id="Iceberg"),
    ],
)


@BOTH
def test_a_lake_holds_the_rows_that_stand(
    write: Writer, place: Path, plain: Portfolio
) -> None:
    write(place)
    read = Portfolio.open(stated(place, source_of(write, place)))
    assert read.report.tables == plain.report.tables
    assert read.content_hash == plain.content_hash
    ignored = [warning for warning in read.warnings if "ignored" in warning]
    assert "invoices: column 'month' is not in the contract and was ignored" in ignored
    assert not any("were not read" in warning for warning in read.warnings)


def z85(content: bytes) -> str:
    """Base 85 as ZeroMQ spells it, which is how Delta's log holds bytes."""
    ours = b"0123456789abcdefghijklmnopqrstuvwxyz"
    ours += ours[10:].upper() + b".-:+=^!/*?&<>()[]{}@%$#"
    pythons = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    pythons += b"!#$%&()*+-;<=>?@^_`{|}~"
    return base64.b85encode(content).translate(bytes.maketrans(pythons, ours)).decode()


def delete_by_vector(table: Path, rows: list[int]) -> None:
    """Mark rows of the table's only file as deleted, as Spark's writer does.

    An inline deletion vector by the protocol of Delta: the file stays as it is.
    """
    log = table / "_delta_log"
    actions = map(json.loads, (log / f"{0:020}.json").read_text().splitlines())
    [file] = [action["add"] for action in actions if "add" in action]
    bitmap = BitMap(rows).serialize()
    array = (1681511377).to_bytes(4, "little") + (1).to_bytes(8, "little")
    content = array + (0).to_bytes(4, "little") + bitmap
    vector = {
        "storageType": "i",
        "pathOrInlineDv": z85(content + b"\0" * (-len(content) % 4)),
        "sizeInBytes": len(content),
        "cardinality": len(rows),
    }
    now = int(time.time() * 1000)
    features = ["deletionVectors"]
    versions = {"minReaderVersion": 3, "minWriterVersion": 7}
    commit = [
        {"commitInfo": {"timestamp": now, "operation": "DELETE"}},
        {
            "protocol": versions
            | {"readerFeatures": features, "writerFeatures": features}
        },
        {
            "remove": {
                "path": file["path"],
                "deletionTimestamp": now,
                "dataChange": True,
            }
        },
        {"add": file | {"deletionVector": vector}},
    ]
    text = "\n".join(json.dumps(action) for action in commit)
    (log / f"{1:020}.json").write_text(text + "\n", encoding="utf-8")


def test_rows_that_a_deletion_vector_marks_are_gone(place: Path) -> None:
    write_deltalake(place / "customers", CUSTOMERS)
    write_deltalake(place / "invoices", invoices(1))
    delete_by_vector(place / "invoices", [1, 3])
    read = Portfolio.open(stated(place, "delta:."))
    found = read.tables["invoices"].to_pyarrow()["invoice_id"].to_pylist()
    assert sorted(found) == ["1-0", "1-2"]


def moments(write: Writer, place: Path) -> list[dt.datetime]:
    """When each version of the invoices came to be."""
    if write is write_delta:
        log = DeltaTable(place / "invoices").history()
        stamps = [commit["timestamp"] for commit in reversed(log)]
    else:
        there = catalogue(place)
        table = there.load_table("shop.invoices")
        stamps = [entry.timestamp_ms for entry in table.history()]
        there.close()
    return [dt.datetime.fromtimestamp(stamp / 1000, dt.UTC) for stamp in stamps]


@BOTH
def test_a_lake_as_it_was_at_a_moment(write: Writer, place: Path) -> None:
    write(place)
    for file in place.rglob("*.json"):
        file.touch()  # copied since: a file's own time says nothing
    second = moments(write, place)[1].isoformat()
    found = open_lake(source_of(write, place, second), "lake", place)
    number = "invoice_id" if write is write_delta else "number"
    batches = found["invoices"].batches([number])
    assert sorted(cell for batch in batches for cell in batch[0].to_pylist()) == [
        f"{month}-{n}" for month in (1, 2) for n in range(4)
    ]
    with pytest.raises(LakeError, match="as old as 2020") as caught:
        open_lake(source_of(write, place, "2020-01-01T00:00:00Z"), "lake", place)
    assert caught.value.code == "lake_moment_unknown"


def test_a_moment_of_which_the_log_says_no_more_is_not_guessed(place: Path) -> None:
    """Old commits are cleared away behind a checkpoint."""
    write_delta(place)
    shutil.rmtree(place / "customers")
    stamps = moments(write_delta, place)
    DeltaTable(place / "invoices").create_checkpoint()
    log = place / "invoices" / "_delta_log"
    for version in (0, 1):
        (log / f"{version:020}.json").unlink()
    read = open_lake(f"delta:.?at={stamps[3].isoformat()}", "lake", place)
    assert sum(map(len, read["invoices"].batches(["invoice_id"]))) == 11
    for version in (1, 2, 3):
        (log / f"{version:020}.json").unlink(missing_ok=True)
        with pytest.raises(LakeError, match="log no longer states when") as caught:
            open_lake(f"delta:.?at={stamps[version].isoformat()}", "lake", place)
        assert caught.value.code == "lake_moment_unknown"


@BOTH
def test_what_was_opened_is_read_in_one_order_whatever_is_written_since(
    write: Writer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake, "PART_ROWS", 3)
    write(place)
    opened = LakeSource(open_lake(source_of(write, place), "lake", place), WANTED)
    first = list(opened.parts("invoices"))
    if write is write_delta:
        DeltaTable(place / "invoices").delete("month = '2025-02'")
    else:
        there = catalogue(place)
        there.load_table("shop.invoices").delete("month = '2025-02'")
        there.close()
    again = list(opened.parts("invoices"))
    assert max(len(part.rows) for part in first) <= 3
    assert [part.first_row for part in first][:2] == [1, 1 + len(first[0].rows)]
    assert pa.concat_tables(part.rows for part in first) == pa.concat_tables(
        part.rows for part in again
    )


@pytest.mark.parametrize(
    ("write", "source"),
    [
        pytest.param(write_delta, "delta:.", id="Delta"),
        pytest.param(write_iceberg, "iceberg:CATALOG/NAMESPACE", id="Iceberg"),
    ],
)
def test_the_files_of_a_lake_are_no_table_of_a_folder(
    write: Writer, source: str, place: Path
) -> None:
    write(place)
    folder = place if write is write_delta else place / "shop"
    with pytest.raises(UnreadableTableError) as caught:
        Portfolio.open(folder)
    assert f"write `source: {source}`" in str(caught.value)


def test_files_and_tables_of_a_lake_are_not_mixed(place: Path) -> None:
    write_delta(place)
    shutil.rmtree(place / "customers")
    pq.write_table(CUSTOMERS, place / "customers.parquet")
    with pytest.raises(
        UnreadableTableError, match="make Delta tables of customers too"
    ):
        Portfolio.open(place)


def test_a_table_of_a_lake_beside_a_database_is_named(place: Path) -> None:
    with duckdb.connect(place / "billing.db") as database:
        database.register("held", CUSTOMERS)
        database.execute("CREATE TABLE customers AS FROM held")
    write_deltalake(place / "invoices", invoices(1))
    read = Portfolio.open(stated(place, "duckdb://billing.db"))
    said = "files of invoices were not read: `source` names a database"
    assert said in read.warnings


@pytest.mark.parametrize("source", ["Delta:.", "delta:./", "DELTA:../lake//"])
def test_a_place_is_found_however_it_is_written(source: str, place: Path) -> None:
    write_delta(place)
    read = Portfolio.open(stated(place, source))
    assert {"customers", "invoices"} <= read.settings.tables


def test_a_slash_at_the_end_of_a_place_is_none_of_its_own() -> None:
    lake = lake_of("delta:s3://shop/lake/?aws_region=eu-west-1", "lake", Path())
    assert lake.place == "s3://shop/lake"


def test_a_table_without_rows_is_one(place: Path) -> None:
    write_deltalake(place / "customers", CUSTOMERS)
    write_deltalake(place / "invoices", invoices(1).slice(0, 0))
    opened = LakeSource(open_lake("delta:.", "delta:.", place), WANTED)
    [part] = opened.parts("invoices")
    assert (part.rows.num_rows, part.rows.num_columns) == (0, 5)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        pytest.param("delta:", "name the place", id="no place"),
        pytest.param("delta:.?at=2026-06-30T00:00:00", "offset", id="naive moment"),
        pytest.param("iceberg:nobodys/shop", "URI missing", id="no catalogue"),
    ],
)
def test_a_lake_that_cannot_be_read_says_why(
    source: str, says: str, place: Path
) -> None:
    with pytest.raises(LakeError, match=says) as caught:
        Portfolio.open(stated(place, source))
    assert caught.value.code == "lake_unusable"


def test_a_namespace_that_is_not_there_says_so(place: Path) -> None:
    source = source_of(write_iceberg, place)
    with pytest.raises(LakeError, match="namespace shop cannot be read"):
        open_lake(source, "lake", place)


def test_a_place_without_tables_is_no_portfolio(place: Path) -> None:
    with pytest.raises(PortfolioNotFoundError, match="no table of the contract"):
        Portfolio.open(stated(place, "delta:."))


def test_a_file_that_is_gone_is_no_table_without_its_rows(place: Path) -> None:
    write_delta(place)
    shutil.rmtree(place / "invoices" / "month=2025-02")
    with pytest.raises(LakeError, match="invoices cannot be read") as caught:
        Portfolio.open(stated(place, "delta:."))
    assert caught.value.code == "lake_unusable"


def _rows_of_iceberg(place: Path) -> Iterator[pa.RecordBatch]:
    write_iceberg(place)
    opened = open_lake(source_of(write_iceberg, place), "lake", place)
    return opened["invoices"].batches(["invoice_id"])


@pytest.mark.parametrize("content", [b"PAR1", None])
def test_a_file_of_iceberg_that_cannot_be_read_says_so(
    content: bytes | None, place: Path
) -> None:
    rows = _rows_of_iceberg(place)
    for file in place.rglob("*.parquet"):
        file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(LakeError, match="invoices cannot be read"):
        list(rows)


def test_a_fault_of_our_own_is_not_laid_to_the_lake(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = _rows_of_iceberg(place)
    monkeypatch.delattr(ArrowScan, "to_record_batches")
    with pytest.raises(AttributeError):
        list(rows)


def test_a_log_that_is_broken_is_told_in_one_line(place: Path) -> None:
    write_delta(place)
    log = place / "invoices" / "_delta_log" / f"{1:020}.json"
    log.write_text("{broken", encoding="utf-8")
    with pytest.raises(LakeError, match="invoices cannot be read") as caught:
        open_lake("delta:.", "delta:.", place)
    assert "\n" not in str(caught.value)
    assert "<unknown>" not in str(caught.value)


@pytest.mark.slow  # it is tried for some seconds
def test_a_store_that_does_not_answer_is_no_lake_without_tables(place: Path) -> None:
    options = "aws_region=eu-west-1&aws_endpoint=http://127.0.0.1:9&aws_allow_http=true"
    login = "&aws_access_key_id=reader&aws_secret_access_key=not-a-secret"
    with pytest.raises(LakeError, match="cannot be read") as caught:
        open_lake(f"delta:s3://shop/lake?{options}{login}", "lake", place)
    assert caught.value.code == "lake_unusable"
    assert "\x1b" not in str(caught.value)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server of this machine that speaks S3, with a bucket."""
    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "reader")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    bucket, _ = pafs.FileSystem.from_uri(
        f"s3://shop/?region=eu-west-1&scheme=http&endpoint_override={host}:{port}"
        "&allow_bucket_creation=true"
    )
    bucket.create_dir("shop")
    yield f"http://{host}:{port}"
    server.stop()


@pytest.mark.slow
def test_a_delta_lake_in_a_bucket(
    store: str, place: Path, plain: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {
        "aws_region": "eu-west-1",
        "aws_endpoint": store,
        "aws_allow_http": "true",
    }
    write_delta(place, options)
    query = "&".join(f"{name}={value}" for name, value in options.items())
    read = Portfolio.open(stated(place, f"delta:s3://shop/lake?{query}"))
    assert read.content_hash == plain.content_hash
    monkeypatch.setenv("LOGIN", "wrong-secret")
    refused = f"{query}&aws_secret_access_key=${{LOGIN}}&aws_access_key_id=nobody"
    plain_text = {"Content-Type": "text/plain"}
    httpx.post(f"{store}/moto-api/reset-auth", content=b"0", headers=plain_text)
    try:
        with pytest.raises(LakeError) as caught:
            Portfolio.open(stated(place, f"delta:s3://shop/lake?{refused}"))
    finally:
        httpx.post(
            f"{store}/moto-api/reset-auth", content=b"1000000", headers=plain_text
        )
    assert "wrong-secret" not in str(caught.value)
