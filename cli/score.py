"""`forbear score`."""

import os
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.arguments import PolicyFile, PortfolioFolder
from cli.champions import champions
from cli.clock import now_us
from cli.exits import OK, REJECTS
from cli.lists import (
    check_form,
    parts_beside,
    write_list,
    write_notices,
    writing,
)
from cli.moments import moment_of, readable_moment, working_hour
from cli.output import rejected_rows, say, waiting
from cli.policy_in_use import place_of_store, policy_in_use
from cli.reading import Memory
from cli.score_cautions import show_cautions, show_unmet_fraud, warn_of_age
from cli.score_run import ScoreQuestion, read_for_run
from cli.score_summary import (
    show_actions,
    show_first,
    show_head_count,
    show_moment,
    show_not_lately,
    show_permitted_soon,
    show_what_to_add,
)
from features.counted import counted

if TYPE_CHECKING:
    from advice.advised import AdvisedParts
    from advice.advisor import Advisor
    from advice.lists.memory import Named
    from decisions.case import BudgetUse, Clock
    from features.portfolio import Portfolio


ListFile = Annotated[
    Path | None,
    typer.Option(
        help="file to write: .xlsx or .csv is the list of the day for people,"
        " .parquet has every number"
    ),
]
NoticesFile = Annotated[
    Path | None,
    typer.Option(
        help="CSV to write: the notices due, as rows of `contacts` to confirm"
    ),
]
Moment = Annotated[
    str | None,
    typer.Option(
        callback=readable_moment,
        help="moment with offset, a date for its end, or next-working-hour: when the"
        " policy may act again; default: the portfolio's snapshots, else the latest"
        " moment of the data",
    ),
]

Workers = Annotated[
    int | None,
    typer.Option(min=1, help="processes that share the customers; default: one a core"),
]
EngineName = Annotated[
    Literal["duckdb", "spark"],
    typer.Option("--engine", help="what computes: this machine, or Apache Spark"),
]
SparkMaster = Annotated[
    str | None,
    typer.Option(
        help="URL of the cluster, as spark://host:7077; default: SPARK_REMOTE, else"
        " Spark on this machine"
    ),
]


def register(app: typer.Typer) -> None:
    app.command()(score)


def score(
    portfolio: PortfolioFolder,
    out: ListFile = None,
    notices: NoticesFile = None,
    as_of: Moment = None,
    policy: PolicyFile = None,
    memory: Memory = 2_000,
    workers: Workers = None,
    engine: EngineName = "duckdb",
    spark_master: SparkMaster = None,
) -> None:
    """Score a whole portfolio with the champions.

    Those under FORBEAR_HOME: the same numbers as the service gives for the same
    customer. Without any the starter, its level moved to what the portfolio shows so
    far; the service, asked about one customer, cannot move it, so its numbers differ.
    While a file `stop` lies under FORBEAR_HOME, or an alarm of `monitor` stands, nobody
    new is suspended or blocked. Exit code 3: done, but rows were rejected.

    A list made at night withholds what needs opening hours, and says from when it is
    permitted; --as-of next-working-hour decides for that moment instead.

    A large portfolio is worked on in parts, within the memory given. A run with --out
    that was interrupted finds the parts it had done when it is asked the same again.

    With --engine spark this machine reads and checks the portfolio, and Spark computes
    the same rows; its workers must see the folder of --out under the same path.

    Example: forbear score data/samples/lumen --as-of 2026-06-30 --out list.xlsx
    """
    from advice.parts_run import RunLimits
    from features.collector import rarely_collected
    from scoring.shelf import forbear_home

    check_form(out)
    home, now = forbear_home(), now_us()
    limits = RunLimits(memory, workers or os.cpu_count() or 1)
    policy = _countable(policy_in_use(policy), portfolio)
    advisor, alarm = champions(home, policy, portfolio), _standing_alarm()
    with parts_beside(out) as folder, rarely_collected():
        with writing(out) as list_file, writing(notices) as notices_file:
            read = read_for_run(portfolio, limits, folder, now)
            as_of = working_hour(advisor.policy, read, as_of)
            named = _named_before(home, read, as_of) if notices else {}
            moment = None if as_of is None else moment_of(read, as_of)
            asked = (read, moment, folder, _budget_use(home, alarm), named)
            run = ScoreQuestion(advisor, policy, *asked)
            advised = run.answered(engine, spark_master, limits)
            if out is not None:
                form, zone = out.suffix.lower(), read.settings.zone
                with waiting("writing the list", "score"):
                    write_list(advised, list_file, form, zone, memory // 4)
            if notices is not None:
                day = _day_of(read, as_of, now)
                n_due = _write_notices(advised, notices_file, day, home, read)
        _show(advised, advisor, read, moment, out)
        if notices is not None:
            _show_notices(n_due, day, notices)
            warn_of_age(read, as_of, day)
        show_cautions(advisor, read, moment, home, alarm)
        code = _told_of_rejects(read, portfolio)
        show_unmet_fraud(advised, advisor)
    raise typer.Exit(code)


def _budget_use(home: Path, alarm: "Clock | None") -> "BudgetUse":
    """What stops automation, for everybody alike."""
    from advice.assembly import is_stopped
    from decisions.case import BudgetUse

    return BudgetUse(is_stopped=is_stopped(home), alarm=alarm)


def _write_notices(
    advised: "AdvisedParts", file: Path, day: date, home: Path, read: "Portfolio"
) -> int:
    """The notices due, which the next list remembers; how many there are."""
    from advice.lists.memory import remember

    n_due = write_notices(advised, file, day)
    remember(home, read.settings.name, advised.tables())
    return n_due


def _told_of_rejects(read: "Portfolio", folder: Path) -> int:
    """The exit code; where rows were rejected, how to see which."""
    if not read.rejects:
        return OK
    say(f"{rejected_rows(read.report.n_rejected)}: forbear validate {folder}")
    return REJECTS


def _show_notices(n_due: int, day: date, file: Path) -> None:
    say(f"{counted(n_due, 'notice')} due on {day}: {file}")
    if n_due:
        say("send them, correct the dates, then append the rows to `contacts`")


def _show(
    advised: "AdvisedParts",
    advisor: "Advisor",
    read: "Portfolio",
    moment: int | None,
    out: Path | None,
) -> None:
    zone = read.settings.zone
    show_moment(advised, advisor.policy.reference, zone)
    show_head_count(advised, read, moment)
    show_not_lately(read, advisor.policy, moment)
    show_actions(advised)
    show_permitted_soon(advised, zone)
    show_what_to_add(advised)
    show_first(advised, zone)
    if out is not None:
        say(f"{counted(len(advised), 'row')}: {out}")


def _named_before(home: Path, read: "Portfolio", as_of: str | None) -> "Named":
    """What lists before this one asked for; it counts where no contacts are kept."""
    from advice.lists.memory import named_before
    from features.moments import to_datetime

    return named_before(home, read.settings.name, to_datetime(moment_of(read, as_of)))


def _standing_alarm() -> "Clock | None":
    """Whether monitoring has stopped automation, in the store of decisions."""
    from typing import cast

    from store.places import is_recorded

    home, url = place_of_store()
    if not is_recorded(home, url):
        return None
    from store.opening import standing_alarm

    return cast("Clock | None", standing_alarm(home, url))


def _countable(policy: Path, folder: Path) -> Path:
    """The policy, unless it cannot be counted in the portfolio's money; read first.

    Raises:
        CurrencyMismatchError: it has another currency, and there is no rate.
    """
    from advice.currency import in_portfolio_currency
    from decisions.policy_file.load import load_policy
    from features.reading.settings_file import read_settings

    in_portfolio_currency(load_policy(policy), read_settings(folder).settings)
    return policy


def _day_of(read: "Portfolio", as_of: str | None, now: int) -> date:
    """The local day on which the notices of this list are sent.

    Whoever asks as of a moment works on that day; else it is today, for the data may
    end before, and a notice must not be dated earlier than it was sent.
    """
    from features.moments import to_datetime

    zone = read.settings.zone
    moment = to_datetime(moment_of(read, as_of)) - timedelta(microseconds=1)
    day, today = (at.astimezone(zone).date() for at in (moment, to_datetime(now)))
    return day if as_of else max(day, today)
