"""Make the `lumen` sample: `python make_lumen.py`. Simulated, the same every time."""

import argparse
import hashlib
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from simulation import CALM, simulate

# more fraud than a reseller would survive, so that both targets train on few customers
WORLD = replace(
    CALM,
    name="calm-more-fraud",
    fraud_share_new=(0.09, 0.10),
    fraud_share_at_start=(0.05, 0.0),
    sign_ins_per_month=1.2,
)
CUSTOMERS, MONTHS, SEED = 3_500, 24, 2024
BY_CUSTOMER = [("customer_id", "ascending"), ("event_at", "ascending")]


def compact(source: Path, target: Path) -> None:
    """Sort by customer and compress hard: the same rows in half the bytes."""
    table = pq.read_table(source).sort_by(BY_CUSTOMER)
    pq.write_table(
        table, target, compression="zstd", compression_level=19, store_schema=False
    )
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    print(f"| `{target.name}` | {table.num_rows:,} | `{digest}` |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "lumen")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made = simulate(
            WORLD,
            CUSTOMERS,
            MONTHS,
            SEED,
            Path(folder) / "lumen",
            name="lumen-cloud",
            usage_every="week",
        )
        for source in sorted(made.portfolio.glob("*.parquet")):
            compact(source, out / source.name)
        shutil.copy(made.portfolio / "portfolio.yaml", out / "portfolio.yaml")


if __name__ == "__main__":
    main()
