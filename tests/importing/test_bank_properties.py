"""Whatever a statement says: no money is lost, and saying it twice changes nothing."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.importing.bank_files import (
    Entry,
    import_texts,
    iso,
    payments,
    write_billed_payment,
    write_portfolio,
)

TEXTS = st.sampled_from(
    ["INV-2026-0001", "4711", "INV-2026-0001 INV-2026-0002", "INV-2026-0001 4711", "?"]
)
ENTRIES = st.builds(
    Entry,
    amount=st.sampled_from(["50", "100", "120", "150", "220", "0.01"]),
    direction=st.sampled_from(["CRDT", "DBIT"]),
    day=st.sampled_from(["2026-02-03", "2026-02-04", "2026-02-05"]),
    is_reversal=st.booleans(),
    status=st.sampled_from(["BOOK", "BOOK", "PDNG", "INFO"]),
    text=TEXTS,
    end_to_end=st.sampled_from(["", "INV-2026-0002"]),
    currency=st.sampled_from(["EUR", "EUR", "USD"]),
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    first=st.lists(ENTRIES, max_size=8),
    second=st.lists(ENTRIES, max_size=8),
    is_billed=st.booleans(),
)
def test_no_money_is_lost_and_twice_is_once(
    first: list[Entry], second: list[Entry], is_billed: bool
) -> None:
    """Sums that differ end the import, so that it ends well says that they agree."""
    with tempfile.TemporaryDirectory() as folder:
        portfolio = write_portfolio(Path(folder) / "portfolio")
        if is_billed:
            write_billed_payment(portfolio)
        for entries in (first, second):
            text = iso("camt.053.001.08", *entries, opening="0")
            import_texts(portfolio, text)
            again = import_texts(portfolio, text)
            assert again.tables[0].n_new == 0
        rows = payments(portfolio)
        keys = [(r["payment_id"], r["status"], r["refund_id"]) for r in rows]
        taken_back = [r for r in rows if r["retracted"]]
        assert len(keys) - len(set(keys)) <= len(taken_back)
