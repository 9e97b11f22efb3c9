"""Whatever was matched, undone or cancelled since: what is owed, the ledger says."""

import copy
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importing import SOURCES, ImportSettings, import_files
from tests.importing.odoo_books import ACME, Books
from tests.importing.tables import facts_of

AMOUNTS = st.integers(1, 400).map(lambda quarters: quarters / 4)
DAYS = st.integers(1, 28).map(lambda day: f"2026-03-{day:02} 10:00:00")
MONTH_AFTER = st.integers(1, 28).map(lambda day: f"2026-04-{day:02} 10:00:00")
pytestmark = pytest.mark.slow
FIRST, SECOND = "2026-04-01", "2026-05-01"


@st.composite
def matches(draw: st.DrawFn, books: Books, days: st.SearchStrategy[str]) -> None:
    """Some of what is open laid on some of what is left, as Odoo would allow it."""
    lines = books.rows["account.move.line"]
    posted = {m["id"] for m in books.rows["account.move"] if m["state"] == "posted"}
    for _ in range(draw(st.integers(0, 3))):
        rest = {
            int(str(line["id"])): float(str(line["amount_residual_currency"]))
            for line in lines
            if isinstance(line["move_id"], list) and line["move_id"][0] in posted
        }
        debits = [id_ for id_, amount in rest.items() if amount > 0]
        credits_ = [id_ for id_, amount in rest.items() if amount < 0]
        if not debits or not credits_:
            return
        debit, credit = draw(st.sampled_from(debits)), draw(st.sampled_from(credits_))
        most = min(rest[debit], -rest[credit])
        amount = most if draw(st.booleans()) else draw(AMOUNTS)
        books.match(debit, credit, min(amount, most), draw(days))


@st.composite
def two_exports(draw: st.DrawFn) -> tuple[Books, Books]:
    """The books as they were, and a month later."""
    books = Books()
    books.invoice("INV/a", "2026-02-01 10:00:00", 100)
    books.payment("BNK/a", "2026-02-02 10:00:00", 1)
    for n in range(draw(st.integers(1, 4))):
        books.invoice(f"INV/{n}", draw(DAYS), draw(AMOUNTS))
    for n in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            books.payment(f"BNK/{n}", draw(DAYS), draw(AMOUNTS))
        else:
            books.move(f"RINV/{n}", draw(DAYS), "out_refund", -draw(AMOUNTS))
    draw(matches(books, DAYS))
    first = Books()
    first.rows = copy.deepcopy(books.rows)
    for partial in list(books.rows["account.partial.reconcile"]):
        if draw(st.booleans()):
            books.undo(partial)
    for move in books.rows["account.move"]:
        is_base = str(move["name"]).endswith("/a")
        is_free = not is_base and not any(
            line in books.matched() for line in books.lines_of(move)
        )
        if is_free and draw(st.integers(0, 3)) == 0:
            move["state"] = "cancel"
    if draw(st.booleans()):
        books.payment("BNK/9", draw(MONTH_AFTER), draw(AMOUNTS))
    draw(matches(books, MONTH_AFTER))
    return first, books


@given(made=two_exports())
@settings(max_examples=6, deadline=None)
def test_what_is_owed_is_what_the_ledger_says(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[Books, Books]
) -> None:
    """open - credit is the balance of the receivable account, also a second time."""
    folder = tmp_path_factory.mktemp("books")
    portfolio = folder / "portfolio"
    for at, books in zip((FIRST, SECOND), made, strict=True):
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        options = ImportSettings(exported_at=moment, currency="EUR")
        import_files(SOURCES["odoo"], books.write(folder / at), portfolio, options)
    _, books = made
    posted = {m["id"] for m in books.rows["account.move"] if m["state"] == "posted"}
    balance = sum(
        float(str(line["amount_currency"]))
        for line in books.rows["account.move.line"]
        if isinstance(line["move_id"], list) and line["move_id"][0] in posted
    )

    facts = facts_of(portfolio, str(ACME), SECOND, "open", "credit")
    open_, credit = facts["open"], facts["credit"]
    assert open_ is not None
    assert credit is not None
    assert open_ - credit == balance
