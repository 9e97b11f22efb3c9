"""Before the first training: the starter on a portfolio, and on none."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from advice.advisor import Advisor
from advice.assembly import assemble, ids_in_force
from advice.errors import ChampionGoneError, SettingsDifferError
from advice.passing_starters import shown_outcomes
from advice.portfolio_run import advice_in, advise_portfolio
from advice.starting import at_home
from decisions.policy_file.load import Policy
from features.account.history import History
from features.account.many import histories
from features.events import Events
from features.grid import grid_dates
from features.moments import DAY_US, to_datetime
from features.portfolio import Portfolio
from features.settings import Defaults, PortfolioSettings
from features.snapshots import latest_snapshots
from features.targets import TARGETS, Target
from scoring.bundle import Bundle
from scoring.shelf import publish_bundle
from scoring.starter import starter, starters

BundleOf = Callable[[str], Bundle]


def test_where_nothing_was_promoted_the_starter_is_in_force(
    tmp_path: Path, policy: Policy
) -> None:
    ids = ids_in_force(tmp_path)
    assert ids == {t: b.bundle_id for t, b in starters().items()}
    advisor = assemble(tmp_path, ids, policy)
    assert all(bundle.is_starter for bundle in advisor.bundles.values())


def test_the_starter_scores_a_portfolio_and_says_so(
    portfolio: Portfolio, policy: Policy
) -> None:
    advised = advise_portfolio(
        Advisor(starters(), policy), portfolio, latest_snapshots(portfolio)
    )
    p = advised["p_nonpayment"].to_pylist()
    assert len({round(value, 6) for value in p}) > len(p) / 2
    rows = advised.to_pylist()
    late = [r["p_nonpayment"] for r in rows if (r["days_overdue"] or 0) > 30]
    calm = [r["p_nonpayment"] for r in rows if r["days_overdue"] == 0]
    assert late
    assert min(late) > sum(calm) / len(calm)


@pytest.mark.parametrize("days_old", [0, 10], ids=["all new", "payments end early"])
def test_one_customer_gets_the_answer_of_the_run(
    portfolio: Portfolio, policy: Policy, days_old: int
) -> None:
    end = portfolio.observed_until - days_old * DAY_US
    portfolio = replace(
        portfolio,
        observed_until=end,
        observed={**portfolio.observed, "payments": end},
    )
    asked = latest_snapshots(portfolio, max(portfolio.observed.values()))
    advisor = Advisor(starters(), policy)
    row = advise_portfolio(advisor, portfolio, asked).to_pylist()[0]
    moment = asked["as_of"][0].as_py()
    advice = advice_in(advisor, portfolio, row["customer_id"], moment)
    assert advice.case.p_nonpayment == row["p_nonpayment"]
    assert advice.case.starter == {"fraud", "nonpayment"}
    answer = advice.recommendation
    assert row["no_decision"] is None
    assert (answer.action, answer.code) == (row["action"], None)


@pytest.mark.slow
def test_the_level_moves_by_what_was_known_by_then_only(
    portfolio: Portfolio, policy: Policy
) -> None:
    advisor = Advisor(starters(), policy)

    def level(moment: int, of: Portfolio) -> float:
        return at_home(advisor, of, moment).bundles["nonpayment"].calibration.intercept

    latest = portfolio.observed_until
    half_a_year_ago = latest - 180 * DAY_US
    assert level(latest, portfolio) != starter("nonpayment").calibration.intercept
    ended_then = replace(portfolio, observed_until=half_a_year_ago)
    assert level(half_a_year_ago, portfolio) == level(half_a_year_ago, ended_then)
    assert level(half_a_year_ago, portfolio) != level(latest, portfolio)


def test_features_held_together_or_not_move_the_level_alike(
    portfolio: Portfolio, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def levels() -> list[float]:
        moved = at_home(
            Advisor(starters(), policy), portfolio, portfolio.observed_until
        )
        return [bundle.calibration.intercept for bundle in moved.bundles.values()]

    together = levels()
    monkeypatch.setattr("advice.starting.AT_ONCE", 150)
    assert levels() == together
    monkeypatch.setattr("advice.starting.shown_outcomes", lambda *_: {})
    assert levels() == together  # each target by itself, each number asked for anew


def test_an_account_is_read_once_for_all_starters(
    portfolio: Portfolio, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counted(
        of: Portfolio, ids: Sequence[str], usage_since: int
    ) -> Iterator[History]:
        for history in histories(of, ids, usage_since):
            read.append(history.customer_id)
            yield history

    for place in ("labels", "snapshots", "account.table"):
        monkeypatch.setattr(f"features.{place}.histories", counted)
    at_home(Advisor(starters(), policy), portfolio, portfolio.observed_until)
    assert sorted(read) == sorted(portfolio.customer_ids)


def test_where_nobody_was_there_at_a_date_older_ones_are_looked_for(
    portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    latest: dict[Target, int] = dict.fromkeys(TARGETS, portfolio.observed_until)
    by_target: dict[Target, Bundle] = {t: starter(t) for t in TARGETS}
    shown = shown_outcomes(portfolio, by_target, latest, 99, 1_000)
    assert set(shown) == set(TARGETS)
    before_all = (0, *grid_dates(portfolio))
    monkeypatch.setattr("advice.passing_starters.grid_dates", lambda _: before_all)
    assert shown_outcomes(portfolio, by_target, latest, 99, 1_000) == {}


def test_a_starter_moved_to_outcomes_is_of_their_horizon(
    portfolio: Portfolio, policy: Policy
) -> None:
    labels = portfolio.settings.labels
    fraud = labels.fraud.model_copy(update={"horizon_days": 30})
    labels = labels.model_copy(update={"fraud": fraud})
    settings = portfolio.settings.model_copy(update={"labels": labels})
    of_month = replace(portfolio, settings=settings)
    advisor, moment = Advisor(starters(), policy), portfolio.observed_until
    moved = at_home(advisor, of_month, moment).bundles
    assert (moved["fraud"].horizon_days, moved["nonpayment"].horizon_days) == (30, 90)
    assert moved["fraud"].level is not None


def test_without_a_table_of_fraud_no_fraud_seen_moves_nothing(
    portfolio: Portfolio, policy: Policy
) -> None:
    tables = portfolio.settings.tables - {"disputes", "outcomes"}
    unseen = replace(
        portfolio, settings=portfolio.settings.model_copy(update={"tables": tables})
    )
    moment = portfolio.observed_until
    moved = at_home(Advisor(starters(), policy), unseen, moment).bundles["fraud"]
    assert moved.bundle_id == starter("fraud").bundle_id


def test_what_the_starter_reads_and_nobody_looked_at_leaves_p_unknown(
    portfolio: Portfolio, policy: Policy
) -> None:
    advisor = Advisor(starters(), policy)
    events = portfolio.events(portfolio.customer_ids[0])
    moment = to_datetime(portfolio.observed_until)
    advice = advisor.advise(events, moment, tables=frozenset({"customers", "invoices"}))
    assert advice.case.p_nonpayment is None
    assert advice.case.p_fraud is None
    assert advice.case.starter == frozenset()
    looked = advisor.advise(events, moment)  # default: what the starter reads
    assert looked.case.p_nonpayment is not None


def test_a_flat_portfolio_runs_without_any_model(policy: Policy) -> None:
    settings = PortfolioSettings(currency="EUR")
    day = "2026-05-31T00:00:00Z"
    table = pa.table({"customer_id": ["a", "b"], "event_at": [day, day]})
    flat = Portfolio.from_tables({"customers": table}, settings)
    advised = advise_portfolio(
        Advisor(starters(), policy), flat, latest_snapshots(flat)
    )
    assert advised.num_rows == 2
    assert advised["p_nonpayment"].to_pylist() == [None, None]


def test_a_champion_that_is_gone_is_missed(bundle_of: BundleOf, tmp_path: Path) -> None:
    bundle = bundle_of("nonpayment")
    publish_bundle(bundle.save(tmp_path / "made"), tmp_path, "nonpayment")
    assert ids_in_force(tmp_path) == {"nonpayment": bundle.bundle_id}
    pointer = tmp_path / "bundles" / "nonpayment" / "champion"
    pointer.unlink()
    with pytest.raises(ChampionGoneError, match="forbear promote nonpayment"):
        ids_in_force(tmp_path)
    (tmp_path / "promoted" / "nonpayment").unlink()  # as in a home of before
    with pytest.raises(ChampionGoneError):
        ids_in_force(tmp_path)


def test_a_shelf_that_is_gone_as_a_whole_is_missed(
    bundle_of: BundleOf, tmp_path: Path
) -> None:
    publish_bundle(
        bundle_of("fraud").save(tmp_path / "made"), tmp_path / "home", "fraud"
    )
    (tmp_path / "home" / "bundles").rename(tmp_path / "elsewhere")
    with pytest.raises(ChampionGoneError):
        ids_in_force(tmp_path / "home")


@pytest.mark.slow
def test_defaults_may_change_without_a_new_training(
    bundle_of: BundleOf, portfolio: Portfolio, policy: Policy
) -> None:
    advisor = Advisor({"nonpayment": bundle_of("nonpayment")}, policy)
    asked = latest_snapshots(portfolio)
    before = advise_portfolio(advisor, portfolio, asked)
    other = portfolio.settings.model_copy(
        update={"defaults": Defaults(margin_share=0.9, lifetime_months=120)}
    )
    after = advise_portfolio(advisor, replace(portfolio, settings=other), asked)
    assert before["p_nonpayment"].equals(after["p_nonpayment"])
    assert before["clv"].to_pylist() != after["clv"].to_pylist()


def test_a_settings_file_moves_the_money_and_not_the_features(
    bundle_of: BundleOf, portfolio: Portfolio, policy: Policy
) -> None:
    bundles = {"nonpayment": bundle_of("nonpayment")}
    stated = PortfolioSettings(defaults=Defaults(margin_share=0.9))
    everybody: list[Events] = list(portfolio.iter_events())
    moment = to_datetime(portfolio.observed_until)

    def clv(settings: PortfolioSettings | None) -> int:
        advisor = Advisor(bundles, policy, settings)
        found = (advisor.advise(events, moment).facts.clv for events in everybody)
        return sum(money or 0 for money in found)

    assert clv(stated) > clv(None)
    clash = PortfolioSettings(materiality=Decimal(400))
    with pytest.raises(SettingsDifferError, match="materiality"):
        Advisor(bundles, policy, clash)
