"""A portfolio advised on Apache Spark: the same rows as on one machine.

Spark finds what features are made of, and its workers decide part by part, by the code
that one machine runs; then the budgets that customers share are shared over all parts.
"""

from pathlib import Path
from secrets import token_hex
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from advice.advised import AdvisedParts
from advice.advisor import Advisor
from advice.in_run import REQUESTS_READ, in_run
from advice.parts_run import Named, PartRequest, at_home_in
from advice.portfolio_run import advise_part, metadata
from decisions.case import BudgetUse
from features.batch.spark import ROWS_IN_PART, by_part, on_spark
from features.batch.table import LeafReader
from features.portfolio import Portfolio
from features.snapshots import ScorePlan, latest_moments

_FILE = pa.schema([("first", pa.string()), ("file", pa.string())])


def advise_on_spark(
    advisor: Advisor,
    policy_file: Path,
    portfolio: Portfolio,
    as_of: int | None,
    folder: Path,
    session: Any,  # noqa: ANN401 - a SparkSession, without importing it
    *,
    budget_use: BudgetUse,
    named: Named,
    rows_in_part: int = ROWS_IN_PART,
) -> AdvisedParts:
    """Advice about whom the portfolio asks for, in the order of their ids.

    Args:
        advisor: what is in force.
        policy_file: of its policy; workers read it.
        portfolio: opened on this machine.
        as_of: µs since 1970 UTC; None: the portfolio's snapshots, else its latest.
        folder: for what workers read and write: they must see it under this path.
        session: Spark's.
        budget_use: what depends on other customers; the same for every row.
        named: by customer, notices asked for before; see `QuestionContext`.
        rows_in_part: how many rows of all tables one worker holds at a time, about.

    Raises:
        SettingsDifferError: if the portfolio is another one than the bundles'.
    """
    advisor = at_home_in(advisor, portfolio, as_of)
    for place in ("parts", "bundles", "tables"):
        (folder / place).mkdir(mode=0o700, parents=True, exist_ok=True)
    question = PartRequest.of(
        advisor, policy_file, portfolio, as_of, folder, budget_use
    )

    def decide(part: Portfolio, _: pa.Table, read: LeafReader) -> pa.Table:
        at_home = question.advisor()
        moments = latest_moments(part, question.as_of)
        rows = advise_part(at_home, part, moments, question.budget_use, named, read)
        first, name = part.customer_ids[0], f"spark-{token_hex(8)}.parquet"
        file = question.folder / name  # another one where Spark tries a part again
        pq.write_table(rows, file, compression="zstd")
        return pa.table({"first": [first], "file": [str(file)]}, schema=_FILE)

    there = on_spark(portfolio, session, folder / "tables", rows_in_part)
    sets = [bundle.feature_set for bundle in advisor.bundles.values()]
    asked = _asked(latest_moments(portfolio, as_of))
    parts = by_part(there, asked, sets, decide, _FILE).toArrow()
    files = [Path(file) for file in parts.sort_by("first")["file"].to_pylist()]
    requests = [pq.read_table(file, columns=REQUESTS_READ) for file in files]
    answers = in_run(requests, advisor.policy, budget_use)
    return AdvisedParts(list(zip(files, answers, strict=True)), metadata(advisor))


def _asked(moments: ScorePlan) -> pa.Table:
    """Everyone who may be looked at: who is wanted the workers find out."""
    pairs = [(c, moment) for c, at in moments.by_customer.items() for moment in at]
    columns = {
        "customer_id": pa.array([c for c, _ in pairs], pa.string()),
        "as_of": pa.array([moment for _, moment in pairs], pa.int64()),
    }
    return pa.table(columns)
