"""What `forbear score` asks about a portfolio, and two ways of having it answered."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.lists import DATABASE
from cli.output import progress, waiting
from cli.reading import is_large

if TYPE_CHECKING:
    from advice.advised import AdvisedParts
    from advice.advisor import Advisor
    from advice.lists.memory import Named
    from advice.parts_run import RunLimits
    from decisions.case import BudgetUse
    from features.portfolio import Portfolio


@dataclass(frozen=True, slots=True)
class ScoreQuestion:
    """One run over a portfolio.

    Args:
        advisor: what is in force.
        policy: file of its policy; other processes read it.
        read: the portfolio.
        as_of: µs since 1970 UTC; None: the portfolio's snapshots, else its latest.
        folder: where parts are kept.
        budget_use: what depends on other customers; the same for every row.
        named: by customer, notices that lists before this one asked for.
    """

    advisor: "Advisor"
    policy: Path
    read: "Portfolio"
    as_of: int | None
    folder: Path
    budget_use: "BudgetUse"
    named: "Named"

    def answered(
        self, engine: str, spark_master: str | None, limits: "RunLimits"
    ) -> "AdvisedParts":
        """By `spark`, or by this machine."""
        if engine == "spark":
            return self._answered_on_spark(spark_master)
        return self._answered_here(limits)

    def _answered_here(self, limits: "RunLimits") -> "AdvisedParts":
        """By this machine, part by part."""
        from advice.parts_run import advise_in_parts

        with progress("scoring", "score") as tell:
            return advise_in_parts(
                self.advisor,
                self.policy,
                self.read,
                self.as_of,
                self.folder,
                limits,
                budget_use=self.budget_use,
                named=self.named,
                tell=tell,
            )

    def _answered_on_spark(self, master: str | None) -> "AdvisedParts":
        """By Spark: `master` or what the environment says."""
        from advice.spark_run import advise_on_spark
        from features.batch.spark_session import spark_session

        with waiting("scoring on Spark", "score"), spark_session(master) as session:
            return advise_on_spark(
                self.advisor,
                self.policy,
                self.read,
                self.as_of,
                self.folder,
                session,
                budget_use=self.budget_use,
                named=self.named,
            )


def read_for_run(
    portfolio: Path, limits: "RunLimits", folder: Path, read_at: int
) -> "Portfolio":
    """A large portfolio into a file under `folder`, that parts are taken from."""
    from features.portfolio import Portfolio

    file = folder / DATABASE
    file.unlink(missing_ok=True)
    duck = limits.duck(file if is_large(portfolio) else None)
    with waiting("reading the portfolio", "score"):
        return Portfolio.open_usable(portfolio, duck, read_at)
