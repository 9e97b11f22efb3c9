"""Writing a backtest: report.html for people, Parquet for programs."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from backtest.outcome import Backtest, PolicyOutcome
from backtest.report.composition import report
from wording.templates import render

_SHORT = 14  # a cell of so few characters stays on one line


def write_report(backtest: Backtest, out: Path) -> tuple[Path, ...]:
    """Write `report.html`, `days`, `decisions` and `guard_rails` as Parquet.

    Returns:
        the files, the report first. Each is whole or not there.
    """
    out.mkdir(parents=True, exist_ok=True)
    tables = {
        "days": pa.concat_tables(
            [_with_policy(each, each.daily_report) for each in backtest.outcomes]
        ),
        "decisions": pa.concat_tables(
            [_with_policy(each, each.executed_actions) for each in backtest.outcomes]
        ),
        "guard_rails": _guardrails(backtest),
    }
    page = out / "report.html"
    _replace(page, lambda path: path.write_text(_page(backtest), "utf-8"))
    written = [page]
    for name, table in tables.items():
        path = out / f"{name}.parquet"
        _replace(path, partial(pq.write_table, table))
        written.append(path)
    return tuple(written)


def _page(backtest: Backtest) -> str:
    """One file without scripts, in the style of the published policy."""
    page = report(backtest)
    return render("report.html", "backtest", page=page, cell_class=_cell_class)


def _cell_class(cell: str) -> str | None:
    """Numbers are set flush right; short cells stay on one line."""
    if _is_number(cell):
        return "number"
    return "short" if len(cell) <= _SHORT else None


def _is_number(cell: str) -> bool:
    plain = cell.replace(",", "").replace("%", "").replace("−", "-").strip()
    try:
        float(plain)
    except ValueError:
        return False
    return True


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    unfinished = path.with_name(f".{path.name}.unfinished")
    write(unfinished)
    unfinished.replace(path)


def _with_policy(outcome: PolicyOutcome, table: pa.Table) -> pa.Table:
    """With the policy as first column, so that both policies share a file."""
    policy = pa.array([outcome.label] * table.num_rows, pa.string())
    return table.add_column(0, "policy", policy)


def _guardrails(backtest: Backtest) -> pa.Table:
    rows = [
        {
            "look": index,
            "guard_rail": line.guardrail,
            "price": line.cost,
            "customers": line.n_changed,
        }
        for index, day in enumerate(backtest.day_costs)
        for line in day.guardrails
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
