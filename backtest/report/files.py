"""Writing a backtest: report.html for people, Parquet for programs."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from backtest.report.composition import report
from backtest.report.page import html
from backtest.run import Backtest, Lived


def write_report(backtest: Backtest, out: Path) -> tuple[Path, ...]:
    """Write `report.html`, `days`, `decisions` and `guard_rails` as Parquet.

    Returns:
        the files, the report first. Each is whole or not there.
    """
    out.mkdir(parents=True, exist_ok=True)
    lives = [backtest.new] + ([backtest.old] if backtest.old else [])
    tables = {
        "days": pa.concat_tables([_named(lived, lived.days) for lived in lives]),
        "decisions": pa.concat_tables([_named(lived, lived.acts) for lived in lives]),
        "guard_rails": _rails(backtest),
    }
    page = out / "report.html"
    _replace(page, lambda path: path.write_text(html(report(backtest)), "utf-8"))
    written = [page]
    for name, table in tables.items():
        path = out / f"{name}.parquet"
        _replace(path, partial(pq.write_table, table))
        written.append(path)
    return tuple(written)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    unfinished = path.with_name(f".{path.name}.unfinished")
    write(unfinished)
    unfinished.replace(path)


def _named(lived: Lived, table: pa.Table) -> pa.Table:
    """With the policy in front, so that both policies share a file."""
    policy = pa.array([lived.label] * table.num_rows, pa.string())
    return table.add_column(0, "policy", policy)


def _rails(backtest: Backtest) -> pa.Table:
    rows = [
        {"look": k, "guard_rail": p.rail, "price": p.price, "customers": p.changed}
        for k, look in enumerate(backtest.looks)
        for p in look.prices
    ]
    schema = pa.schema(
        [
            ("look", pa.int64()),
            ("guard_rail", pa.string()),
            ("price", pa.float64()),
            ("customers", pa.float64()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)
