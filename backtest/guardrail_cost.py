"""What each guard-rail costs: a day decided again with that guard-rail taken away.

The cost of a guard-rail on a day is the expected cost of what was recommended less that
of what would have been recommended without it. Days are averaged, not summed: a
customer held back for a month is one customer, not thirty. The costs do not add up,
because several guard-rails often hold the same customer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from backtest.day_decisions import DayDecisions
from decisions.actions import (
    REMIND_BIT,
    REVIEW_BIT,
    STEP_BITS,
    STOP_BITS,
    SUSPEND,
)
from decisions.money.inputs import Inputs
from decisions.rules.catalogue import PRICE_LINES, RULE_BY_CODE, RULES
from decisions.rules.eligibility import Eligibility
from decisions.rules.price_lines import LADDER
from decisions.rules.reason import Withheld, bits_withheld
from decisions.rules.rule import PriceLine
from decisions.steps.choose_columns import run
from decisions.steps.columns import Columns
from decisions.terms import Terms
from features.arrays import FloatArray, IntArray
from wording.messages import messages

PathBits = tuple[int, int, int, int]  # ordinary, high use, fraud, suspicion


class GuardrailCost(NamedTuple):
    """What one guard-rail costs on a day, in expected money.

    `n_changed` counts customers who would be treated differently without it; a mean
    over days has a fraction.
    """

    guardrail: str
    title: str
    cost: float
    n_changed: float


@dataclass(frozen=True)
class DayCosts:
    """Expected cost of one day's decisions, and what each guard-rail adds to it.

    Of all customers decided about, but for those whose stop goes on or who were
    reviewed lately.

    Args:
        nothing: cost of doing nothing about anybody.
        proposed: of what costs least for each customer.
        recommended: of what the policy permits.
        guardrails: in the order of the catalogue.
    """

    nothing: float
    proposed: float
    recommended: float
    guardrails: tuple[GuardrailCost, ...]


def day_costs(decisions: DayDecisions, costs: FloatArray) -> DayCosts:
    """Price the guard-rails of one day.

    Args:
        decisions: of the day.
        costs: (customers, 6) expected cost per action.
    """
    answer = decisions.answer
    is_counted = (
        (answer.recommended >= 0)
        & (np.asarray(decisions.columns.inputs.in_force) == 0)
        & ~decisions.is_rested
        & ~np.isnan(costs[decisions.customers, 0])
    )
    counted_costs = costs[decisions.customers[is_counted]]

    def total(action: IntArray) -> float:
        chosen = action[is_counted, None]
        return float(np.take_along_axis(counted_costs, chosen, axis=1).sum())

    recommended = total(answer.recommended)
    titles = messages("en")
    guardrails = []
    for line in PRICE_LINES:
        without = _recommended_without(decisions, line)
        n_changed = int((without != answer.recommended)[is_counted].sum())
        title = str(titles[f"prices.{line.name}"])
        cost = recommended - total(without)
        guardrails.append(GuardrailCost(line.name, title, cost, n_changed))
    return DayCosts(
        nothing=float(counted_costs[:, 0].sum()),
        proposed=total(answer.proposed),
        recommended=recommended,
        guardrails=tuple(guardrails),
    )


def _recommended_without(decisions: DayDecisions, line: PriceLine) -> IntArray:
    """(n,) what would be recommended without the rules of a price line."""
    columns, terms = _without(decisions, line)
    if terms is decisions.terms and _is_same(columns.inputs, decisions.columns.inputs):
        return decisions.answer.recommended  # these rules hold nobody today
    return run(columns, terms, decisions.today.at, decisions.budget_use).recommended


def _is_same(inputs: Inputs, others: Inputs) -> bool:
    return all(map(np.array_equal, inputs, others))


def _without(decisions: DayDecisions, line: PriceLine) -> tuple[Columns, Terms]:
    if line.without is None:
        codes = frozenset(rule.code for rule in RULES if rule.price == line)
        return _without_reasons(decisions, codes), decisions.terms
    inputs, terms = line.without(decisions.columns.inputs, decisions.terms)
    return replace(decisions.columns, inputs=inputs), terms


def _without_reasons(decisions: DayDecisions, codes: frozenset[str]) -> Columns:
    """Columns in which the reasons with these codes do not hold.

    Each customer has three bit masks of withheld actions, one per path. They are made
    again from the reasons that are left. A quiet customer has no reasons but that
    nothing is overdue and that there is no sign of fraud.
    """
    inputs, n_quiet = decisions.columns.inputs, decisions.n_quiet
    ordinary = np.array(inputs.ordinary_bits)
    high_usage = np.array(inputs.high_usage_bits)
    fraud = np.array(inputs.fraud_bits)
    suspicion = np.array(inputs.suspicion_bits)
    if "nothing_overdue" in codes:
        # without arrears there is no ladder state: what needs a notice is withheld
        ordinary[:n_quiet] = STOP_BITS | REMIND_BIT
    if "no_evidence" in codes and decisions.terms.document.fraud_path is not None:
        fraud[:n_quiet] = REMIND_BIT
    for row in range(n_quiet, len(decisions)):
        eligibility = decisions.eligibility(row)
        if eligibility is not None and _codes(eligibility) & codes:
            ordinary[row], high_usage[row], fraud[row], suspicion[row] = _bits_without(
                eligibility, codes
            )
    rested = np.where(decisions.is_rested, REVIEW_BIT, 0)
    return replace(
        decisions.columns,
        inputs=inputs._replace(
            ordinary_bits=ordinary | rested,
            high_usage_bits=high_usage | rested,
            fraud_bits=fraud | rested,
            suspicion_bits=suspicion | rested,
        ),
    )


def _codes(eligibility: Eligibility) -> set[str]:
    paths = (
        eligibility.ordinary,
        eligibility.high_usage or (),
        eligibility.fraud or (),
        eligibility.suspicion or (),
    )
    return {reason.code for path in paths for reason in path}


def _bits_without(eligibility: Eligibility, codes: frozenset[str]) -> PathBits:
    """Masks of what is still withheld on each path when reasons are dropped.

    Where there are no arrears the ladder was never asked: without that reason the
    customer has no ladder state, and what needs one stays withheld.
    """
    is_on_ladder = eligibility.position.state is not None or any(
        _is_of_the_ladder(reason) for reason in eligibility.ordinary
    )
    ordinary = 0 if is_on_ladder else STOP_BITS | REMIND_BIT
    high_usage = STEP_BITS if eligibility.high_usage is None else REMIND_BIT
    fraud = STEP_BITS if eligibility.fraud is None else REMIND_BIT
    suspicion = STEP_BITS & ~(1 << SUSPEND)
    if eligibility.suspicion is None:
        suspicion = STEP_BITS
    return (
        ordinary | _bits(eligibility.ordinary, codes),
        high_usage | _bits(eligibility.high_usage or (), codes),
        fraud | _bits(eligibility.fraud or (), codes),
        suspicion | _bits(eligibility.suspicion or (), codes),
    )


def _is_of_the_ladder(reason: Withheld) -> bool:
    rule = RULE_BY_CODE.get(reason.code)
    return rule is not None and rule.price == LADDER


def _bits(reasons: Sequence[Withheld], dropped: frozenset[str]) -> int:
    """What reasons withhold, but for those that are dropped."""
    return bits_withheld(reason for reason in reasons if reason.code not in dropped)


def mean_guardrail_costs(days: Sequence[DayCosts]) -> list[GuardrailCost]:
    """Costs of guard-rails on an average day, the dearest first."""
    means = [
        GuardrailCost(
            one_by_day[0].guardrail,
            one_by_day[0].title,
            cost=float(np.mean([day.cost for day in one_by_day])),
            n_changed=float(np.mean([day.n_changed for day in one_by_day])),
        )
        for one_by_day in zip(*(day.guardrails for day in days), strict=True)
    ]
    return sorted(means, key=lambda mean: (-mean.cost, mean.guardrail))
