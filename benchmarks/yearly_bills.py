"""One bill a year: is a plain logistic better? `python -m benchmarks.yearly_bills`.

Simulated worlds whose invoices but those of one month a year are left out, with nothing
but customers, invoices and payments. On non-payment, a logistic regression beside the
starter, a plain one, and the mean of both learn what was known three dates before the
end. Of each candidate: its log-loss × 1000 minus that beside the starter, on the folds
that would choose (with the share of the draws in which it is better there) and on the
last three dates (± a standard error by customer). Below 0 it is better.
"""

import argparse
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.rivals import N_TEST_DATES, SEED
from features.arrays import BoolArray, FloatArray
from features.portfolio import Portfolio
from features.targets import TARGETS
from scoring.additive import AdditiveModel
from scoring.calibration import fit_level
from scoring.intervals import compare_log_loss, customer_blocks
from scoring.metrics import log_losses
from scoring.starter import starter
from simulation import simulate
from training.fitting import PRIOR_RIDGE, predicted
from training.folds import Fold, folds
from training.held_out import calibrated
from training.linear import fit_linear
from training.logistic_rows import logistic_rows
from training.prior import fit_beside, mean_of, moved_starter
from training.rows import Rows
from training.split import split
from training.training_data import gather

WORLDS = ("calm:901", "recession:902", "fraud-wave:903")  # looked at first
OTHERS = ("calm:951", "recession:952", "fraud-wave:953", "calm:954", "recession:955")


def billed_in(customer_id: str) -> int:
    """The month of a customer's bill, 1 to 12."""
    digest = hashlib.md5(customer_id.encode(), usedforsecurity=False)
    return int(digest.hexdigest(), 16) % 12 + 1


def with_yearly_bills(monthly: Path, yearly: Path) -> None:
    """A month by a hash of the customer's id; what applies to a bill goes with it."""
    yearly.mkdir()
    for name in ("portfolio.yaml", "customers.parquet"):
        shutil.copy(monthly / name, yearly)
    invoices = pq.read_table(monthly / "invoices.parquet")
    own = [billed_in(name) for name in invoices["customer_id"].to_pylist()]
    is_own = pc.equal(pc.month(invoices["event_at"]), pa.array(own))
    kept = invoices.filter(is_own)["invoice_id"].combine_chunks()
    is_kept = pc.if_else(
        pc.is_valid(invoices["applies_to"]),
        pc.is_in(invoices["applies_to"], kept),
        is_own,
    )
    pq.write_table(invoices.filter(is_kept), yearly / "invoices.parquet")
    payments = pq.read_table(monthly / "payments.parquet")
    paid = payments.filter(pc.is_in(payments["invoice_id"], kept))
    pq.write_table(paid, yearly / "payments.parquet")


def models(rows: Rows, taught: BoolArray) -> dict[str, AdditiveModel]:
    """The three candidates, of the rows that teach."""
    some = logistic_rows(rows, taught)
    first = moved_starter(starter("nonpayment"), some)
    beside, plain = fit_beside(first, some, PRIOR_RIDGE), fit_linear(some)
    return {"beside": beside, "plain": plain, "mean": mean_of([beside, plain], some)}


def held_out(rows: Rows, parts: Sequence[Fold]) -> dict[str, FloatArray]:
    """(n,) margins by candidate, NaN where a row was in no fold."""
    unseen: dict[str, FloatArray] = {}
    for part in parts:
        for name, model in models(rows, part.train).items():
            margins = unseen.setdefault(name, np.full(len(rows), np.nan))
            margins[part.judged] = predicted(model, rows, part.judged)
    return unseen


def within(some: BoolArray, part: BoolArray) -> BoolArray:
    """A mask over some of the rows as one over all of them."""
    mask = np.zeros(len(some), dtype=np.bool_)
    mask[some] = part
    return mask


def compare(name: str, train: Rows, test: Rows) -> None:
    parts = split(train, SEED)
    taught = parts.train
    blocks = [
        Fold(within(taught, fold.train), within(taught, fold.judged))
        for fold in folds(train[taught], SEED)
    ]
    unseen = held_out(train, [*blocks, Fold(taught, parts.test)])
    everyone = np.ones(len(train), dtype=np.bool_)
    known = ~np.isnan(unseen["beside"]) & ~parts.test
    p_inner = {}
    for candidate, margin in unseen.items():
        before = np.where(parts.test, np.nan, margin)
        p_inner[candidate] = calibrated(train, before).probability(margin[known])
    p_later = {}
    for candidate, model in models(train, everyone).items():
        judged = ~np.isnan(unseen[candidate])
        slope = calibrated(train, unseen[candidate]).slope
        level = fit_level(predicted(model, train, judged), train.label[judged], slope)
        margin = model.margin(test.x, test.feature_set.names)
        p_later[candidate] = level.probability(margin)
    print(f"{name}: {train.n_positives} positives teach, {test.n_positives} judge")
    for candidate in ("plain", "mean"):
        chosen = compare_log_loss(
            train.label[known],
            p_inner[candidate],
            p_inner["beside"],
            customer_blocks(train.customer[known]),
        )
        gap = log_losses(test.label, p_later[candidate])
        gap = 1_000.0 * (gap - log_losses(test.label, p_later["beside"]))
        sums = np.bincount(customer_blocks(test.customer), gap - gap.mean())
        error = float(np.sqrt((sums**2).sum())) / len(gap)
        print(
            f"  {candidate:<6} folds {1_000.0 * chosen.difference:+.1f}"
            f" (better in {chosen.p_a_is_better:.0%}),"
            f" later {gap.mean():+.1f} ± {error:.1f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=700)
    worlds = (*WORLDS, *OTHERS)
    parser.add_argument("--worlds", nargs="+", default=worlds, metavar="WORLD:SEED")
    asked = parser.parse_args()
    for one in asked.worlds:
        world, seed = one.split(":")
        with tempfile.TemporaryDirectory() as scratch:
            monthly, yearly = Path(scratch) / "monthly", Path(scratch) / "yearly"
            simulate(world, asked.customers, 33, int(seed), monthly, usage_every="week")
            with_yearly_bills(monthly, yearly)
            data = gather(Portfolio.open_usable(yearly), TARGETS)
            rows = data.rows["nonpayment"]
        moment = np.unique(rows.as_of)[-N_TEST_DATES]
        compare(one, rows[rows.mature_at <= moment], rows[rows.as_of >= moment])


if __name__ == "__main__":
    main()
