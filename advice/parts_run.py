"""A portfolio advised in parts of its customers, shared out among processes.

Each part is decided apart and written to a file; then the budgets that customers share
are shared over all parts (`advice.in_run`). So memory depends on the size of a part,
and the answers are those of one piece, bit for bit. The file of a part is named after
everything that its rows depend on: a run that was interrupted finds what it had done.
"""

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from advice.advised import AdvisedParts
from advice.advisor import Advisor
from advice.code_version import code_version
from advice.in_run import REQUESTS_READ, in_run
from advice.knowledge import require_same
from advice.portfolio_run import advise_part, metadata
from advice.starting import at_home
from decisions.case import BudgetUse
from decisions.policy_file.load import load_policy
from features.batch.looked_into import begins_of
from features.collector import rarely_collected
from features.portfolio import Portfolio
from features.reading.duck_settings import DuckSettings
from features.reading.parts import CustomerPart
from features.settings import PortfolioSettings
from features.snapshots import latest_moments, latest_snapshots
from scoring.bundle import Bundle

_OF_PARENT_MB = 480  # what reads the portfolio and puts the answers together
_OF_TABLES_MB = 50  # of it, what it keeps of the tables while others read them
_OF_CUSTOMER_BYTES = 140  # of it besides: a name, and what is asked of the budgets
_OF_PROCESS_MB = 350  # of each process before it holds a row
_ROW_BYTES = 350  # of a customer's row while its part is worked on
_MOST_ROWS = 2_500_000  # larger parts are hardly faster

Named = Mapping[str, Mapping[str, datetime]]
Tell = Callable[[int, int], None]  # customers done, of how many


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What a run may use: megabytes for all its processes together, and how many.

    Of the customers, `n_customers`, the first process holds names and requests.
    """

    memory_mb: int = 2_000
    workers: int = 1
    n_customers: int = 0

    @property
    def _of_parts_mb(self) -> int:
        """What is left for the processes that work on parts."""
        names_mb = self.n_customers * _OF_CUSTOMER_BYTES // 1_000_000
        return self.memory_mb - _OF_PARENT_MB - names_mb

    @property
    def n_processes(self) -> int:
        """As many as asked for, and as the memory has room for."""
        most = self._of_parts_mb // (_OF_PROCESS_MB + 150)
        return max(1, min(self.workers, most))

    @property
    def rows_in_part(self) -> int:
        """How many rows of all tables a process may hold at once."""
        each = self._of_parts_mb // self.n_processes - _OF_PROCESS_MB
        return min(_MOST_ROWS, max(each, 100) * 1_000_000 // _ROW_BYTES)

    def duck(self, file: Path | None) -> DuckSettings:
        """Where a portfolio is read to."""
        return DuckSettings(self.memory_mb // 4, file)


@dataclass(frozen=True, slots=True)
class PartRequest:
    """What is asked about every customer; a process can be given it.

    Args:
        folder: where parts are written.
        portfolio: detached, see `Portfolio.detached`.
        bundles: by target the folder of the bundle.
        policy: file of the policy.
        settings: of the advisor.
        as_of: µs since 1970 UTC; None: the portfolio's snapshots, else its latest.
        budget_use: the same for every row.
        duck: of the copy of a part.
    """

    folder: Path
    portfolio: Portfolio
    bundles: Mapping[str, Path]
    policy: Path
    settings: PortfolioSettings
    as_of: int | None
    budget_use: BudgetUse
    duck: DuckSettings

    @classmethod
    def of(
        cls,
        advisor: Advisor,
        policy_file: Path,
        portfolio: Portfolio,
        as_of: int | None,
        folder: Path,
        budget_use: BudgetUse,
    ) -> "PartRequest":
        """What other processes are given; bundles are written for them to `folder`."""
        bundles = advisor.bundles.items()
        return cls(
            folder=folder / "parts",
            portfolio=portfolio.detached(),
            bundles={t: bundle.save(folder / "bundles") for t, bundle in bundles},
            policy=policy_file,
            settings=advisor.settings,
            as_of=as_of,
            budget_use=budget_use,
            duck=replace(portfolio.duck, threads=1),
        )

    def advisor(self) -> Advisor:
        """The advisor, made anew from its files."""
        loaded = {target: Bundle.load(place) for target, place in self.bundles.items()}
        return Advisor(loaded, load_policy(self.policy), self.settings)


def advise_in_parts(
    advisor: Advisor,
    policy_file: Path,
    portfolio: Portfolio,
    as_of: int | None,
    folder: Path,
    limits: RunLimits,
    *,
    budget_use: BudgetUse,
    named: Named,
    tell: Tell = lambda _done, _total: None,
) -> AdvisedParts:
    """Advice about whom the portfolio asks for, in the order of their ids.

    Args:
        advisor: what is in force.
        policy_file: of its policy; other processes read it.
        portfolio: read into a file (`RunLimits.duck`), else it is one part.
        as_of: µs since 1970 UTC; None: the portfolio's snapshots, else its latest.
        folder: where parts are kept; the answer reads them.
        limits: memory and processes.
        budget_use: what depends on other customers; the same for every row.
        named: by customer, notices asked for before; see `QuestionContext`.
        tell: is told how many customers are done.

    Raises:
        SettingsDifferError: if the portfolio is another one than the bundles'.
    """
    advisor = at_home_in(advisor, portfolio, as_of)
    for place in ("parts", "bundles"):
        (folder / place).mkdir(mode=0o700, parents=True, exist_ok=True)
    question = PartRequest.of(
        advisor, policy_file, portfolio, as_of, folder, budget_use
    )
    limits = replace(limits, n_customers=len(portfolio.customer_ids))
    parts = portfolio.parts(limits.rows_in_part)
    asked = [(part, _of(named, part)) for part in parts]
    if len(parts) == 1 or limits.n_processes == 1:
        files = list(_here(question, portfolio, advisor, asked, tell))
    else:
        with portfolio.held_to(_OF_TABLES_MB):
            files = _shared_out(question, asked, limits.n_processes, tell)
    requests = [pq.read_table(file, columns=REQUESTS_READ) for file in files]
    answers = in_run(requests, advisor.policy, budget_use)
    return AdvisedParts(list(zip(files, answers, strict=True)), metadata(advisor))


def at_home_in(advisor: Advisor, portfolio: Portfolio, as_of: int | None) -> Advisor:
    """The advisor at home in a portfolio, for all that is asked about it.

    Raises:
        SettingsDifferError: if the portfolio is another one than the bundles'.
    """
    advisor = at_home(advisor, portfolio, _earliest(advisor, portfolio, as_of))
    # before other processes, of which nobody would read what they refuse
    require_same("the bundles", advisor.settings, "the portfolio", portfolio.settings)
    return advisor


def _earliest(advisor: Advisor, portfolio: Portfolio, as_of: int | None) -> int:
    """The first moment that is asked about; only starters need to know it exactly."""
    if as_of is not None:
        return as_of
    is_starting = any(bundle.is_starter for bundle in advisor.bundles.values())
    if is_starting and "snapshots" in portfolio.settings.tables:
        first = pc.min(latest_snapshots(portfolio)["as_of"]).as_py()
        return portfolio.latest_moment if first is None else int(first)
    return portfolio.latest_moment


def _of(named: Named, part: CustomerPart) -> Named:
    return {c: notices for c, notices in named.items() if part.first <= c <= part.last}


Asked = Sequence[tuple[CustomerPart, Named]]


def _here(
    question: PartRequest,
    portfolio: Portfolio,
    advisor: Advisor,
    asked: Asked,
    tell: Tell,
) -> Iterator[Path]:
    """The parts one after the other, in this process."""
    done, total = 0, sum(part.n_customers for part, _ in asked)
    for part, named in asked:
        whole = replace(portfolio, duck=replace(portfolio.duck, threads=1))
        yield _file_of_part(question, whole, advisor, part, named)
        done += part.n_customers
        tell(done, total)


def _shared_out(
    question: PartRequest, asked: Asked, n_processes: int, tell: Tell
) -> list[Path]:
    """The parts by several processes; their files in the order of the parts."""
    done, total = 0, sum(part.n_customers for part, _ in asked)
    with ProcessPoolExecutor(
        n_processes, get_context("spawn"), _begin, (question,)
    ) as pool:
        futures = {pool.submit(_work, *one): one[0] for one in asked}
        waiting = set(futures)
        try:
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    done += futures[future].n_customers
                    tell(done, total)
        finally:  # after a failure nothing more is begun
            pool.shutdown(wait=False, cancel_futures=True)
        return [future.result() for future in futures]


_PROCESS: list[tuple[PartRequest, Advisor]] = []  # of a process: what it was begun with


def _begin(question: PartRequest) -> None:
    # Ctrl-C is for all processes of a terminal: this one ends without a word
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _PROCESS[:] = [(question, question.advisor())]


def _work(part: CustomerPart, named: Named) -> Path:
    [(question, advisor)] = _PROCESS
    portfolio = replace(question.portfolio, duck=question.duck)
    with rarely_collected():
        return _file_of_part(question, portfolio, advisor, part, named)


def _file_of_part(
    question: PartRequest,
    portfolio: Portfolio,
    advisor: Advisor,
    part: CustomerPart,
    named: Named,
) -> Path:
    """The file with the rows of a part; where it is there already, nothing is done."""
    theirs = portfolio.part(part, _begins(question, portfolio, advisor))
    file = question.folder / f"{_name(question, theirs, advisor, named)}.parquet"
    if not file.exists():
        moments = latest_moments(theirs, question.as_of)
        rows = advise_part(advisor, theirs, moments, question.budget_use, named)
        unfinished = file.with_suffix(f".{os.getpid()}")
        pq.write_table(rows, unfinished, compression="zstd")
        unfinished.replace(file)
    if theirs is not portfolio:
        theirs.connection.disconnect()
    return file


def _begins(
    question: PartRequest, portfolio: Portfolio, advisor: Advisor
) -> dict[str, int]:
    """By table, before which moment nobody looks into its rows."""
    if question.as_of is None and "snapshots" in portfolio.settings.tables:
        return {}  # each customer has moments of their own
    since = portfolio.latest_moment if question.as_of is None else question.as_of
    features = (bundle.feature_set for bundle in advisor.bundles.values())
    return begins_of(features, portfolio.settings, since)


def _name(
    question: PartRequest, theirs: Portfolio, advisor: Advisor, named: Named
) -> str:
    """A hash of all that the rows of a part depend on."""
    stated = {
        "code": code_version(),
        "answers": metadata(advisor),
        "settings": theirs.settings.model_dump(mode="json"),
        "observed": [
            theirs.observed_until,
            theirs.latest_known_at,
            *theirs.observed.items(),
        ],
        "rejected": {c: sorted(tables) for c, tables in theirs.rejected.items()},
        "as_of": question.as_of,
        "budget_use": repr(question.budget_use),
        "named": {c: {n: str(at) for n, at in ns.items()} for c, ns in named.items()},
        "rows": theirs.quick_hashes,
    }
    text = json.dumps(stated, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
