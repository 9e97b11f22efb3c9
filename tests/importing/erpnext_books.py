"""A ledger of ERPNext, written as ERPNext writes it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from tests.importing.tables import Run, imports_of_books

ACME, EXPORTED = "Acme", "2026-06-01"
FIELDS = json.loads(
    (Path(__file__).parent / "data" / "erpnext_fields.json").read_text("utf-8")
)


Row = dict[str, object]


class Books:
    """Documents and their rows in the ledger, checked against the DocTypes."""

    def __init__(self, currency: str = "EUR") -> None:
        self.documents: dict[str, list[Row]] = {doctype: [] for doctype in FIELDS}
        self.currency = currency
        self._numbers = count(1)

    def put(self, doctype: str, at: str, **values: object) -> Row:
        """One document; `at` is when it was submitted."""
        row: Row = {"creation": f"{at}.000000", "modified": f"{at}.000000"}
        row |= {"docstatus": 1, **values}
        fields = FIELDS[doctype]
        for name, value in values.items():
            kind = fields[name]
            if isinstance(kind, list):
                assert value in kind, name
            elif kind == "Check":
                assert value in (0, 1), name
            elif kind == "Date":
                datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC)
            elif kind == "Currency":
                Decimal(str(value))
        self.documents[doctype].append(row)
        return row

    def ledger(
        self,
        at: str,
        doctype: str,
        name: str,
        against: str,
        amount: float,
        **also: object,
    ) -> Row:
        """One row of the ledger, of a customer where nothing else is said."""
        usual: Row = {
            "delinked": 0,
            "account_currency": self.currency,
            "posting_date": at[:10],
            "account_type": "Receivable",
            "party_type": "Customer",
            "party": ACME,
        }
        return self.put(
            "Payment Ledger Entry",
            at,
            name=f"ple{next(self._numbers)}",
            voucher_type=doctype,
            voucher_no=name,
            against_voucher_no=against,
            amount_in_account_currency=amount,
            **(usual | also),
        )

    def customer(self, name: str = ACME, kind: str = "Company") -> None:
        self.put("Customer", "2025-01-10 09:00:00", name=name, customer_type=kind)

    def invoice(self, name: str, at: str, amount: float, **also: object) -> None:
        party = also.pop("party", ACME)
        usual = {"is_return": 0, "is_pos": 0, "due_date": at[:10]}
        self.put("Sales Invoice", at, name=name, **(usual | also))
        self.ledger(at, "Sales Invoice", name, name, amount, party=party)

    def credit_note(self, name: str, at: str, amount: float, of: str) -> None:
        self.invoice(name, at, -amount, is_return=1, return_against=of)

    def payment(self, name: str, at: str, *against: tuple[str, float]) -> None:
        """Money in; what is against no invoice is against itself."""
        mode = "Wire Transfer"
        self.put("Payment Entry", at, name=name, mode_of_payment=mode)
        for other, amount in against:
            self.ledger(at, "Payment Entry", name, other or name, -amount)

    def journal(
        self, name: str, at: str, kind: str, *against: tuple[str, float], **also: object
    ) -> None:
        """Rows of one customer, with their signs."""
        self.put("Journal Entry", at, name=name, voucher_type=kind, **also)
        for other, amount in against:
            self.ledger(at, "Journal Entry", name, other or name, amount)

    def write(self, folder: Path) -> list[Path]:
        """What GET /api/resource/DOCTYPE?fields=["*"] answers."""
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for doctype, rows in self.documents.items():
            files.append(folder / f"{doctype}.json")
            files[-1].write_text(json.dumps({"data": rows}), encoding="utf-8")
        return files


@pytest.fixture
def books() -> Books:
    made = Books()
    made.customer()
    return made


@pytest.fixture
def run(books: Books, tmp_path: Path) -> Run:
    return imports_of_books("erpnext", books.write, tmp_path, EXPORTED)
