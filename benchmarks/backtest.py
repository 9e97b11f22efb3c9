"""CPU and peak memory of `forbear policy simulate`, beside another commit.

A portfolio of 24 months is simulated, one of 3,000 customers trains the models. The
shipped policy decides every day of the last `--days` that were observed. Both commits
are asked the same, one after the other, and must decide the same.

    python -m benchmarks.backtest [--customers 2000] [--days 180] [--base COMMIT]
"""

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import yaml

from benchmarks.portfolio import ROOT, Cost, checked_out, cost_of, forbear, prepared

POLICY = "decisions/policies/reseller-default.yaml"


def main() -> None:
    """Measure one backtest, and the same by another commit where one is named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--trained-on", type=int, default=3_000, help="0: the starter")
    parser.add_argument("--base")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = prepared(folder, [given.customers], given.trained_on)
        portfolio = folder / f"{given.customers}-2"
        ours = _simulated(ROOT, portfolio, home, given.days, folder / "here")
        _show("here", ours)
        if given.base is None:
            return
        with checked_out(given.base, folder) as base:
            theirs = _simulated(base, portfolio, home, given.days, folder / "there")
        _show(given.base, theirs)
        print(f"{'':12} CPU {ours.cpu_s / theirs.cpu_s:.2f} x its")
        print(f"{'':12} {_differing(folder)} decisions differ")


def _simulated(root: Path, portfolio: Path, home: Path, n_days: int, out: Path) -> Cost:
    last = last_day(portfolio)
    words = (
        *("--policy", str(root / POLICY), "--out", str(out)),
        *("--from", f"{last - timedelta(days=n_days - 1)}", "--to", f"{last}"),
    )
    command = forbear("policy", "simulate", str(portfolio), *words)
    return cost_of(command, root, home)


def last_day(portfolio: Path) -> date:
    """The last whole day that the portfolio observes, where it is."""
    settings = yaml.safe_load((portfolio / "portfolio.yaml").read_text())
    zone = ZoneInfo(settings["timezone"])
    until = settings["observed_until"].astimezone(zone)
    return date(until.year, until.month, until.day) - timedelta(days=1)


def _differing(folder: Path) -> int:
    connection = duckdb.connect()
    here, there = (folder / name / "decisions.parquet" for name in ("here", "there"))
    both = f"SELECT * FROM '{here}' {{}} SELECT * FROM '{there}'"  # noqa: S608
    (union,), (common,) = (
        connection.execute(f"SELECT count(*) FROM ({both.format(word)})").fetchall()[0]  # noqa: S608
        for word in ("UNION", "INTERSECT")
    )
    return int(union - common)


def _show(name: str, cost: Cost) -> None:
    print(f"{name:12} {cost.cpu_s:7.1f} s of CPU, {cost.peak_mb:6,.0f} MB at the peak")


if __name__ == "__main__":
    main()
