"""What Odoo's ledger becomes; rows as `search_read` answers them over JSON-RPC.

Names, types and selections of the fields are checked against `data/odoo_fields.json`;
docs/importing.md says what was read. `false` is nothing, `[id, "name"]` another row.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.errors import NothingToImportError, UnreadableFileError
from tests.importing.conftest import FirstActions
from tests.importing.tables import facts_of, rows_of, write_csv

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
def portfolio(tmp_path: Path) -> Path:
    return tmp_path / "portfolio"


Run = Callable[..., ImportReport]


@pytest.fixture
def run(books: Books, tmp_path: Path, portfolio: Path) -> Run:
    def _run(at: str = EXPORTED, timezone: str = "UTC") -> ImportReport:
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        settings = ImportSettings(exported_at=moment, currency="EUR", timezone=timezone)
        files = books.write(tmp_path / f"export-{at}")
        return import_files(SOURCES["odoo"], files, portfolio, settings)

    return _run


def facts(portfolio: Path, *names: str, at: str = EXPORTED) -> dict[str, float | None]:
    return facts_of(portfolio, str(ACME), at, *names)


def test_a_payment_pays_what_it_was_matched_with(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    second = books.invoice("INV/2", "2026-03-10 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-20 10:00:00", 60)
    books.match(second, paid, 50, "2026-03-20 10:00:00")
    run()

    rows = {r["payment_id"]: r["invoice_id"] for r in rows_of(portfolio, "payments")}
    assert rows == {"BNK/1 > INV/2": "INV/2", "BNK/1": None}
    assert facts(portfolio, "open") == {"open": 140}


def test_money_before_the_invoice_is_credit_until_they_are_matched(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("INV/0", "2026-02-01 10:00:00", 1)
    paid = books.payment("BNK/1", "2026-03-01 10:00:00", 100)
    run("2026-03-02")
    bill = books.invoice("INV/1", "2026-03-10 10:00:00", 99)
    books.match(bill, paid, 99, "2026-03-20 10:00:00")
    run()

    days = ("2026-03-05", "2026-03-15", EXPORTED)
    known = [facts(portfolio, "open", "credit", at=day) for day in days]
    assert known == [
        {"open": 0, "credit": 99},
        {"open": 0, "credit": 0},
        {"open": 0, "credit": 0},
    ]


def test_a_match_that_is_undone_is_taken_back(
    books: Books, run: Run, portfolio: Path
) -> None:
    first = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    second = books.invoice("INV/2", "2026-03-02 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-20 10:00:00", 100)
    books.match(first, paid, 100, "2026-03-20 10:00:00")
    run("2026-04-01")
    books.rows["account.partial.reconcile"].clear()
    books.match(second, paid, 100, "2026-04-10 10:00:00")
    run()

    assert facts(portfolio, "open") == {"open": 100}
    latest = {r["payment_id"]: r["retracted"] for r in rows_of(portfolio, "payments")}
    assert (latest["BNK/1 > INV/1"], latest["BNK/1 > INV/2"]) == (True, None)


def test_a_match_undone_and_made_anew_is_not_the_state_between(
    books: Books, run: Run, portfolio: Path
) -> None:
    """The rest of the payment was 100 and 70 before, and is 70 again: not 100."""
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 50)
    paid = books.payment("BNK/1", "2026-03-20 10:00:00", 100)
    books.match(bill, paid, 30, "2026-03-20 10:00:00")
    run("2026-04-01")
    books.undo(books.rows["account.partial.reconcile"][0])
    books.match(bill, paid, 30, "2026-04-10 10:00:00")
    run()

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 50}


def test_an_invoice_in_instalments_is_due_in_parts(
    books: Books, run: Run, portfolio: Path
) -> None:
    lines = books.move(
        "INV/1",
        "2026-03-01 10:00:00",
        "out_invoice",
        30,
        70,
        due=("2026-03-31", "2026-05-31"),
    )
    paid = books.payment("BNK/1", "2026-03-20 10:00:00", 30)
    books.match(lines[0], paid, 30, "2026-03-20 10:00:00")
    run()

    known = facts(portfolio, "open", "days_overdue", at="2026-05-30")
    assert known == {"open": 70, "days_overdue": 0}


def test_a_credit_note_reduces_what_it_reverses_and_its_refund_opens_nothing(
    books: Books, run: Run, portfolio: Path
) -> None:
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-02 10:00:00", 100)
    books.match(bill, paid, 100, "2026-03-02 10:00:00")
    move = next(m["id"] for m in books.rows["account.move"] if m["name"] == "INV/1")
    (note,) = books.move(
        "RINV/1",
        "2026-03-05 10:00:00",
        "out_refund",
        -40,
        reversed_entry_id=[move, "INV/1"],
    )
    (back,) = books.move("BNK/2", "2026-03-06 10:00:00", "entry", 40, journal=BANK)
    books.match(back, note, 40, "2026-03-06 10:00:00")
    run()

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}
    credited = [r for r in rows_of(portfolio, "invoices") if r["kind"] == "credit_note"]
    assert [(c["invoice_id"], c["applies_to"]) for c in credited] == [
        ("RINV/1", "INV/1")
    ]


def test_a_payment_that_was_reversed_and_made_anew_pays_once(
    books: Books, run: Run, portfolio: Path
) -> None:
    """Its reversal, and the reversal of that; each was matched with the last."""
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-10 10:00:00", 100)
    books.match(bill, paid, 100, "2026-03-10 10:00:00")
    run("2026-03-15")
    books.rows["account.partial.reconcile"].clear()
    first = next(m for m in books.rows["account.move"] if m["name"] == "BNK/1")
    (back,) = books.move(
        "BNK/2",
        "2026-03-20 10:00:00",
        "entry",
        100,
        journal=BANK,
        reversed_entry_id=[first["id"], "BNK/1"],
    )
    books.match(back, paid, 100, "2026-03-20 10:00:00")
    run("2026-04-01")
    assert facts(portfolio, "open", at="2026-04-01") == {"open": 100}
    second = next(m for m in books.rows["account.move"] if m["name"] == "BNK/2")
    again = books.payment(
        "BNK/3", "2026-04-10 10:00:00", 100, reversed_entry_id=[second["id"], "BNK/2"]
    )
    books.match(bill, again, 100, "2026-04-10 10:00:00")
    run()

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}


def test_a_contact_owes_as_its_company_and_a_parent_may_pay(
    books: Books, run: Run, portfolio: Path
) -> None:
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100, partner=CONTACT)
    paid = books.payment("BNK/1", "2026-03-10 10:00:00", 150, partner=PARENT)
    books.match(bill, paid, 100, "2026-03-10 10:00:00")
    run()

    parts = {
        r["payment_id"]: (r["customer_id"], r["paid_by"])
        for r in rows_of(portfolio, "payments")
    }
    assert parts == {
        "BNK/1 > INV/1": (str(ACME), str(PARENT)),
        "BNK/1": (str(PARENT), None),
    }
    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}


def test_a_payment_in_another_currency_closes_what_odoo_says(
    books: Books, run: Run, portfolio: Path
) -> None:
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 10.005, currency=KWD)
    paid = books.payment("BNK/1", "2026-03-10 10:00:00", 30)
    books.match(bill, paid, 10.005, "2026-03-10 10:00:00", taken=28.5)
    report = run()

    rows = {
        r["payment_id"]: (r["amount"], r["currency"])
        for r in rows_of(portfolio, "payments")
    }
    assert rows == {
        "BNK/1 > INV/1": (Decimal("10.005"), "KWD"),
        "BNK/1": (Decimal("1.5"), "EUR"),
    }
    assert all(s.agrees for s in report.sums)


def test_a_payment_under_way_is_in_flight_until_it_is_not(
    books: Books, run: Run, portfolio: Path
) -> None:
    bill = books.invoice("INV/1", "2026-05-01 10:00:00", 100)
    under_way = books.put(
        "account.payment",
        payment_type="inbound",
        partner_type="customer",
        partner_id=[ACME, "Acme"],
        amount=100,
        currency_id=[EUR, "EUR"],
        state="in_process",
        payment_method_code="sdd",
        create_date="2026-05-30 08:00:00",
    )
    run("2026-05-31")
    known = facts(portfolio, "open", "in_flight", at="2026-05-31")
    assert known == {"open": 100, "in_flight": 100}
    under_way["state"] = "rejected"
    books.match(
        bill,
        books.payment("BNK/1", "2026-05-31 10:00:00", 1),
        1,
        EXPORTED + " 00:00:00",
    )
    run()

    assert facts(portfolio, "open", "in_flight") == {"open": 99, "in_flight": 0}


def test_what_is_no_longer_posted_never_was(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    books.invoice("INV/2", "2026-03-01 10:00:00", 7)
    books.payment("BNK/1", "2026-03-02 10:00:00", 1)
    run("2026-04-01")
    books.rows["account.move"][0]["state"] = "cancel"
    report = run()

    assert facts(portfolio, "open") == {"open": 6}
    assert any(n.text == "moves in draft or cancelled" for n in report.notes)


def test_journal_entries_reduce_and_raise_what_is_owed_and_are_named(
    books: Books, run: Run, portfolio: Path
) -> None:
    """A write-off looks like any other entry: it is a credit note, and said so."""
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    (gone,) = books.move("MISC/1", "2026-04-01 10:00:00", "entry", -30, journal=MISC)
    books.match(bill, gone, 30, "2026-04-01 10:00:00")
    books.move("MISC/2", "2026-04-02 10:00:00", "entry", 5, journal=MISC)
    books.payment("BNK/1", "2026-05-02 10:00:00", 1)
    report = run()

    assert facts(portfolio, "open") == {"open": 74}
    texts = [n.text for n in report.notes if n.kind == "assumed"]
    assert any("also a write-off" in text for text in texts)
    assert any("debts of their own" in text for text in texts)


def test_moments_are_utc_and_days_are_the_portfolios(
    books: Books, run: Run, portfolio: Path
) -> None:
    """Brussels sprang forward on the 29th; made on the 30th, dated the 27th."""
    books.invoice(
        "INV/1",
        "2026-03-30 10:00:00",
        9,
        due="2026-03-29",
        date="2026-03-27",
    )
    run(timezone="Europe/Brussels")

    (bill,) = rows_of(portfolio, "invoices")
    assert bill["known_at"] == datetime(2026, 3, 30, 10, tzinfo=UTC)
    assert bill["event_at"] == datetime(2026, 3, 27, 22, 59, 59, 999_999, tzinfo=UTC)
    assert bill["due_at"] == datetime(2026, 3, 29, 21, 59, 59, 999_999, tzinfo=UTC)


def test_the_database_says_what_the_api_says(
    books: Books, run: Run, tmp_path: Path, portfolio: Path
) -> None:
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100, partner=CONTACT)
    paid = books.payment("BNK/1", "2026-03-10 10:00:00", 150, partner=PARENT)
    books.match(bill, paid, 100, "2026-03-10 10:00:00")
    run()
    files = books.write_csv(tmp_path / "database")
    other = tmp_path / "other"
    settings = ImportSettings(
        exported_at=datetime(2026, 6, 1, tzinfo=UTC), currency="EUR"
    )
    import_files(SOURCES["odoo"], files, other, settings)

    for table in ("customers", "invoices", "payments"):
        assert rows_of(other, table) == rows_of(portfolio, table)


def test_huge_amounts_keep_their_cents(books: Books, run: Run, portfolio: Path) -> None:
    books.invoice("INV/1", "2026-03-01 10:00:00", 9_999_999_999.99)
    run()
    assert rows_of(portfolio, "invoices")[0]["amount"] == Decimal("9999999999.99")


def test_the_same_export_again_adds_nothing(books: Books, run: Run) -> None:
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-10 10:00:00", 150)
    books.match(bill, paid, 100, "2026-03-12 10:00:00")
    run()
    assert not [t for t in run("2026-06-02").tables if t.n_new]


def test_what_is_of_nobody_or_means_nothing_is_left_out_and_named(
    books: Books, run: Run
) -> None:
    books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    books.move("MISC/1", "2026-03-01 10:00:00", "entry", 5, partner=None)
    books.invoice("INV/2", "2026-03-01 10:00:00", 9)
    books.rows["account.move"][-1]["state"] = "frozen"
    report = run()

    (unknown,) = report.unknown_values
    assert (unknown.file, unknown.row, unknown.value) == (
        "account.move.json",
        3,
        "frozen",
    )
    assert any("of no partner" in n.text for n in report.notes)


def test_a_table_without_which_nobody_knows_who_owes_is_asked_for(
    books: Books, tmp_path: Path, portfolio: Path
) -> None:
    files = [f for f in books.write(tmp_path) if "partial" not in f.name]
    with pytest.raises(NothingToImportError, match="account_partial_reconcile"):
        import_files(SOURCES["odoo"], files, portfolio, ImportSettings())


def test_an_answer_without_the_fields_is_refused(
    tmp_path: Path, portfolio: Path
) -> None:
    file = tmp_path / "account.move.line.json"
    file.write_text('{"result": [{"id": 1, "move_id": [1, "INV/1"]}]}', "utf-8")
    with pytest.raises(UnreadableFileError, match="account_type"):
        import_files(SOURCES["odoo"], [file], portfolio, ImportSettings())


def test_from_the_ledger_to_a_first_list_of_actions(
    books: Books, first_actions: FirstActions, tmp_path: Path
) -> None:
    books.invoice("INV/1", "2026-01-01 10:00:00", 100)
    bill = books.invoice("INV/2", "2026-04-01 10:00:00", 100, partner=PARENT)
    paid = books.payment("BNK/1", "2026-04-02 10:00:00", 100, partner=PARENT)
    books.match(bill, paid, 100, "2026-04-02 10:00:00")
    files = books.write(tmp_path / "export")
    day = first_actions("odoo", files, EXPORTED, str(ACME))

    assert day.actions[str(PARENT)] == "none"
    assert day.actions[str(ACME)] in ("remind", "review")
    assert "100" in day.explained


def test_rows_of_pages_that_overlap_count_once(
    books: Books, tmp_path: Path, portfolio: Path
) -> None:
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-10 10:00:00", 60)
    books.match(bill, paid, 60, "2026-03-10 10:00:00")
    files = books.write(tmp_path / "export")
    pages = [file.with_name(f"{file.stem}-2{file.suffix}") for file in files]
    for file, page in zip(files, pages, strict=True):
        page.write_bytes(file.read_bytes())
    options = ImportSettings(currency="EUR")
    report = import_files(SOURCES["odoo"], [*files, *pages], portfolio, options)

    assert facts(portfolio, "open", "credit") == {"open": 40, "credit": 0}
    assert any("more than once" in note.text for note in report.notes)


@pytest.mark.parametrize("is_reversed", [False, True], ids=["refund", "reversal"])
def test_what_goes_back_is_of_the_part_that_stands(
    books: Books, run: Run, portfolio: Path, is_reversed: bool
) -> None:
    """The rest of a payment that was matched is nothing and gives nothing back."""
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-02 10:00:00", 100)
    books.match(bill, paid, 100, "2026-03-05 10:00:00")
    move = next(m["id"] for m in books.rows["account.move"] if m["name"] == "BNK/1")
    also = {"reversed_entry_id": [move, "BNK/1"]} if is_reversed else {}
    books.move("BNK/2", "2026-03-12 10:00:00", "entry", 100, journal=BANK, **also)  # type: ignore[arg-type]
    run()

    parts = {
        row["payment_id"]
        for row in rows_of(portfolio, "payments")
        if row["status"] in ("refunded", "returned")
    }
    assert parts == {"BNK/1 > INV/1"}


def refunds(portfolio: Path) -> list[tuple[str, str, float]]:
    return sorted(
        (str(row["refund_id"]), str(row["payment_id"]), float(str(row["amount"])))
        for row in rows_of(portfolio, "payments")
        if row["status"] == "refunded"
    )


def test_a_refund_of_more_than_one_payment_is_of_several(
    books: Books, run: Run, portfolio: Path
) -> None:
    for n, amount in enumerate((50, 40, 30), 1):
        books.payment(f"BNK/{n}", f"2026-03-0{n} 10:00:00", amount)
    for n, amount in ((8, 100), (9, 25)):
        books.move(f"BNK/{n}", f"2026-03-1{n} 10:00:00", "entry", amount, journal=BANK)
    report = run()

    assert refunds(portfolio) == [
        ("BNK/8", "BNK/1", 30),
        ("BNK/8", "BNK/2", 40),
        ("BNK/8", "BNK/3", 30),
        ("BNK/9", "BNK/1", 20),
    ]
    beyond = next(note for note in report.notes if "more than was paid" in note.text)
    assert (beyond.kind, beyond.n) == ("left out", 1)
    left_out = {s.what: float(s.left_out) for s in report.sums}
    assert left_out == {"receivable": 5}


def test_a_refund_is_not_of_a_payment_that_bounced_before(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.payment("BNK/1", "2026-03-01 10:00:00", 100)
    bounced = books.payment("BNK/2", "2026-03-02 10:00:00", 100)
    move = next(m["id"] for m in books.rows["account.move"] if m["name"] == "BNK/2")
    (back,) = books.move(
        "BNK/3",
        "2026-03-05 10:00:00",
        "entry",
        100,
        journal=BANK,
        reversed_entry_id=[move, "BNK/2"],
    )
    books.match(back, bounced, 100, "2026-03-05 10:00:00")
    books.move("BNK/4", "2026-03-10 10:00:00", "entry", 100, journal=BANK)
    run()

    assert refunds(portfolio) == [("BNK/4", "BNK/1", 100)]
    assert facts(portfolio, "credit") == {"credit": 0}


def test_a_refund_takes_first_what_it_was_matched_with(
    books: Books, run: Run, portfolio: Path
) -> None:
    first = books.payment("BNK/1", "2026-03-01 10:00:00", 50)
    books.payment("BNK/2", "2026-03-02 10:00:00", 40)
    books.move("BNK/8", "2026-03-18 10:00:00", "entry", 60, journal=BANK)
    (out,) = books.move("BNK/9", "2026-03-19 10:00:00", "entry", 30, journal=BANK)
    books.match(out, first, 30, "2026-03-19 10:00:00")
    run()

    assert refunds(portfolio) == [
        ("BNK/8", "BNK/1", 20),
        ("BNK/8", "BNK/2", 40),
        ("BNK/9 > BNK/1", "BNK/1", 30),
    ]
