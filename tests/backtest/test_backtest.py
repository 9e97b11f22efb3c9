"""What a backtest counts, prices and compares."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from advice.advisor import Advisor
from backtest.assumptions import Assumptions
from backtest.decision_days import DecisionDays
from backtest.errors import UnpricedPolicyError
from backtest.guardrail_cost import mean_guardrail_costs
from backtest.intervals import ratio_interval
from backtest.outcome import Backtest
from backtest.regret import regrets
from backtest.run import run_backtest
from backtest.support import support
from backtest.truth import Truth
from decisions.actions import ACTIONS
from decisions.policy_file.load import SHIPPED, Policy, load_policy, parse_document
from decisions.steps.choose_columns import run
from features.portfolio import Portfolio
from features.targets import TARGETS
from scoring.bundle import Bundle
from scoring.starter import starter

SHORT = (date(2025, 6, 1), date(2025, 7, 20))


def test_days_and_decisions_tell_the_same(backtest: Backtest) -> None:
    outcome = backtest.new
    names = outcome.executed_actions["action"].to_pylist()
    for action in ACTIONS[1:]:
        assert pc.sum(outcome.daily_report[f"n_{action}"]).as_py() == names.count(
            action
        )
    assert names.count("remind") > 0
    assert names.count("review") > 0
    assert pc.sum(outcome.executed_actions["expected_saving"]).as_py() == pytest.approx(
        outcome.saving.sum()
    )


def test_a_customer_is_not_counted_twice(backtest: Backtest) -> None:
    """Whoever is reminded again within the horizon costs a letter and saves nothing."""
    executed = backtest.new.executed_actions
    again = executed.filter(executed["is_repeat"])
    reminders = again.filter(pc.equal(again["action"], "remind"))
    assert reminders.num_rows > 0
    assert set(reminders["expected_saving"].to_pylist()) == {-0.4}


def test_a_policy_does_not_differ_from_itself(
    advisor: Advisor, portfolio: Portfolio, policy: Policy
) -> None:
    days = DecisionDays.between(*SHORT, portfolio.settings.zone, every=5)
    found = run_backtest(advisor, portfolio, days, against=policy)
    assert found.saving_against_old() == (0.0, 0.0, 0.0)
    assert not found.differences


def test_both_policies_are_counted_in_the_portfolio_s_money(
    portfolio: Portfolio, policy: Policy
) -> None:
    """A starter has no settings of its own that would say in which."""
    money = {"currency": "BRL", "rates": {"EUR": Decimal(6)}}
    settings = portfolio.settings.model_copy(update=money)
    starters = Advisor({target: starter(target) for target in TARGETS}, policy)
    days = DecisionDays.between(*SHORT, settings.zone, every=5)
    abroad = replace(portfolio, settings=settings)
    found = run_backtest(starters, abroad, days, against=policy)
    assert found.currency == "BRL"
    assert found.saving_against_old() == (0.0, 0.0, 0.0)
    assert not found.differences
    assert found.new.daily_report.equals(found.old.daily_report if found.old else None)


@pytest.mark.slow
def test_amounts_of_quiet_customers_decide_as_whole_facts_do(
    advisor: Advisor,
    portfolio: Portfolio,
    backtest: Backtest,
    days: DecisionDays,
    timeline: Policy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The quick way against the plain one: whole facts of everybody on every day."""
    there = "backtest.run.looks_at_everybody"
    monkeypatch.setattr(there, lambda _terms: True)
    plain = run_backtest(advisor, portfolio, days, against=timeline)
    assert plain.old is not None
    assert backtest.old is not None
    for quick, whole in ((backtest.new, plain.new), (backtest.old, plain.old)):
        assert quick.daily_report.equals(whole.daily_report)
        assert quick.executed_actions.equals(whole.executed_actions)
        assert quick.stops == whole.stops
    assert backtest.differences == plain.differences
    for quick_day, day in zip(backtest.day_costs, plain.day_costs, strict=True):
        expected = {g.guardrail: g.cost for g in day.guardrails}
        costs = {g.guardrail: g.cost for g in quick_day.guardrails}
        assert costs == pytest.approx(expected)


@pytest.mark.slow
def test_no_stop_for_arrears_without_a_delivered_notice(
    bundle_of: Callable[[str], Bundle], portfolio: Portfolio, timeline: Policy
) -> None:
    days = DecisionDays.between(*SHORT, portfolio.settings.zone)
    advisor = Advisor({"nonpayment": bundle_of("nonpayment")}, timeline)
    priced = load_policy(SHIPPED / "reseller-default.yaml")
    stops = {}
    for share in (0.0, 1.0):
        tried = run_backtest(
            advisor,
            portfolio,
            days,
            against=priced,
            assumptions=Assumptions(delivered_share=share),
        )
        stops[share] = len(tried.new.stops)
    assert stops[0.0] == 0 < stops[1.0]


def test_service_returns_when_the_recorded_payment_settles_the_arrears(
    backtest: Backtest,
) -> None:
    assert backtest.old is not None
    stops = backtest.old.stops
    ended = [stop for stop in stops if stop.until is not None]
    assert ended
    assert all(stop.until > stop.since for stop in ended if stop.until)
    off = backtest.old.daily_report["without_access"].to_pylist()
    assert off[-1] == len(stops) - len(ended)


def test_guard_rails_cost_and_the_proposal_is_the_limit(
    backtest: Backtest,
) -> None:
    for day in backtest.day_costs:
        assert day.proposed <= day.recommended + 1e-9
        assert day.proposed <= day.nothing
        for line in day.guardrails:
            # without a guard-rail nothing beats what costs least
            assert day.recommended - line.cost >= day.proposed - 1e-9
    means = {m.guardrail: m for m in mean_guardrail_costs(backtest.day_costs)}
    assert means["ladder"].cost > 0.0
    assert means["essential_service"].cost == 0.0


def test_a_day_is_decided_again_only_without_what_holds_somebody(
    advisor: Advisor, portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = DecisionDays.between(*SHORT, portfolio.settings.zone, every=5)
    decided_again = Mock(wraps=run)
    monkeypatch.setattr("backtest.guardrail_cost.run", decided_again)
    quick = run_backtest(advisor, portfolio, days)
    n_quick = decided_again.call_count
    monkeypatch.setattr("backtest.guardrail_cost._is_same", lambda *_inputs: False)
    plain = run_backtest(advisor, portfolio, days)
    assert quick.day_costs == plain.day_costs
    assert n_quick < decided_again.call_count - n_quick


def test_what_the_timeline_does_differently_is_told_with_reasons(
    backtest: Backtest,
) -> None:
    assert backtest.confusion_table is not None
    assert np.sum(backtest.confusion_table) == backtest.n_customers
    assert backtest.differences
    for found in backtest.differences:
        assert "P(non-payment)" in found.known
        assert found.new_why.endswith(".")
        assert "_" not in found.new_why + found.old_why
        assert found.new_action != found.old_action


def test_the_log_supports_what_it_took(portfolio: Portfolio) -> None:
    """Suspensions in arrears are on record, of people without arrears they are not."""
    known = support(portfolio)
    suspend = np.array([ACTIONS.index("suspend")] * 4)
    money = np.array([1.0, *known.tiers[1:], 1e9])
    assert known.is_known(suspend, np.full(4, 30.0), money).any()
    assert not known.is_known(suspend, np.zeros(4), np.zeros(4)).any()


def test_a_policy_that_cannot_be_priced_is_refused(
    bundle_of: Callable[[str], Bundle], portfolio: Portfolio
) -> None:
    typed = load_policy(SHIPPED / "thresholds-only.yaml")
    advisor = Advisor({"nonpayment": bundle_of("nonpayment")}, typed)
    days = DecisionDays.between(*SHORT, portfolio.settings.zone)
    with pytest.raises(UnpricedPolicyError, match="costs"):
        run_backtest(advisor, portfolio, days)


def test_the_truth_captures_at_least_what_the_scores_do(backtest: Backtest) -> None:
    [regret] = backtest.regrets
    assert regret.cost["best_given_truth"] <= regret.cost["proposed"]
    assert regret.cost["best_given_truth"] <= regret.cost["nothing"]
    assert set(regret.captured) == {"proposed", "recommended", "best_given_truth"}


def test_actions_chosen_elsewhere_are_weighed_by_the_same_truth(
    advisor: Advisor, portfolio: Portfolio, truth: Truth, backtest: Backtest
) -> None:
    [moment] = truth.moments()
    suspend = ACTIONS.index("suspend")
    all_stopped = dict.fromkeys(portfolio.customer_ids, suspend)
    chosen = {moment: {"recommended": {}, "all_stopped": all_stopped}}
    terms = advisor.policy.latest
    [other] = regrets(advisor, portfolio, terms, truth, chosen)
    [own] = backtest.regrets
    assert other.cost["recommended"] == other.cost["nothing"] == own.cost["nothing"]
    assert other.good_stopped["recommended"] == 0.0
    assert other.cost["all_stopped"] > other.cost["best_given_truth"]
    assert other.good_stopped["all_stopped"] > other.good_stopped["proposed"]


def test_good_is_who_shows_nothing_bad_within_ninety_days() -> None:
    at = [d.replace(tzinfo=None) for d in (_day(10), _day(200))]
    months = pa.table(
        {
            "customer_id": ["c", "c"],
            "sixty_at": pa.array(at, pa.timestamp("us")).cast(
                pa.timestamp("us", tz="UTC")
            ),
            "written_off_at": pa.nulls(2, pa.timestamp("us", tz="UTC")),
            "fraud_at": pa.nulls(2, pa.timestamp("us", tz="UTC")),
        }
    )
    truth = Truth(None, months)
    soon, just_before, between, again = 1, 11, 105, 120
    asked = [("c", _day(n)) for n in (soon, just_before, between, again)]
    assert truth.were_good(asked) == (False, False, True, False)
    assert truth.were_good([("d", _day(soon))]) == (True,)


def _day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def test_intervals_cover_the_ratio() -> None:
    random = np.random.default_rng(1)
    below = random.gamma(2.0, size=400)
    found = ratio_interval(below * random.uniform(0.8, 1.0, 400), below)
    assert found.low < 0.9 < found.high
    assert found.high - found.low < 0.05


def test_the_report_is_one_accessible_file(folder: Path, backtest: Backtest) -> None:
    page = (folder / "report.html").read_text()
    assert page.count("<h1>") == 1
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page.count("<svg") == page.count('role="img"') == page.count("<desc")
    assert "does not react to the new policy" in page
    assert "Price of each guard-rail" in page
    assert "recommended actions, as this backtest stood" in page
    assert "<code>forbear policy calibrate-costs</code>" in page
    assert "`" not in page
    ids = [part.split('"')[0] for part in page.split(' id="')[1:]]
    assert len(ids) == len(set(ids))
    days = pq.read_table(folder / "days.parquet")
    assert days.num_rows == 2 * len(backtest.days)


def _scoped(policy: Policy, *kinds: str) -> Policy:
    values = policy.document.model_dump(mode="json", by_alias=True)
    values["scope"]["subject_kinds"] = kinds
    return Policy(parse_document(values, "scoped"), "scoped")


@pytest.mark.slow
def test_a_policy_decides_only_about_whom_it_is_for(
    bundle_of: Callable[[str], Bundle], portfolio: Portfolio, policy: Policy
) -> None:
    first, last = date(2025, 6, 1), date(2025, 6, 14)
    days = DecisionDays.between(first, last, portfolio.settings.zone, every=7)
    bundles = {target: bundle_of(target) for target in ("fraud", "nonpayment")}
    kinds = {
        row["customer_id"]: row["subject_kind"]
        for row in portfolio.tables["customers"].to_pyarrow().to_pylist()
    }

    def executed(policy: Policy) -> list[tuple[object, ...]]:
        outcome = run_backtest(Advisor(bundles, policy), portfolio, days).new
        rows = outcome.executed_actions.select(
            ["customer_id", "at", "action"]
        ).to_pylist()
        return sorted(tuple(row.values()) for row in rows)

    for_all = executed(policy)
    natural = executed(_scoped(policy, "natural_person"))
    assert {kinds[str(row[0])] for row in natural} == {"natural_person"}
    assert natural == [r for r in for_all if kinds[str(r[0])] == "natural_person"]
    assert executed(_scoped(policy, *set(kinds.values()))) == for_all


def test_a_measure_is_weighed_once_and_then_stands(
    advisor: Advisor, portfolio: Portfolio, policy: Policy
) -> None:
    """The policy with a measure that costs nothing beats the one without by it."""
    free = {"limit_spending": {"fixed": 0, "stop": [0.4, 0.4], "limit": 50}}
    values = policy.document.model_dump(mode="json", by_alias=True)
    values["costs"]["measures"] = free
    measured = Advisor(
        advisor.bundles, Policy(parse_document(values, "measured"), "measured")
    )
    first, last = date(2025, 6, 1), date(2025, 6, 15)
    days = DecisionDays.between(first, last, portfolio.settings.zone, every=7)
    found = run_backtest(measured, portfolio, days, against=policy)
    assert found.old is not None
    new, old = (outcome.daily_report["measures"] for outcome in found.outcomes)
    begun = sum(new.to_pylist())
    assert begun > 0
    assert sum(old.to_pylist()) == 0
    # whoever has it is not told to begin it again a week later
    assert begun <= len(portfolio.customer_ids)
    assert new.to_pylist()[0] > new.to_pylist()[1]
    gain = found.new.saving - found.old.saving
    assert (gain > 0.0).sum() > 0
    saved = sum(found.new.daily_report["expected_saving"].to_pylist())
    assert saved == pytest.approx(found.new.saving.sum())
