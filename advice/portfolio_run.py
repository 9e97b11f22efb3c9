"""Advice about a whole portfolio: features in bulk, conclusions one by one.

Features and probabilities of many snapshots come from the batch compiler; facts and
recommendation from the very functions that answer one customer.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from advice.advice import Advice, reason_row
from advice.knowledge import require_same
from advice.question_context import QuestionContext
from decisions.actions import ACTIONS
from decisions.case import BudgetUse, Case
from decisions.policy_file.load import Policy
from decisions.steps.portfolio import recommend_many
from features.account import account_facts
from features.batch import feature_table, matrix
from features.moments import to_datetime
from features.portfolio import Portfolio
from features.targets import TARGETS
from scoring.points import band, points
from wording.answer import answer_in_words

if TYPE_CHECKING:
    from advice.advisor import Advisor

Matrix = npt.NDArray[np.float64]

_REASONS = pa.list_(
    pa.struct(
        [
            ("family", pa.string()),
            ("share", pa.float64()),
            ("targets", pa.list_(pa.string())),
            ("feature", pa.string()),
            ("value", pa.string()),
            ("typical", pa.string()),
            ("staff", pa.string()),
            ("customer", pa.string()),
        ]
    )
)
_THRESHOLDS = pa.list_(
    pa.struct([("action", pa.string()), ("probability", pa.float64())])
)
_WITHHELD = pa.list_(
    pa.struct(
        [
            ("code", pa.string()),
            ("actions", pa.list_(pa.string())),
            ("sentence", pa.string()),
            ("permitted_from", pa.timestamp("us", tz="UTC")),
        ]
    )
)
_NOTICES = pa.list_(
    pa.struct(
        [
            ("notice", pa.string()),
            ("state", pa.string()),
            ("channel", pa.string()),
            ("send_by", pa.timestamp("us", tz="UTC")),
            ("invoices", pa.list_(pa.string())),
            ("is_final_warning", pa.bool_()),
        ]
    )
)
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("as_of", pa.timestamp("us", tz="UTC")),
        ("p_fraud", pa.float64()),
        ("p_nonpayment", pa.float64()),
        ("band_fraud", pa.string()),
        ("band_nonpayment", pa.string()),
        ("points_fraud", pa.int64()),
        ("points_nonpayment", pa.int64()),
        ("proposed_action", pa.string()),
        ("action", pa.string()),
        ("action_in_run", pa.string()),
        ("is_beyond_budget", pa.bool_()),
        ("no_decision", pa.string()),
        ("sentence", pa.string()),  # why there is no decision
        ("in_force", pa.bool_()),
        ("requires_person", pa.bool_()),
        ("person_because", pa.list_(pa.string())),
        ("mode", pa.string()),
        ("state", pa.string()),
        ("permitted_from", pa.timestamp("us", tz="UTC")),
        ("restore_by", pa.timestamp("us", tz="UTC")),
        ("restored_by", pa.string()),
        ("stability", pa.float64()),
        ("currency", pa.string()),
        ("open", pa.float64()),
        ("run_up", pa.float64()),
        ("clv", pa.float64()),
        ("overdue", pa.float64()),
        ("actionable", pa.float64()),
        ("days_overdue", pa.int64()),
        ("assumed", pa.list_(pa.string())),
        *((f"expected_cost_{action}", pa.float64()) for action in ACTIONS),
        ("thresholds_fraud", _THRESHOLDS),
        ("thresholds_nonpayment", _THRESHOLDS),
        ("withheld", _WITHHELD),
        ("notices_due", _NOTICES),
        ("reasons", _REASONS),
        ("missing", pa.list_(pa.string())),
        ("policy", pa.string()),
    ]
)


def portfolio_run(
    advisor: "Advisor",
    portfolio: Portfolio,
    snapshots: pa.Table,
    budget_use: BudgetUse,
    named: Mapping[str, Mapping[str, datetime]],
) -> pa.Table:
    """One row of advice per snapshot, in the order of `snapshots`.

    `action` is what the policy permits for the customer alone, as the service answers;
    `action_in_run` is what is left of it when the whole run shares the policy's
    suspension budgets and review queue, per moment; `is_beyond_budget` marks the stops
    that the mass-action breaker turned into reviews.

    Args:
        advisor: bundles and policy.
        portfolio: must have the settings the bundles were trained with.
        snapshots: customer_id (string), as_of (int64 µs).
        budget_use: what depends on other customers; the same for every row.
        named: by customer, notices asked for before; see `QuestionContext`.

    Raises:
        SettingsDifferError: if the portfolio is another one than the bundles'.
    """
    if snapshots.num_rows == 0:  # nobody was known at that moment
        return _table(advisor, [])
    advisor = advisor.at_home(portfolio, pc.min(snapshots["as_of"]).as_py())
    require_same("the bundles", advisor.settings, "the portfolio", portfolio.settings)
    numbers = _Numbers(advisor, portfolio, snapshots)
    rows: list[dict[str, Any]] = [{}] * snapshots.num_rows
    places: dict[datetime, list[int]] = defaultdict(list)
    cases: dict[datetime, list[Case]] = defaultdict(list)
    for i, advice in _advices(
        advisor, portfolio, snapshots, numbers, budget_use, named
    ):
        rows[i] = advice_row(advice, advisor.policy)
        places[advice.as_of].append(i)
        cases[advice.as_of].append(advice.case)
    for at, members in cases.items():
        whole = replace(budget_use, n_customers=budget_use.n_customers or len(members))
        run = recommend_many(members, advisor.policy, at, whole)
        shared = zip(places[at], run.actions(run.recommended), run.broken, strict=True)
        for i, action, is_beyond in shared:
            rows[i] |= {"action_in_run": action, "is_beyond_budget": bool(is_beyond)}
    return _table(advisor, rows)


def _table(advisor: "Advisor", rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA).replace_schema_metadata(
        {
            "policy_hash": advisor.policy.hash,
            **{f"bundle_{t}": b.bundle_id for t, b in advisor.bundles.items()},
        }
    )


class _Numbers:
    """Features, probability and contributions of all snapshots, per target."""

    def __init__(
        self, advisor: "Advisor", portfolio: Portfolio, snapshots: pa.Table
    ) -> None:
        tables: dict[str, pa.Table] = {}
        self.rows: dict[str, Matrix] = {}
        self.p: dict[str, Matrix] = {}
        self.parts: dict[str, Matrix] = {}
        for target, bundle in advisor.bundles.items():
            features = bundle.feature_set
            if features.hash not in tables:
                tables[features.hash] = feature_table(portfolio, snapshots, features)
            rows = matrix(tables[features.hash], features)
            self.rows[target] = rows
            self.p[target], self.parts[target] = advisor.predictors[target].explain(
                rows
            )

    def of(
        self, i: int
    ) -> tuple[Mapping[str, Matrix], dict[str, float], Mapping[str, Matrix]]:
        rows = {target: values[i] for target, values in self.rows.items()}
        p = {target: float(values[i]) for target, values in self.p.items()}
        return rows, p, {target: values[i] for target, values in self.parts.items()}


def _advices(
    advisor: "Advisor",
    portfolio: Portfolio,
    snapshots: pa.Table,
    numbers: _Numbers,
    budget_use: BudgetUse,
    named: Mapping[str, Mapping[str, datetime]],
) -> Iterator[tuple[int, Advice]]:
    """(row, advice), customer by customer."""
    places: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    ids, moments = snapshots["customer_id"].to_pylist(), snapshots["as_of"].to_pylist()
    for i, (customer_id, moment) in enumerate(zip(ids, moments, strict=True)):
        places[customer_id].append((i, moment))
    stand = _standpoint(portfolio)
    for events in portfolio.iter_events(places):
        theirs = replace(stand, named=named.get(events.customer_id, {}))
        for i, moment in places[events.customer_id]:
            facts = account_facts(events, moment, portfolio.settings)
            yield i, advisor.conclude(facts, *numbers.of(i), theirs, budget_use)


def advice_in(
    advisor: "Advisor",
    portfolio: Portfolio,
    customer_id: str,
    moment: int,
    *,
    with_counterfactuals: bool = False,
) -> Advice:
    """One customer of a portfolio at `moment` (µs), as `portfolio_run` answers."""
    stand = _standpoint(portfolio)
    return advisor.at_home(portfolio, moment).advise(
        portfolio.events(customer_id),
        to_datetime(moment),
        tables=portfolio.settings.tables,
        observed_until=stand.observed_until,
        observed=stand.observed,
        with_counterfactuals=with_counterfactuals,
    )


def _standpoint(portfolio: Portfolio) -> QuestionContext:
    """One table that ends early withholds stops; no news at all decides nothing."""
    observed = {name: to_datetime(end) for name, end in portfolio.observed.items()}
    until = max(observed.values(), default=to_datetime(portfolio.observed_until))
    return QuestionContext(until, observed)


def advice_row(advice: Advice, policy: Policy) -> dict[str, Any]:
    """One row of `SCHEMA`; its sentences are English."""
    given, exposure = advice.recommendation, advice.exposure()
    proposal = given.proposal
    told = answer_in_words("en", advice.case, given, policy)
    cost = {} if proposal is None else proposal.expected_cost or {}
    terms, back = policy.in_force(given.at), given.follow_up.reactivation
    thresholds = given.thresholds(None if terms is None else terms.model)
    return {
        "customer_id": advice.customer_id,
        "as_of": advice.as_of,
        **_scores("fraud", given.p_fraud),
        **_scores("nonpayment", given.p_nonpayment),
        "proposed_action": given.proposed_action,
        "action": given.action,
        "no_decision": given.code,
        "sentence": None if told.no_decision is None else told.no_decision.sentence,
        "in_force": given.permission.in_force,
        "requires_person": given.people.requires_person,
        "person_because": list(given.people.because),
        "mode": given.question.mode,
        "state": given.permission.ladder_state,
        "permitted_from": given.permission.permitted_from,
        "restore_by": None if back is None else back.restore_by,
        "restored_by": None if back is None else back.by,
        "stability": None if proposal is None else proposal.stability,
        "currency": given.question.currency,
        "open": exposure.open,
        "run_up": None if proposal is None else proposal.stake.run_up_cost,
        "clv": exposure.clv,
        "overdue": exposure.overdue,
        "actionable": exposure.actionable,
        "days_overdue": exposure.days_overdue,
        "assumed": list(given.question.assumed),
        **{f"expected_cost_{action}": cost.get(action) for action in ACTIONS},
        **{
            f"thresholds_{target}": [
                asdict(edge) for edge in thresholds.get(target, ())
            ]
            for target in TARGETS
        },
        "withheld": [
            {
                "code": w.code,
                "actions": list(w.actions),
                "sentence": w.sentence,
                "permitted_from": w.permitted_from,
            }
            for w in told.permission.withheld
        ],
        "notices_due": [
            {name: getattr(notice, name) for name in _NOTICES.value_type.names}
            for notice in given.follow_up.notices_due
        ],
        "reasons": [_texts(reason_row(reason)) for reason in advice.reasons or ()],
        "missing": list(given.question.missing),
        "policy": given.question.policy,
    }


def _scores(target: str, p: float | None) -> dict[str, Any]:
    return {
        f"p_{target}": p,
        f"band_{target}": None if p is None else band(p),
        f"points_{target}": None if p is None else points(p),
    }


def _texts(reason: dict[str, Any]) -> dict[str, Any]:
    """Values of features are numbers or words: one column needs one type."""
    for name in ("value", "typical"):
        if reason[name] is not None:
            reason[name] = str(reason[name])
    return reason
