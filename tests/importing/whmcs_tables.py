"""Rows of WHMCS's tables, and an import of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.whmcs.columns import TABLES
from tests.importing.tables import write_csv

Row = dict[str, object]


Run = Callable[..., ImportReport]


EXPORTED = "2026-06-01"


ZONE = "Europe/Brussels"


def client(id_: int = 1, currency: int = 1, **values: object) -> Row:
    day = {"datecreated": "2025-01-10", "country": "BE", "credit": "0.00"}
    return {"id": id_, "currency": currency, **day, **values}


def bill(
    id_: int, day: str, total: str, status: str = "Unpaid", **values: object
) -> Row:
    row: Row = {"id": id_, "userid": 1, "date": day, "duedate": day, "credit": "0.00"}
    row |= {"total": total, "status": status, "paymentmethod": "stripe"}
    return row | {"date_cancelled": "0000-00-00 00:00:00"} | values


def item(invoice: int, amount: str, type_: str = "Hosting", relid: int = 7) -> Row:
    id_ = f"{invoice}{relid}"
    return {
        "id": id_,
        "invoiceid": invoice,
        "type": type_,
        "relid": relid,
        "amount": amount,
    }


def money_in(id_: int, at: str, amount: str, invoice: int = 0, **values: object) -> Row:
    row: Row = {"id": id_, "userid": 1, "gateway": "stripe", "date": at, "fees": "0.25"}
    row |= {"amountin": amount, "amountout": "0.00", "invoiceid": invoice}
    return row | {"refundid": 0} | values


def credit(id_: int, day: str, amount: str, text: str) -> Row:
    row: Row = {"id": id_, "clientid": 1, "date": day, "amount": amount}
    return row | {"description": text}


@pytest.fixture
def run(tmp_path: Path, portfolio: Path) -> Run:
    def _run(
        at: str = EXPORTED,
        rates: Mapping[str, float] | None = None,
        **tables: Sequence[Row],
    ) -> ImportReport:
        usual = {
            "clients": [client()],
            "currencies": [{"id": 1, "code": "EUR"}, {"id": 2, "code": "KWD"}],
        }
        named = {f"tbl{name}": rows for name, rows in (usual | tables).items()}
        files = write_csv(tmp_path / f"export-{at}", named, TABLES)
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        settings = ImportSettings(
            exported_at=moment, currency="EUR", rates=rates or {}, timezone=ZONE
        )
        return import_files(SOURCES["whmcs"], files, portfolio, settings)

    return _run
