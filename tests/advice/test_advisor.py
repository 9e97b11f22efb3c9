import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from advice import Advisor
from advice.advice_table import SCHEMA, advice_row
from advice.assembly import misfit
from advice.errors import CurrencyMismatchError, NoBundleError, SettingsDifferError
from advice.portfolio_run import advise_portfolio
from decisions.actions import ACTIONS, STOPS
from decisions.case import BudgetUse
from decisions.policy_file.denomination import in_currency
from decisions.policy_file.load import Policy, default_policy, parse_document
from features.moments import to_datetime
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from features.snapshots import latest_snapshots, snapshots
from features.targets import TARGETS
from scoring.bundle import Bundle
from scoring.shelf import publish_bundle
from scoring.starter import starters

BundleOf = Callable[[str], Bundle]


@pytest.fixture(scope="module")
def advisor(bundle_of: BundleOf, policy: Policy) -> Advisor:
    return Advisor({target: bundle_of(target) for target in TARGETS}, policy)


@pytest.fixture(scope="module")
def advised(advisor: Advisor, portfolio: Portfolio) -> pa.Table:
    """The grid of the last months and the latest moment: debts of all ages."""
    grid = snapshots(portfolio)
    late = grid.slice(max(0, grid.num_rows - 150))
    asked = pa.concat_tables([late, latest_snapshots(portfolio)])
    return advise_portfolio(advisor, portfolio, asked)


def assert_same(one: object, other: object, where: str = "") -> None:
    """Equal; numbers to 1e-9 relative."""
    if isinstance(one, float) and isinstance(other, float):
        assert math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12), where
    elif isinstance(one, Mapping) and isinstance(other, Mapping):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}/{key}")
    elif isinstance(one, Sequence) and not isinstance(one, str):
        assert isinstance(other, Sequence)
        assert len(one) == len(other), where
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{where}/{i}")
    else:
        assert one == other, where


def test_one_customer_and_a_portfolio_get_the_same_numbers(
    advisor: Advisor, portfolio: Portfolio, advised: pa.Table
) -> None:
    events = {e.customer_id: e for e in portfolio.iter_events()}
    for row in advised.to_pylist():
        alone = advisor.advise(
            events[row["customer_id"]],
            row["as_of"],
            tables=portfolio.settings.tables,
            explains_none=False,
        )
        written = pa.Table.from_pylist(
            [advice_row(alone, advisor.policy)], schema=SCHEMA
        )
        for known in ("action_in_run", "is_beyond_budget"):  # only to a whole run
            del row[known]
            written = written.drop_columns(known)
        same = written.to_pylist()[0]
        assert_same(row, same, row["customer_id"])


def test_the_portfolio_is_not_all_the_same(advised: pa.Table) -> None:
    """So that the test above compares something."""
    actions = set(advised["action"].to_pylist())
    assert {"none", "remind"} <= actions
    assert len(set(advised["p_nonpayment"].to_pylist())) > 20
    assert any(advised["withheld"].to_pylist())
    assert all(len(found) <= 4 for found in advised["reasons"].to_pylist())
    assert any(len(found) > 1 for found in advised["reasons"].to_pylist())


def test_a_run_knows_how_far_each_table_was_observed(
    advisor: Advisor, portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Payments that nobody loaded lately are told to the policy, as to the service."""
    lately = dict(portfolio.observed, payments=portfolio.observed["payments"] - 1)
    seen = []
    case_of = Advisor.case_of

    def watched(self: Advisor, *numbers: Any) -> Any:  # noqa: ANN401
        case = case_of(self, *numbers)
        seen.append(dict(case.observed))
        return case

    monkeypatch.setattr(Advisor, "case_of", watched)
    less = replace(portfolio, observed=lately)
    advise_portfolio(advisor, less, latest_snapshots(less).slice(0, 3))
    assert seen == [{name: to_datetime(at) for name, at in lately.items()}] * 3


def test_a_run_shares_the_budgets_of_the_policy(
    bundle_of: BundleOf, policy: Policy, portfolio: Portfolio
) -> None:
    """One place in the review queue: of those to be reviewed one gets it."""
    tight = policy.document.model_dump(mode="json", by_alias=True)
    tight["review"]["capacity_per_day"] = 1
    tight["budget"] = {}
    bundles: dict[str, Bundle] = {t: bundle_of(t) for t in TARGETS}
    advisor = Advisor(bundles, Policy(parse_document(tight, "tight")))
    asked = snapshots(portfolio)
    found = advise_portfolio(advisor, portfolio, asked).to_pylist()
    wished = Counter(r["as_of"] for r in found if r["action"] == "review")
    given = Counter(r["as_of"] for r in found if r["action_in_run"] == "review")
    assert max(wished.values()) > 1
    assert set(given.values()) == {1}


@pytest.mark.slow
def test_a_run_says_which_stops_the_breaker_took(
    bundle_of: BundleOf, policy: Policy, portfolio: Portfolio
) -> None:
    """Without any budget every new stop becomes a review, and is marked as one."""
    eager = policy.document.model_dump(mode="json", by_alias=True)
    eager |= {"mode": "thresholds", "thresholds": [{"fraud": {"suspend": 0.0}}]}
    eager["guardrails"]["suspend"] = eager["essential"] = {}
    eager["fraud_path"]["evidence_any"] = [{"kind": "*", "max_age_days": 3650}]
    eager["fraud_path"]["min_p_fraud"] = 0.0
    bundles: dict[str, Bundle] = {t: bundle_of(t) for t in TARGETS}

    def run(**budget: int) -> list[dict[str, Any]]:
        values = eager | {"budget": budget, "exploration": {}}
        advisor = Advisor(bundles, Policy(parse_document(values, "eager")))
        run = advise_portfolio(advisor, portfolio, snapshots(portfolio))
        rows: list[dict[str, Any]] = run.to_pylist()
        return rows

    found = run(per_day=0)
    new_stops = [r["action"] in STOPS and not r["in_force"] for r in run()]
    assert any(new_stops)
    assert [r["is_beyond_budget"] for r in found] == new_stops


def test_rows_come_back_in_the_order_asked(
    advisor: Advisor, portfolio: Portfolio
) -> None:
    asked = latest_snapshots(portfolio)
    backwards = asked.take(list(range(asked.num_rows))[::-1])
    found = advise_portfolio(advisor, portfolio, backwards)
    assert found["customer_id"].to_pylist() == backwards["customer_id"].to_pylist()


def test_every_action_has_its_expected_cost(advised: pa.Table) -> None:
    decided = [row for row in advised.to_pylist() if row["no_decision"] is None]
    assert decided
    for row in decided:
        costs = {a: row[f"expected_cost_{a}"] for a in ACTIONS}
        assert row["proposed_action"] == min(ACTIONS, key=lambda a: costs[a])


@pytest.mark.parametrize("target", TARGETS)
def test_one_bundle_is_enough_and_says_so(
    target: str, bundle_of: BundleOf, policy: Policy, portfolio: Portfolio
) -> None:
    [other] = set(TARGETS) - {target}
    alone = Advisor({target: bundle_of(target)}, policy)
    found = advise_portfolio(alone, portfolio, latest_snapshots(portfolio)).to_pylist()
    assert all(row[f"p_{other}"] is None for row in found)
    assert all(f"p_{other}" in row["missing"] for row in found)
    assert all(row[f"p_{target}"] is not None for row in found)
    assert all(row["action"] is not None for row in found)
    named = {t for row in found for reason in row["reasons"] for t in reason["targets"]}
    assert named <= {target}


@pytest.mark.parametrize("is_starter", [True, False])
def test_only_a_starter_is_called_one(
    is_starter: bool, bundle_of: BundleOf, policy: Policy, portfolio: Portfolio
) -> None:
    """A model trained here that outcomes do not bear out yet is no starter."""
    bundle = replace(bundle_of("nonpayment"), is_starter=is_starter, is_proven=False)
    alone = Advisor({"nonpayment": bundle}, policy)
    [customer_id, *_] = portfolio.customer_ids
    moment = to_datetime(portfolio.observed_until)
    advice = alone.advise(portfolio.events(customer_id), moment)
    named, other = ("starter", "unproven") if is_starter else ("unproven", "starter")
    assert getattr(advice.case, named) == {"nonpayment"}
    assert getattr(advice.case, other) == frozenset()
    assert advice.model("nonpayment") == ("starter" if is_starter else "champion")


def test_what_was_not_looked_at_is_unknown(
    advisor: Advisor, portfolio: Portfolio, advised: pa.Table
) -> None:
    row = max(advised.to_pylist(), key=lambda row: row["open"])
    looked_at = portfolio.settings.tables - {"invoices", "usage"}
    events = portfolio.events(row["customer_id"])
    advice = advisor.advise(events, row["as_of"], tables=looked_at)
    assert {"tables.invoices", "tables.usage", "money.open"} <= set(
        advice.recommendation.question.missing
    )
    assert advice.recommendation.action is None
    assert advice.recommendation.code == "unknown_money"


def test_the_book_is_passed_on(
    advisor: Advisor, portfolio: Portfolio, advised: pa.Table
) -> None:
    stopped = BudgetUse(is_stopped=True)
    for row in advised.to_pylist():
        if row["proposed_action"] in ("suspend", "block"):
            events = portfolio.events(row["customer_id"])
            advice = advisor.advise(events, row["as_of"], budget_use=stopped)
            assert advice.recommendation.action not in ("suspend", "block")


def test_the_last_word_is_passed_on(
    advisor: Advisor, portfolio: Portfolio, advised: pa.Table
) -> None:
    row = advised.to_pylist()[0]
    events, at = portfolio.events(row["customer_id"]), row["as_of"]
    advice = advisor.advise(events, at, previous="remind", previous_at=at)
    assert (advice.case.previous, advice.case.previous_at) == ("remind", at)


def test_nobody_known_is_an_empty_table(advisor: Advisor, portfolio: Portfolio) -> None:
    nobody = latest_snapshots(portfolio, 0)
    found = advise_portfolio(advisor, portfolio, nobody)
    assert (nobody.num_rows, found.num_rows) == (0, 0)
    assert "action" in found.column_names


def test_days_in_flight_that_differ_from_the_published_ones_are_noted(
    bundle_of: BundleOf, policy: Policy
) -> None:
    from dataclasses import replace

    def notes(**days: float) -> tuple[str, ...]:
        both = {str(target): bundle_of(target) for target in TARGETS}
        settings = both["fraud"].settings.model_copy(update={"settlement_days": days})
        of_days = {t: replace(one, settings=settings) for t, one in both.items()}
        return Advisor(of_days, policy).notes

    assert notes(direct_debit=5, bank_transfer=3, cheque=10) == ()
    [note] = notes(direct_debit=7, bank_transfer=3, cheque=10)
    assert "direct_debit 5 against 7" in note


def test_the_base_is_that_of_the_latest_training_that_says_it(
    bundle_of: BundleOf, policy: Policy
) -> None:
    fraud, nonpayment = bundle_of("fraud"), bundle_of("nonpayment")
    earlier = fraud.trained_on - timedelta(days=30)

    def base(**n_customers: int | None) -> int | None:
        bundles = {
            "fraud": replace(fraud, n_customers=n_customers["fraud"]),
            "nonpayment": replace(
                nonpayment, n_customers=n_customers["late"], trained_on=earlier
            ),
        }
        return Advisor(bundles, policy).n_customers

    assert base(fraud=90, late=100) == 90
    assert base(fraud=None, late=100) == 100
    assert base(fraud=None, late=None) is None


def test_without_any_bundle_there_is_no_advisor(policy: Policy) -> None:
    with pytest.raises(NoBundleError):
        Advisor({}, policy)


def test_bundles_of_two_portfolios_do_not_mix(
    bundle_of: BundleOf, policy: Policy, portfolio: Portfolio
) -> None:
    from dataclasses import replace

    changes: dict[str, Any] = {"materiality": Decimal(100), "timezone": "Asia/Taipei"}
    elsewhere = portfolio.settings.model_copy(update=changes)
    other = replace(bundle_of("fraud"), settings=elsewhere)
    with pytest.raises(SettingsDifferError, match="materiality, timezone"):
        Advisor({"fraud": other, "nonpayment": bundle_of("nonpayment")}, policy)
    alone = Advisor({"fraud": other}, policy)
    with pytest.raises(SettingsDifferError, match="the portfolio"):
        advise_portfolio(alone, portfolio, latest_snapshots(portfolio))


def test_champions_of_two_portfolios_are_a_misfit(
    bundle_of: BundleOf, tmp_path: Path
) -> None:
    from dataclasses import replace

    def publish(bundle: Bundle) -> None:
        publish_bundle(bundle.save(tmp_path / "trained"), tmp_path, bundle.target)

    publish(bundle_of("fraud"))
    publish(bundle_of("nonpayment"))
    assert misfit(tmp_path) is None
    settings = bundle_of("fraud").settings
    elsewhere = settings.model_copy(update={"materiality": Decimal(100)})
    publish(replace(bundle_of("fraud"), settings=elsewhere))
    assert "materiality" in str(misfit(tmp_path))


def test_a_policy_in_another_currency_is_refused(
    bundle_of: BundleOf, policy: Policy
) -> None:
    there = Policy(in_currency(policy, "TWD", 32.0).document, "ours.yaml")
    with pytest.raises(CurrencyMismatchError, match=r"\(ours.yaml\) counts in TWD"):
        Advisor({"fraud": bundle_of("fraud")}, there)


def test_where_nobody_states_a_currency_the_refusal_says_where_to(
    policy: Policy,
) -> None:
    """A service of a starter knows no portfolio whose rates it could be sent to."""
    there = Policy(in_currency(policy, "TWD", 32.0).document, "ours.yaml")
    with pytest.raises(CurrencyMismatchError, match=r"`currency: TWD`.* FORBEAR_"):
        Advisor(starters(), there)
    stated = PortfolioSettings(currency="TWD")
    assert Advisor(starters(), there, stated).policy.document.currency == "TWD"


def test_a_rate_converts_the_policy_and_the_default_goes_without(
    bundle_of: BundleOf, policy: Policy
) -> None:
    from dataclasses import replace

    bundle = bundle_of("fraud")
    euros = policy.document.guardrails.suspend.min_exposure

    def advisor(**changes: object) -> Advisor:
        settings = bundle.settings.model_copy(update={"currency": "TWD", **changes})
        return Advisor({"fraud": replace(bundle, settings=settings)}, default_policy())

    at_par, converted = advisor(), advisor(rates={"EUR": Decimal(32)})
    assert at_par.policy.document.guardrails.suspend.min_exposure == euros
    assert at_par.currency_note is not None
    assert converted.policy.document.guardrails.suspend.min_exposure == 32 * euros
    assert converted.currency_note is None


def test_a_missing_model_of_fraud_is_noted_with_what_stands_in(
    bundle_of: BundleOf, policy: Policy
) -> None:
    [note] = Advisor({"nonpayment": bundle_of("nonpayment")}, policy).notes
    assert "no model of fraud" in note
    assert "`forbear promote fraud` puts it in force" in note
    assert "add outcomes or disputes" in note


def test_a_missing_model_of_nonpayment_is_noted_with_what_stands_in(
    bundle_of: BundleOf, policy: Policy
) -> None:
    [note] = Advisor({"fraud": bundle_of("fraud")}, policy).notes
    assert "no model of non-payment: its probability counts as none" in note
    assert "`forbear promote nonpayment` puts it in force" in note
    assert "`forbear rollback nonpayment --to-starter" in note


def test_a_horizon_that_differs_from_the_models_is_noted(
    bundle_of: BundleOf, policy: Policy
) -> None:
    both = {str(target): bundle_of(target) for target in TARGETS}
    assert Advisor(both, policy).notes == ()
    shorter = replace(both["fraud"], horizon_days=30)
    [note] = Advisor(both | {"fraud": shorter}, policy).notes
    assert "fraud 30" in note
