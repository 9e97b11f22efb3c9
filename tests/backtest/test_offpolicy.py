"""Off-policy estimates against a truth that is known, because it was made."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from advice.advisor import Advisor
from advice.portfolio_run import advise_portfolio
from backtest.errors import LoggedDecisionsError
from backtest.logged_decisions import read_logged, with_outcomes
from backtest.offpolicy import LoggedDecisions, off_policy
from decisions.money.states import exclusive_states
from features.arrays import FloatArray
from features.moments import DAY_US
from features.portfolio import Portfolio
from features.snapshots import latest_snapshots

pytestmark = pytest.mark.slow

NONE, SUSPEND, REVIEW = 0, 4, 2
EXPLORED_SHARE = 0.05


def logged(
    seed: int, n: int = 40_000, *, bias: float = 0.0, share: float = EXPLORED_SHARE
) -> tuple[LoggedDecisions, float]:
    """Decisions of a policy that suspends above .5 and is softer in a few of them.

    The new policy suspends above .4. `bias` is what the model's log-odds lack. Also the
    true mean cost of the new policy.
    """
    rng = np.random.default_rng(seed)
    truth = 1.0 / (1.0 + np.exp(-rng.normal(-1.5, 1.5, n)))
    p = 1.0 / (1.0 + np.exp(-(np.log(truth / (1 - truth)) - bias)))
    label = (rng.random(n) < truth).astype(np.float64)
    greedy = np.where(p > 0.5, SUSPEND, NONE)
    explored = (greedy == SUSPEND) & (rng.random(n) < share)
    action = np.where(explored, NONE, greedy)
    propensity = np.where(greedy == SUSPEND, np.where(explored, share, 1 - share), 1.0)
    new = np.where(p > 0.4, SUSPEND, NONE)
    new_propensity = np.where(
        new == action, propensity, np.where(greedy == SUSPEND, 1 - propensity, 0.0)
    )
    costs = costs_of(truth)
    decisions = LoggedDecisions(
        customer=np.arange(n),
        logged=action,
        greedy=greedy,
        propensity=propensity,
        explored=explored,
        new=new,
        new_propensity=new_propensity,
        expected=costs_of(p),
        realised=costs_of(label)[np.arange(n), action],
        p=p,
        label=label,
    )
    return decisions, float(costs[np.arange(n), new].mean())


def costs_of(p: FloatArray) -> FloatArray:
    """Doing nothing costs 100 where it comes, a stop 40 where it does not."""
    cost = np.full((len(p), 6), 1_000.0)
    cost[:, NONE], cost[:, SUSPEND] = 100.0 * p, 40.0 * (1.0 - p) + 10.0 * p
    return cost


@pytest.mark.parametrize("seed", range(3))
def test_the_direct_method_finds_the_truth_where_the_model_is_calibrated(
    seed: int,
) -> None:
    decisions, truth = logged(seed)
    report = off_policy(decisions)
    assert report.direct.low <= truth <= report.direct.high
    assert report.is_direct_valid
    assert report.difference.value != 0.0


def test_the_check_sees_a_model_that_is_too_low() -> None:
    """Log-odds short by one: the explored pay less often than the model says."""
    decisions, truth = logged(3, bias=1.0, share=0.3)
    report = off_policy(decisions)
    assert report.check is not None
    assert report.check.low > 1.0
    assert report.is_direct_valid is False
    assert not report.direct.low <= truth <= report.direct.high


def test_the_check_is_no_surer_for_a_customer_asked_every_week() -> None:
    """The same decisions four times over, of the same customers."""
    once, _ = logged(3, 4_000, share=0.3)
    columns = {name: np.concatenate([v] * 4) for name, v in vars(once).items()}
    check, weekly = off_policy(once).check, off_policy(LoggedDecisions(**columns)).check
    assert check is not None
    assert weekly is not None
    assert (weekly.low, weekly.high) == pytest.approx((check.low, check.high))


def test_what_the_old_policy_never_does_is_unsupported_and_said() -> None:
    decisions, _ = logged(4)
    report = off_policy(decisions)
    between = (decisions.p > 0.4) & (decisions.p <= 0.5)
    assert report.unsupported == pytest.approx(float(between.mean()))


def test_the_same_policy_is_found_by_every_estimate() -> None:
    """New = greedy: within 4 standard errors, a false alarm in some 10,000 runs."""
    decisions, _ = logged(5)
    greedy = np.where(decisions.p > 0.5, SUSPEND, NONE)
    share = EXPLORED_SHARE
    same = LoggedDecisions(
        **{
            **vars(decisions),
            "new": greedy,
            "new_propensity": np.where(greedy == SUSPEND, 1 - share, 1.0),
        }
    )
    report = off_policy(same)
    truth = float(same.expected[np.arange(len(same)), greedy].mean())
    for estimate in (report.direct, report.snips, report.doubly_robust):
        error = (estimate.high - estimate.low) / 3.92
        assert abs(estimate.value - truth) < 4 * error + 1e-9
    assert report.unsupported == 0.0
    assert report.share_different == 0.0  # chance is no difference of policies


def test_without_exploration_nothing_is_checked_or_weighed() -> None:
    decisions, _ = logged(6, share=0.0)
    report = off_policy(decisions)
    assert report.check is None
    assert report.is_direct_valid is None
    assert not report.is_weighable
    assert report.effective[1] == 0.0


@pytest.fixture(scope="module")
def decisions_file(
    advisor: Advisor, portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What the policy recommended half a year before the end, as it is exported."""
    moment = portfolio.observed_until - 250 * DAY_US
    snapshots = latest_snapshots(portfolio, moment)
    advised = advise_portfolio(advisor, portfolio, snapshots)
    permission = {"arm": "greedy", "propensity": 1.0}
    table = pa.table(
        {
            "customer_id": advised["customer_id"],
            "as_of": advised["as_of"],
            "action": advised["action"],
            "answer": [json.dumps({"permission": permission})] * len(advised),
        }
    )
    file = tmp_path_factory.mktemp("export") / "decisions.parquet"
    pq.write_table(table, file)
    return file


def test_the_policy_that_decided_is_valued_at_what_it_did(
    decisions_file: Path, advisor: Advisor, portfolio: Portfolio
) -> None:
    logged = read_logged(decisions_file)
    report = off_policy(with_outcomes(logged, portfolio, advisor))
    assert 0 < report.n <= len(logged)
    assert report.share_different == 0.0
    assert report.unsupported == 0.0
    assert report.difference.value == 0.0
    assert report.snips.value == pytest.approx(report.logged.value)


def test_another_policy_differs_and_its_actions_are_unsupported(
    decisions_file: Path, advisor: Advisor, portfolio: Portfolio
) -> None:
    logged = [one._replace(action=4, greedy=4) for one in read_logged(decisions_file)]
    report = off_policy(with_outcomes(logged, portfolio, advisor))
    assert report.share_different > 0.5
    assert report.unsupported == pytest.approx(report.share_different)
    assert report.check is None


def test_the_probability_of_anything_bad_is_that_of_the_states(
    decisions_file: Path, advisor: Advisor, portfolio: Portfolio
) -> None:
    """What a fraudster does not pay is counted once."""
    logged = read_logged(decisions_file)
    found = with_outcomes(logged, portfolio, advisor)
    rho = advisor.nonpayment_given_fraud
    expected = advise_portfolio(
        advisor,
        portfolio,
        pa.table(
            {k: [getattr(one, k) for one in logged] for k in ("customer_id", "as_of")}
        ),
    )
    by_chance = {
        round(1.0 - exclusive_states(fraud, nonpayment, rho)[2], 12)
        for fraud, nonpayment in zip(
            expected["p_fraud"].to_pylist(),
            expected["p_nonpayment"].to_pylist(),
            strict=True,
        )
    }
    assert {round(p, 12) for p in found.p.tolist()} <= by_chance


def _row(**permission: object) -> dict[str, object]:
    answer = {"permission": {"arm": "greedy", "propensity": 1.0} | permission}
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        "customer_id": "c",
        "as_of": moment,
        "action": "review",
        "answer": json.dumps(answer),
    }


def _file(folder: Path, row: dict[str, object]) -> Path:
    file = folder / "x.parquet"
    pq.write_table(pa.Table.from_pylist([row]), file)
    return file


def test_what_was_recommended_is_read_from_a_draw(tmp_path: Path) -> None:
    """A suspension went two steps down, and a block was never permitted."""
    withheld = [
        {"code": "ladder_state", "actions": ["block"]},
        {"code": "explore", "actions": ["service_request", "suspend", "block"]},
    ]
    row = _row(arm="explore", propensity=0.03, withheld=withheld)
    [one] = read_logged(_file(tmp_path, row))
    assert (one.action, one.greedy) == (REVIEW, SUSPEND)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"action": "banish"}, id="no action"),
        pytest.param({"answer": "{"}, id="no JSON"),
        pytest.param({"answer": '{"permission": {}}'}, id="no arm"),
        pytest.param({"answer": "[]"}, id="no answer"),
        pytest.param(_row(propensity=0.0), id="no probability"),
    ],
)
def test_a_damaged_row_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(LoggedDecisionsError):
        read_logged(_file(tmp_path, _row() | change))


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "x.parquet")
    with pytest.raises(LoggedDecisionsError):
        read_logged(tmp_path / "x.parquet")


def test_another_file_is_refused_in_our_words(tmp_path: Path) -> None:
    other = tmp_path / "customers.parquet"
    pq.write_table(pa.table({"customer_id": ["c1"]}), other)
    text = tmp_path / "decisions.csv"
    text.write_text("customer_id\n")
    for file in (other, text):
        with pytest.raises(LoggedDecisionsError, match="decisions export") as refused:
            read_logged(file)
        assert "FieldRef" not in str(refused.value)
