"""The champions, put together with a policy, for the commands that advise by them."""

from pathlib import Path
from typing import TYPE_CHECKING

from cli.moments import moment_of
from cli.policy_in_use import policy_in_use

if TYPE_CHECKING:
    import pyarrow as pa

    from advice.advisor import Advisor
    from features.portfolio import Portfolio


def champions(home: Path, policy: Path | None) -> "Advisor":
    """The champions under `home`, or the starter; with the policy in use by default."""
    from advice.assembly import assemble, ids_in_force
    from decisions.policy_file.load import load_policy

    return assemble(home, ids_in_force(home), load_policy(policy_in_use(policy)))


def advise(advisor: "Advisor", read: "Portfolio", as_of: str | None) -> "pa.Table":
    """Advice about whom the portfolio asks for, in one piece."""
    from advice.portfolio_run import advise_portfolio
    from features.snapshots import latest_snapshots

    moment = None if as_of is None else moment_of(read, as_of)
    return advise_portfolio(advisor, read, latest_snapshots(read, moment))
