"""`Advisor`: one customer's events → features, scores, account facts → recommendation.

Endpoint, portfolio run, replay and simulation all come through here, so their
numbers cannot differ.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from advice.advice import Advice, Inputs, Row
from advice.counterfactual import counterfactuals
from advice.currency import currency_note, in_portfolio_currency
from advice.joint_reasons import JointReason, joint_reasons, loss_shares
from advice.kept_customer import KeptCustomer
from advice.knowledge import (
    base_size,
    inputs_missing,
    missing_parts,
    settings_of,
    starts_with,
    trained_tables,
)
from advice.ladder_reason import ladder_reason
from advice.promises import (
    horizon_note,
    materiality_note,
    missing_model_note,
    settlement_note,
    starter_note,
    zone_note,
)
from advice.question_context import QuestionContext
from advice.remedies import Situation
from decisions.actions import Action
from decisions.case import BudgetUse, Case
from decisions.engine import NOTHING_USED, recommend
from decisions.policy_file.load import Policy, default_policy
from decisions.recommendation import Recommendation
from features.account import Accounts
from features.events import Events
from features.facts import AccountFacts
from features.feature_set import FeatureSet
from features.moments import microseconds
from features.online import OnlineCompiler
from features.settings import PortfolioSettings
from scoring.bundle import Bundle
from scoring.predictor import Predictor
from scoring.reasons import MOST, reasons

_NOTHING: Mapping[str, datetime] = {}
_KEPT = 32  # combinations of tables for which compilers are kept ready
_ALL = 1_000  # families, more than there are


class Advisor:
    """Bundles and a policy, put together once and asked many times.

    Args:
        bundles: by target; one of them is enough. Without the other its probability
            is null and the decision rests on the one there is.
        policy: decides, in the portfolio's currency (see `advice.currency`).
        settings: of the portfolio or of a settings file; default: the bundles'. What
            features depend on must be as the bundles have it.

    Raises:
        NoBundleError, SettingsDifferError, CurrencyMismatchError: they do not fit.
    """

    def __init__(
        self,
        bundles: Mapping[str, Bundle],
        policy: Policy,
        settings: PortfolioSettings | None = None,
    ) -> None:
        self.bundles = dict(sorted(bundles.items()))
        self.settings = settings_of(bundles, settings)
        self._stated_policy = policy
        self.policy = in_portfolio_currency(policy, self.settings)
        self.currency_note = currency_note(policy, self.settings)
        is_shipped = policy.hash == default_policy().hash
        declared = (
            self.currency_note,
            settlement_note(self.policy, self.settings),
            materiality_note(self.policy, self.settings),
            # nobody chose the timezone of the policy that ships
            None if is_shipped else zone_note(policy, self.settings),
            horizon_note(self.policy, self.bundles),
            starter_note(self.bundles),
            missing_model_note(self.bundles),
        )
        self.notes = tuple(note for note in declared if note is not None)
        self.predictors = {t: Predictor(b) for t, b in self.bundles.items()}
        self.trained_tables = trained_tables(self.bundles.values())
        self.n_customers = base_size(self.bundles.values())
        unproven = {t for t, b in self.bundles.items() if not b.is_proven}
        self._nonpayment_days = _days_of_nonpayment(self.bundles)
        self._starter = frozenset(t for t in unproven if self.bundles[t].is_starter)
        self._unproven = frozenset(unproven - self._starter)
        self._compilers = lru_cache(_KEPT)(self._make_compilers)

    def with_bundles(
        self, bundles: Mapping[str, Bundle], settings: PortfolioSettings
    ) -> "Advisor":
        """The same policy with other bundles, under the settings of a portfolio."""
        return Advisor(bundles, self._stated_policy, settings)

    @property
    def nonpayment_given_fraud(self) -> float:
        """P(non-payment | fraud) as the bundles estimate it; 0 where none does."""
        stated = (bundle.nonpayment_given_fraud for bundle in self.bundles.values())
        return next((rho for rho in stated if rho is not None), 0.0)

    def advise(
        self,
        events: Events,
        as_of: datetime,
        *,
        tables: frozenset[str] | None = None,
        observed_until: datetime | None = None,
        observed: Mapping[str, datetime] = _NOTHING,
        budget_use: BudgetUse = NOTHING_USED,
        previous: Action | None = None,
        previous_at: datetime | None = None,
        named: Mapping[str, datetime] = _NOTHING,
        with_counterfactuals: bool = False,
        explains_none: bool = True,
        kept: KeptCustomer | None = None,
        inputs: Inputs | None = None,
    ) -> Advice:
        """Advice about one customer from the events known at `as_of`.

        Args:
            events: all of the customer's rows; later ones change nothing.
            as_of: aware moment; the policy in force then decides.
            tables: those that were looked at, the empty ones included; what was not
                looked at is unknown, not zero. Default: all the models were trained on.
            observed_until: how far the events observe; default `as_of`.
            observed: the same by table, where one is observed less far.
            budget_use: what depends on other customers.
            previous: the action recommended last time, for hysteresis.
            previous_at: when that was.
            named: notices asked for before, by name, and when; they count where no
                contacts are kept.
            with_counterfactuals: also say what would change the answer; every thing
                tried costs one more scoring, without contributions.
            explains_none: also give reasons where nothing is recommended.
            kept: the same events and tables, where they are kept (`kept_customer`).
            inputs: what the events once came to; they decide then, and `events` only
                says what counterfactuals are tried on.
        """
        looked_at = self.settings.tables if tables is None else tables
        moment = microseconds(as_of)
        stated = observed_until, observed, previous, previous_at, named
        context = QuestionContext(*stated)
        if inputs is None:
            inputs = Inputs(*self._rows(events, moment, looked_at, kept))
        facts, rows = inputs.facts, inputs.rows
        case = self.case_of(facts, self._probabilities(rows), context)
        recommendation = self._decide(case, budget_use)
        is_explained = explains_none or recommendation.action != "none"
        reasons = self._reasons(case, recommendation, rows) if is_explained else None
        advice = Advice(case, recommendation, reasons, rows=rows)
        if not with_counterfactuals:
            return advice

        def ask_again(imagined: Events) -> Recommendation:
            facts, rows = self._rows(imagined, moment, looked_at)
            case = self.case_of(facts, self._probabilities(rows), context)
            return self._decide(case, budget_use)

        situation = self._situation(events, advice)
        return replace(advice, counterfactuals=counterfactuals(situation, ask_again))

    def _situation(self, events: Events, advice: Advice) -> Situation:
        settings, _ = self._compilers(advice.facts.tables)
        terms = self.policy.in_force(advice.as_of) or self.policy.latest
        answer = advice.recommendation
        return Situation(events, advice.facts, answer, terms.document, settings)

    def kept_customer(self, events: Events, tables: frozenset[str]) -> KeptCustomer:
        """A customer who is asked about again and again."""
        return self._compilers(tables)[1].kept(events)

    def _rows(
        self,
        events: Events,
        moment: int,
        tables: frozenset[str],
        kept: KeptCustomer | None = None,
    ) -> tuple[AccountFacts, dict[str, Row]]:
        """Facts, and the features (F,) of each target that can be scored."""
        kept = kept or self._compilers(tables)[1].kept(events)
        facts, rows = kept.look(moment)
        rows = {
            target: row
            for target, row in rows.items()
            if starts_with(self.bundles[target], facts.tables)
        }
        return facts, rows

    def _probabilities(self, rows: Mapping[str, Row]) -> dict[str, float]:
        return {
            target: self.predictors[target].probability_of_row(row)
            for target, row in rows.items()
        }

    def _reasons(
        self, case: Case, recommendation: Recommendation, rows: Mapping[str, Row]
    ) -> tuple[JointReason, ...]:
        def parts_of(target: str) -> Row:
            row = rows[target][None]
            parts: Row = self.predictors[target].explain(row).contributions[0]
            return parts

        return self.reasons_of(case, recommendation, rows, parts_of)

    def reasons_of(
        self,
        case: Case,
        recommendation: Recommendation,
        rows: Mapping[str, Row],
        parts_of: Callable[[str], Row],
    ) -> tuple[JointReason, ...]:
        """Why: the days of the ladder where they decide, and then these alone.

        Else, and where a policy by days asks for a probability too, why the
        probabilities are high, weighted by the loss behind them.

        Args:
            case: what the policy looked at.
            recommendation: made from these numbers.
            rows: features (F,) per target.
            parts_of: contributions (F + 1,) of a target, where they are asked for.
        """
        terms = self.policy.in_force(recommendation.at)
        by_days = ladder_reason(case, recommendation, terms)
        if by_days and terms and not recommendation.asks_for_probability(terms):
            return (by_days,)
        weights = loss_shares(recommendation, terms.model if terms else None)
        by_target = {
            target: reasons(
                self.bundles[target],
                row,
                parts_of(target),
                most=_ALL,
                covered=1.0,
                least=0.0,
            )
            for target, row in rows.items()
        }
        first = () if by_days is None else (by_days,)
        return (*first, *joint_reasons(by_target, weights, most=MOST - len(first)))

    def case_of(
        self,
        facts: AccountFacts,
        p: Mapping[str, float],
        context: QuestionContext,
    ) -> Case:
        """What the policy looks at.

        Args:
            facts: of the customer, as of the moment of the decision.
            p: probability per target that could be scored.
            context: how far the data observe, and what was decided before.
        """
        return Case(
            facts=facts,
            p_fraud=p.get("fraud"),
            p_nonpayment=p.get("nonpayment"),
            nonpayment_given_fraud=self.nonpayment_given_fraud,
            missing=missing_parts(self.trained_tables, facts),
            observed_until=context.observed_until,
            observed=context.observed,
            starter=self._starter & p.keys(),
            unproven=self._unproven & p.keys(),
            inputs_missing={t: inputs_missing(self.bundles[t], facts) for t in p},
            named=context.named,
            previous=context.previous,
            previous_at=context.previous_at,
            zone=self.settings.zone,
            nonpayment_days=self._nonpayment_days,
        )

    def _decide(self, case: Case, budget_use: BudgetUse) -> Recommendation:
        return recommend(case, self.policy, case.facts.as_of, budget_use)

    def _make_compilers(
        self, tables: frozenset[str]
    ) -> tuple[PortfolioSettings, "_Compilers"]:
        settings = self.settings.model_copy(update={"tables": tables})
        return settings, _Compilers(self.bundles, settings)


def _days_of_nonpayment(bundles: Mapping[str, Bundle]) -> int | None:
    """Days overdue that are non-payment itself by the labels of its model, if any."""
    bundle = bundles.get("nonpayment")
    labels = bundle and bundle.settings.labels.nonpayment
    return labels.days_past_due if labels and labels.source == "events" else None


class _Compilers:
    """Online compilers of all targets; targets with equal features share one.

    How the customer stands is found once, for all of them and for the facts.
    """

    def __init__(
        self, bundles: Mapping[str, Bundle], settings: PortfolioSettings
    ) -> None:
        self._accounts = Accounts(settings)
        self._shared: list[tuple[OnlineCompiler, list[str]]] = []
        seen: list[tuple[FeatureSet, list[str]]] = []
        for target, bundle in bundles.items():
            features = bundle.feature_set
            targets = next((t for known, t in seen if known == features), None)
            if targets is None:
                targets = []
                seen.append((features, targets))
                self._shared.append((OnlineCompiler(features, settings), targets))
            targets.append(target)

    def kept(self, events: Events) -> KeptCustomer:
        """The customer of these events, for one moment or for several."""
        return KeptCustomer(
            self._accounts.kept(events),
            [(compiler.kept(events), targets) for compiler, targets in self._shared],
        )
