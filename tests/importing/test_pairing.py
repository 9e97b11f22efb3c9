"""SQL pairs one payment with one other as Python pairs many."""

import duckdb
import pytest

from importing.pairing import WINDOW_S, make_pairing, paired, partners


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ([0.0], [float(WINDOW_S)]),
        ([0.0], [WINDOW_S + 1.0]),
        ([0.0, 86_400.0], [86_400.0]),
        ([5.0], [0.0, 5.0, 9.0]),
    ],
)
def test_sql_pairs_as_python_does(ours: list[float], theirs: list[float]) -> None:
    with duckdb.connect() as connection:
        make_pairing(connection)
        row = connection.execute(
            "SELECT paired($1, $2), partners($1, $2)", [ours, theirs]
        ).fetchone()

    assert row == (paired(ours, theirs), partners(ours, theirs))
