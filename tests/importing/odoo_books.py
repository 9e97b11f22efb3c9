"""Odoo's ledger as `search_read` answers it over JSON-RPC, and imports of it.

Names, types and selections of the fields are checked against `data/odoo_fields.json`;
`false` is nothing, `[id, "name"]` another row.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from tests.importing.tables import Run, facts_of, imports_of_books, write_csv

FIELDS = json.loads(
    (Path(__file__).parent / "data" / "odoo_fields.json").read_text("utf-8")
)
EXPORTED = "2026-06-01"
ACME, CONTACT, PARENT = 10, 11, 12
SALES, BANK, MISC = 1, 2, 3
EUR, KWD = 1, 2
Row = dict[str, object]


class Books:
    """Journal entries and what was matched, checked against the models."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {model: [] for model in FIELDS}
        self._numbers = count(100)
        for id_, kind in ((SALES, "sale"), (BANK, "bank"), (MISC, "general")):
            self.put("account.journal", id=id_, type=kind)
        for id_, code in ((EUR, "EUR"), (KWD, "KWD")):
            self.put("res.currency", id=id_, name=code)
        for id_, owner, is_company in (
            (ACME, ACME, True),
            (CONTACT, ACME, False),
            (PARENT, PARENT, True),
        ):
            self.put(
                "res.partner",
                id=id_,
                commercial_partner_id=[owner, "Somebody"],
                is_company=is_company,
                country_code="BE",
                create_date="2025-01-10 09:00:00",
            )

    def put(self, model: str, **values: object) -> Row:
        """One row; fields that are not said are false, as Odoo answers them."""
        values.setdefault("id", next(self._numbers))
        row: Row = {}
        for name, kind in FIELDS[model].items():
            value = values.pop(name, False)
            if value is not False:
                _check(kind, value)
            elif kind == "Monetary":
                value = 0.0
            row[name] = value
        assert not values
        self.rows[model].append(row)
        return row

    def move(
        self,
        name: str,
        at: str,
        kind: str,
        *amounts: float,
        partner: int | None = ACME,
        journal: int = SALES,
        due: str | tuple[str, ...] = (),
        currency: int = EUR,
        **also: object,
    ) -> list[int]:
        """A posted move; gives the ids of its lines on the receivable account."""
        id_ = next(self._numbers)
        usual = {"state": "posted", "date": at[:10], "create_date": at}
        self.put(
            "account.move",
            id=id_,
            name=name,
            move_type=kind,
            journal_id=[journal, "Journal"],
            **(usual | also),
        )
        days = (due,) if isinstance(due, str) else due
        lines = []
        for nth, amount in enumerate(amounts):
            line = self.put(
                "account.move.line",
                move_id=[id_, name],
                account_type="asset_receivable",
                partner_id=[partner, "Somebody"] if partner else False,
                date_maturity=days[nth] if nth < len(days) else at[:10],
                amount_currency=amount,
                amount_residual_currency=amount,
                currency_id=[currency, "C"],
                create_date=at,
            )
            lines.append(int(str(line["id"])))
        return lines

    def match(
        self,
        debit: int,
        credit: int,
        amount: float,
        at: str,
        taken: float | None = None,
    ) -> None:
        """So much of the debit was taken away, by `taken` of the credit."""
        taken = amount if taken is None else taken
        self.put(
            "account.partial.reconcile",
            debit_move_id=[debit, "D"],
            credit_move_id=[credit, "C"],
            debit_amount_currency=amount,
            credit_amount_currency=taken,
            create_date=at,
        )
        for line in self.rows["account.move.line"]:
            for id_, part in ((debit, -amount), (credit, taken)):
                if line["id"] == id_:
                    rest = Decimal(str(line["amount_residual_currency"]))
                    line["amount_residual_currency"] = float(rest + Decimal(str(part)))

    def undo(self, partial: Row) -> None:
        """Takes a match back, as *Unreconcile* does."""
        self.rows["account.partial.reconcile"].remove(partial)
        for line in self.rows["account.move.line"]:
            for side, sign in (("debit", 1), ("credit", -1)):
                ids = partial[f"{side}_move_id"]
                if isinstance(ids, list) and line["id"] == ids[0]:
                    rest = Decimal(str(line["amount_residual_currency"]))
                    part = Decimal(str(partial[f"{side}_amount_currency"]))
                    line["amount_residual_currency"] = float(rest + sign * part)

    def matched(self) -> set[object]:
        """The ids of lines that something is matched with."""
        partials = self.rows["account.partial.reconcile"]
        sides = [p[f"{s}_move_id"] for p in partials for s in ("debit", "credit")]
        return {side[0] for side in sides if isinstance(side, list)}

    def lines_of(self, move: Row) -> list[object]:
        """The ids of a move's lines."""
        lines = self.rows["account.move.line"]
        return [
            line["id"]
            for line in lines
            if isinstance(line["move_id"], list) and line["move_id"][0] == move["id"]
        ]

    def invoice(self, name: str, at: str, amount: float, **also: object) -> int:
        (line,) = self.move(name, at, "out_invoice", amount, **also)  # type: ignore[arg-type]
        return line

    def payment(self, name: str, at: str, amount: float, **also: object) -> int:
        """A line of a bank statement that was laid on the receivable account."""
        usual = {"journal": BANK, "statement_line_id": [next(self._numbers), "line"]}
        (line,) = self.move(name, at, "entry", -amount, **(usual | also))  # type: ignore[arg-type]
        return line

    def write(self, folder: Path) -> list[Path]:
        """What `search_read` answers, a file for each model."""
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for model, rows in self.rows.items():
            files.append(folder / f"{model}.json")
            answer = {"jsonrpc": "2.0", "id": 1, "result": rows}
            files[-1].write_text(json.dumps(answer), encoding="utf-8")
        return files

    def write_csv(self, folder: Path) -> list[Path]:
        """What `\\copy` of PostgreSQL writes of the same rows."""
        columns = {m.replace(".", "_"): list(fields) for m, fields in FIELDS.items()}
        tables = {
            model.replace(".", "_"): [
                {name: _in_database(FIELDS[model][name], v) for name, v in row.items()}
                for row in rows
            ]
            for model, rows in self.rows.items()
        }
        return write_csv(folder, tables, columns)


def _in_database(kind: object, value: object) -> object:
    if kind == "Boolean":
        return "t" if value else "f"
    if isinstance(value, list):
        return value[0]
    return None if value is False else value


def _check(kind: object, value: object) -> None:
    if isinstance(kind, list):
        assert value in kind
    elif kind == "Many2one":
        assert isinstance(value, list)
        assert len(value) == 2
    elif kind in ("Date", "Datetime"):
        form = "%Y-%m-%d" if kind == "Date" else "%Y-%m-%d %H:%M:%S"
        datetime.strptime(str(value), form).replace(tzinfo=UTC)
    elif kind == "Monetary":
        assert isinstance(value, float | int)


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def run(books: Books, tmp_path: Path) -> Run:
    return imports_of_books("odoo", books.write, tmp_path, EXPORTED)


def facts(portfolio: Path, *names: str, at: str = EXPORTED) -> dict[str, float | None]:
    return facts_of(portfolio, str(ACME), at, *names)
