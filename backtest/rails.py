"""What each guard-rail costs: the same book decided again with that one taken away.

The price of a guard-rail on a day is the expected cost of what was recommended less
that of what would have been recommended without it. Days are averaged, not summed:
a customer held back for a month is one customer, not thirty. Prices do not add up,
because several guard-rails often hold the same customer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from backtest.book import Ints
from backtest.scores import Floats
from backtest.world import Looked
from decisions.actions import REMIND_BIT, REVIEW_BIT, STEP_BITS, STOP_BITS, bits_of
from decisions.inputs import Inputs
from decisions.recommendation import Withheld
from decisions.rules.catalogue import LADDER, PRICE_LINES, RULE_BY_CODE, RULES
from decisions.rules.eligibility import Eligibility
from decisions.rules.rule import PriceLine
from decisions.steps.columns import Columns
from decisions.steps.portfolio import run
from decisions.terms import Terms
from wording.messages import messages

Bits = tuple[int, int, int]


class Price(NamedTuple):
    """What one guard-rail costs in a book of one day, in expected money.

    `changed` counts customers who would be treated differently without it.
    """

    rail: str
    title: str
    price: float
    changed: float


@dataclass(frozen=True)
class Look:
    """Expected cost of one day's book, and the price of what holds it back.

    Rows: everybody decided about, but for those whose stop goes on or who were
    reviewed lately.
    """

    nothing: float
    proposed: float
    recommended: float
    prices: tuple[Price, ...]


def priced(looked: Looked, costs: Floats) -> Look:
    """Price the guard-rails of one day.

    Args:
        looked: the day, as the policy decided it.
        costs: (customers, 6) expected cost per action.
    """
    answer, view = looked.answer, looked.columns.inputs
    counted = (
        (answer.recommended >= 0)
        & (np.asarray(view.in_force) == 0)
        & ~looked.resting
        & ~np.isnan(costs[looked.who, 0])
    )
    mine = costs[looked.who[counted]]

    def total(action: Ints) -> float:
        return float(np.take_along_axis(mine, action[counted, None], axis=1).sum())

    base = total(answer.recommended)
    prices = []
    titles = messages("en")
    for line in PRICE_LINES:
        columns, terms = _without(looked, line)
        without = run(columns, terms, looked.today.at, looked.book).recommended
        changed = int((without != answer.recommended)[counted].sum())
        title = str(titles[f"prices.{line.name}"])
        prices.append(Price(line.name, title, base - total(without), changed))
    return Look(
        nothing=float(mine[:, 0].sum()),
        proposed=total(answer.proposed),
        recommended=base,
        prices=tuple(prices),
    )


def _without(looked: Looked, line: PriceLine) -> tuple[Columns, Terms]:
    """What is decided about, and by which terms, without the rules of a price line."""
    if line.without is None:
        codes = frozenset(rule.code for rule in RULES if rule.price == line)
        return _without_reasons(looked, codes), looked.terms
    view, terms = line.without(looked.columns.inputs, looked.terms)
    return replace(looked.columns, inputs=view), terms


def _without_reasons(looked: Looked, codes: frozenset[str]) -> Columns:
    """Columns in which the reasons with these codes do not hold."""
    v = looked.columns.inputs
    bits = [np.array(b) for b in (v.ordinary_bits, v.high_usage_bits, v.fraud_bits)]
    n_plain = len(looked.who) - len(looked.cases)
    if "nothing_overdue" in codes:
        # they stand on no rung: what needs a notice stays withheld
        bits[0][:n_plain] = STOP_BITS | REMIND_BIT
    if "no_evidence" in codes and looked.terms.document.fraud_path is not None:
        bits[2][:n_plain] = REMIND_BIT
    for row in range(n_plain, len(looked.who)):
        seen = looked.seen(row)
        if seen is not None and _codes(seen) & codes:
            for mask, left in zip(bits, _left(seen, codes), strict=True):
                mask[row] = left
    resting = np.where(looked.resting, REVIEW_BIT, 0)
    masks = [mask | resting for mask in bits]
    view: Inputs = v._replace(
        ordinary_bits=masks[0], high_usage_bits=masks[1], fraud_bits=masks[2]
    )
    return replace(looked.columns, inputs=view)


def _codes(seen: Eligibility) -> set[str]:
    ways = (seen.ordinary, seen.high_usage or (), seen.fraud or ())
    return {reason.code for way in ways for reason in way}


def _left(seen: Eligibility, codes: frozenset[str]) -> Bits:
    """Masks of what is still withheld on each way.

    Where there is no arrears the ladder was never looked at: without that reason the
    customer stands on no rung, and what needs one stays withheld.
    """
    on_ladder = seen.position.state is not None or any(
        _is_of_the_ladder(reason) for reason in seen.ordinary
    )
    ordinary = 0 if on_ladder else STOP_BITS | REMIND_BIT
    shorter = STEP_BITS if seen.high_usage is None else REMIND_BIT
    fraud = STEP_BITS if seen.fraud is None else REMIND_BIT
    return (
        ordinary | _bits(seen.ordinary, codes),
        shorter | _bits(seen.high_usage or (), codes),
        fraud | _bits(seen.fraud or (), codes),
    )


def _is_of_the_ladder(reason: Withheld) -> bool:
    rule = RULE_BY_CODE.get(reason.code)
    return rule is not None and rule.price == LADDER


def _bits(reasons: Sequence[Withheld], dropped: frozenset[str]) -> int:
    """What reasons withhold, but for those that are dropped."""
    left = (reason for reason in reasons if reason.code not in dropped)
    return bits_of(action for reason in left for action in reason.actions)


def mean_prices(looks: Sequence[Look]) -> list[Price]:
    """Prices on an average day, the dearest first."""
    if not looks:
        return []
    found = []
    for same in zip(*(look.prices for look in looks), strict=True):
        price = float(np.mean([p.price for p in same]))
        changed = float(np.mean([p.changed for p in same]))
        found.append(Price(same[0].rail, same[0].title, price, changed))
    return sorted(found, key=lambda p: (-p.price, p.rail))
