"""The saving beside version 0.1.0's: `python -m benchmarks.first_money`.

On the worlds of `benchmarks.money`, and asked like it. Both releases learn from the
same simulation of a world. Then each decides in another portfolio of that world, on the
same days, by its own models, its own shipped policy and its own backtest, in which only
the notices count that it sent itself. The actions of both are weighed by the same truth
at the same costs, those of today's policy; what was attainable is the same too. The
policy of 0.1.0 asks the provider about unpaid bills as well, today's about suspicious
activity alone: 0.1.0 is also counted with a review in place of each service request.

Version 0.1.0 runs with its own libraries in processes of its own, and reads the
portfolios as today's simulator writes them: two columns of `payments` (`paid_by` and
`refund_id`) it does not know and passes over, and no row is refused.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from advice.advisor import Advisor
from advice.assembly import DEFAULT_POLICY
from backtest.regret import regrets
from benchmarks.backtest import POLICY
from benchmarks.first_version import FIRST, Release, first
from benchmarks.money import (
    CHOICES,
    Case,
    Result,
    asking,
    captured,
    cases,
    judged,
    line,
    pooled,
    report,
)
from benchmarks.portfolio import checked_out
from decisions.actions import REVIEW, SERVICE_REQUEST
from decisions.policy_file.load import load_policy

WITH_REVIEWS = "with reviews in place of its service requests"

# Run by version 0.1.0: it decides, and writes its actions instead of weighing them.
DECIDES = """
import sys
from datetime import date
from pathlib import Path
import pyarrow as pa
import pyarrow.parquet as pq
from advice.rehearsal import rehearse
from advice.rehearsal.plan import Days
from advice.rehearsal.truth import Truth, _Sample
from cli.score import champions
from features.portfolio import Portfolio
from scoring.shelf import forbear_home

portfolio, policy, first, last, every, out = sys.argv[1:]

def written(advisor, read, terms, truth, recommended):
    [moment] = truth.moments()
    sample = _Sample(advisor, read, terms, truth.at(moment), moment)
    done = recommended[moment]
    actions = {
        "customer_id": sample.ids,
        "proposed": sample.costs(terms.model, sample.scored).argmin(axis=1),
        "recommended": [done.get(customer_id, 0) for customer_id in sample.ids],
    }
    pq.write_table(pa.table(actions), out)
    return []

rehearse.regrets = written
read = Portfolio.open(Path(portfolio))
truth = Truth(branched=pq.read_table(portfolio + ".oracle/truth.parquet"))
span = date.fromisoformat(first), date.fromisoformat(last)
days = Days.between(*span, read.settings.zone, every=int(every))
advisor = champions(forbear_home(), Path(policy))
rehearse.rehearse(advisor, read, days, truth=truth)
"""


def first_judged(theirs: Release, advisor: Advisor, case: Case, every: int) -> Result:
    """What version 0.1.0 does in a portfolio, weighed as what we do.

    Args:
        theirs: with the models it learnt for this world.
        advisor: ours; its policy's costs weigh.
        case: the portfolio and its days.
        every: so many days it decides.
    """
    out = theirs.home / f"{case.seed}.parquet"
    words = (theirs.root / POLICY, case.first, case.last, every, out)
    theirs.run("-c", DECIDES, str(case.folder), *map(str, words))
    actions = pq.read_table(out).to_pydict()
    ids = actions["customer_id"]
    actions[WITH_REVIEWS] = [
        REVIEW if action == SERVICE_REQUEST else action
        for action in actions["recommended"]
    ]
    choices = (*CHOICES, WITH_REVIEWS)
    chosen = {name: dict(zip(ids, actions[name], strict=True)) for name in choices}
    [moment] = case.truth.moments()
    terms = advisor.policy.latest
    [regret] = regrets(advisor, case.portfolio, terms, case.truth, {moment: chosen})
    return Result(case.world, case.seed, regret, (), 0.0)


def more(ours: Sequence[Result], theirs: Sequence[Result], choice: str) -> str:
    """How much more of the attainable we save in all, paired by portfolio."""
    pairs = captured(ours, choice)
    pairs[:, 0] -= captured(theirs, choice)[:, 0]
    return pooled(pairs)


def main(arguments: Sequence[str] | None = None) -> int:
    asked = asking(__doc__).parse_args(arguments)
    policy = load_policy(DEFAULT_POLICY)
    ours: list[Result] = []
    theirs: list[Result] = []
    with TemporaryDirectory() as name, checked_out(FIRST, Path(name)) as root:
        release = first(root, Path(name))
        for bundles, other, case in cases(asked, asked.folder or Path(name)):
            of_world = release._replace(home=Path(name) / case.world)
            if not of_world.home.is_dir():
                of_world.cost("train", str(other))
            advisor = Advisor(bundles, policy)
            theirs.append(first_judged(of_world, advisor, case, asked.every))
            ours += judged(bundles, policy, case, asked.every)
            print(line("today", ours[-1]))
            print(line(release.name, theirs[-1]), flush=True)
    report("today", ours)
    report(release.name, theirs)
    print(f"  {WITH_REVIEWS}: captured {pooled(captured(theirs, WITH_REVIEWS))}")
    for choice in CHOICES:
        print(f"  {choice}: today's captured less its: {more(ours, theirs, choice)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
