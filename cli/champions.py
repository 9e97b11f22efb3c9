"""The champions, put together with a policy, for the commands that advise by them."""

from pathlib import Path
from typing import TYPE_CHECKING

from cli.moments import moment_of
from cli.policy_in_use import policy_in_use

if TYPE_CHECKING:
    import pyarrow as pa

    from advice.advisor import Advisor
    from features.portfolio import Portfolio


def champions(home: Path, policy: Path | None, portfolio: Path) -> "Advisor":
    """The champions under `home`, or the starter, which goes by the portfolio's money.

    Args:
        home: the state folder.
        policy: default: the one in use.
        portfolio: folder of what they are asked about.
    """
    from advice.assembly import assemble, ids_in_force
    from decisions.policy_file.load import load_policy
    from features.reading.settings_file import read_settings

    stated = load_policy(policy_in_use(policy))
    settings = read_settings(portfolio).settings
    return assemble(home, ids_in_force(home), stated, settings)


def advise(advisor: "Advisor", read: "Portfolio", as_of: str | None) -> "pa.Table":
    """Advice about whom the portfolio asks for, in one piece."""
    from advice.portfolio_run import advise_portfolio
    from features.snapshots import latest_snapshots

    moment = None if as_of is None else moment_of(read, as_of)
    return advise_portfolio(advisor, read, latest_snapshots(read, moment))
