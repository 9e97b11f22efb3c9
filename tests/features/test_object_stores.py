"""Tables in a bucket are the tables of a folder, read from a server that speaks S3."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from features.errors import (
    ObjectStoreError,
    PortfolioError,
    PortfolioNotFoundError,
    UnreadableTableError,
)
from features.portfolio import Portfolio
from features.reading.object_store import AZURE_ACCOUNT, BucketFolder

BUCKET = "shop"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The options of a URL that lead to a store of this machine."""
    running = ThreadedMotoServer("127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    yield f"{host}:{port}"
    running.stop()


@pytest.fixture
def options(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "reader")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield f"?region=eu-west-1&scheme=http&endpoint_override={server}"
    asked(server, "/moto-api/reset")


def asked(server: str, path: str, body: bytes = b"") -> None:
    plain = {"Content-Type": "text/plain"}
    httpx.post(f"http://{server}{path}", content=body, headers=plain).raise_for_status()


@pytest.fixture
def bucket(options: str) -> pafs.FileSystem:
    store, _ = pafs.FileSystem.from_uri(
        f"s3://{BUCKET}/{options}&allow_bucket_creation=true"
    )
    store.create_dir(BUCKET)
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A portfolio with a CSV file, and a table partitioned by customer and by month."""
    out = tmp_path / "here"
    out.mkdir()
    (out / "customers.csv").write_text("customer_id,event_at\na,2026-01-01\nb,\n")
    for customer, month in (("a", "2026-01"), ("a", "2026-02"), ("b", "2026-01")):
        part = out / "invoices" / f"customer_id={customer}" / f"month={month}"
        part.mkdir(parents=True)
        rows = {
            "invoice_id": [f"{customer}-{month}"],
            "event_at": [f"{month}-01T08:00:00Z"],
            "due_at": [f"{month}-15"],
            "amount": ["12.50"],
        }
        pq.write_table(pa.table(rows), part / "part-0.parquet")
    (out / "invoices" / "_SUCCESS").touch()
    return out


def uploaded(bucket: pafs.FileSystem, folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            put(bucket, file.relative_to(folder).as_posix(), file.read_bytes())


def put(bucket: pafs.FileSystem, path: str, content: bytes) -> None:
    with bucket.open_output_stream(f"{BUCKET}/billing/{path}") as stream:
        stream.write(content)


def stated(folder: Path, source: str) -> Path:
    """A folder that holds nothing but where the tables are."""
    there = folder.parent / "there"
    there.mkdir()
    (there / "portfolio.yaml").write_text(f"source: {source}\n", encoding="utf-8")
    return there


def test_a_bucket_holds_the_portfolio_of_a_folder(
    bucket: pafs.FileSystem, options: str, folder: Path
) -> None:
    uploaded(bucket, folder)
    there = stated(folder, f"s3://{BUCKET}/billing{options}")
    read, here = Portfolio.open(there), Portfolio.open(folder)
    assert here.customer_ids == ("a", "b")
    assert read.report.tables == here.report.tables
    assert read.content_hash == here.content_hash
    assert read.warnings == here.warnings[1:]  # the first: no portfolio.yaml


def test_a_table_of_a_lake_in_a_bucket_names_the_place_without_options(
    bucket: pafs.FileSystem, options: str, folder: Path
) -> None:
    uploaded(bucket, folder)
    put(bucket, "invoices/_delta_log/00000000000000000000.json", b"{}")
    there = stated(folder, f"s3://{BUCKET}/billing{options}")
    with pytest.raises(UnreadableTableError) as caught:
        Portfolio.open(there)
    assert f"write `source: delta:s3://{BUCKET}/billing` in" in str(caught.value)


def test_files_beside_the_settings_are_not_read_and_named(
    bucket: pafs.FileSystem, options: str, folder: Path
) -> None:
    uploaded(bucket, folder)
    there = stated(folder, f"s3://{BUCKET}/billing{options}")
    (there / "payments.csv").write_text("payment_id\n")
    [warning] = [w for w in Portfolio.open(there).warnings if "payments" in w]
    assert "`source` names a bucket" in warning


def test_a_bucket_that_is_not_there_has_its_code(options: str, folder: Path) -> None:
    there = stated(folder, f"s3://nobodys/billing{options}")
    with pytest.raises(ObjectStoreError, match="nobodys") as caught:
        Portfolio.open(there)
    assert caught.value.code == "bucket_not_found"


def test_a_place_without_files_is_no_portfolio(
    bucket: pafs.FileSystem, options: str, folder: Path
) -> None:
    uploaded(bucket, folder)
    there = stated(folder, f"s3://{BUCKET}/biling{options}")
    with pytest.raises(PortfolioNotFoundError, match="nothing lies there"):
        Portfolio.open(there)


def test_who_may_not_read_is_told_so_and_no_secret_is_shown(
    bucket: pafs.FileSystem,
    options: str,
    server: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uploaded(bucket, folder)
    monkeypatch.setenv("LOGIN", "wrong-secret")
    there = stated(folder, f"s3://stranger:${{LOGIN}}@{BUCKET}/billing{options}")
    asked(server, "/moto-api/reset-auth", b"0")
    try:
        with pytest.raises(ObjectStoreError) as caught:
            Portfolio.open(there)
    finally:
        asked(server, "/moto-api/reset-auth", b"1000000")
    assert caught.value.code == "access_denied"
    assert "wrong-secret" not in str(caught.value)


def test_a_file_that_goes_between_is_no_table_without_its_rows(
    bucket: pafs.FileSystem, options: str, folder: Path
) -> None:
    uploaded(bucket, folder)
    url = f"s3://{BUCKET}/billing{options}"
    listed = BucketFolder(url, url)
    bucket.delete_file(f"{BUCKET}/billing/customers.csv")
    with pytest.raises(ObjectStoreError) as caught, listed.on_disk("customers.csv"):
        pass
    assert caught.value.code == "file_gone"


def test_half_a_file_is_refused_by_its_name(
    bucket: pafs.FileSystem, options: str, folder: Path
) -> None:
    uploaded(bucket, folder)
    whole = next(folder.rglob("part-0.parquet")).read_bytes()
    put(bucket, "payments.parquet", whole[: len(whole) // 2])
    there = stated(folder, f"s3://{BUCKET}/billing{options}")
    with pytest.raises(UnreadableTableError, match=r"payments\.parquet"):
        Portfolio.open(there)


@pytest.mark.slow  # Arrow tries for some seconds
def test_a_store_that_does_not_answer_has_its_code(folder: Path) -> None:
    options = "?region=eu-west-1&scheme=http&endpoint_override=127.0.0.1:9"
    with pytest.raises(ObjectStoreError) as caught:
        Portfolio.open(stated(folder, f"s3://{BUCKET}/billing{options}"))
    assert caught.value.code == "store_unreachable"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("az://billing/shop", id="Azure without the account's name"),
        pytest.param("s3://", id="no bucket"),
        pytest.param("s3://shop?colour=red", id="an option that is none"),
    ],
)
def test_a_url_that_leads_nowhere_says_what_to_write(
    source: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(AZURE_ACCOUNT, raising=False)
    with pytest.raises(PortfolioError, match="source") as caught:
        Portfolio.open(stated(folder, source))
    assert caught.value.code == "store_url_invalid"
