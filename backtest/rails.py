"""What each guard-rail costs: the same book decided again with that one taken away.

The price of a guard-rail on a day is the expected cost of what was recommended less
that of what would have been recommended without it. Days are averaged, not summed:
a customer held back for a month is one customer, not thirty. Prices do not add up,
because several guard-rails often hold the same customer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from backtest.book import Ints
from backtest.scores import Floats
from backtest.world import Looked
from decisions.actions import ACTIONS
from decisions.policy.document import PolicyDocument
from decisions.rules.eligibility import STEP_BITS, STOP_BITS, Circumstances
from decisions.steps.columns import Columns
from decisions.steps.inputs import View
from decisions.steps.portfolio import run
from decisions.terms import Terms

Bits = tuple[int, int, int]
NEVER = 2.0  # no probability reaches it
_LADDER = frozenset(
    {
        "too_early",
        "cure_period",
        "notice_missing",
        "notice_undelivered",
        "notice_bounced",
        "not_suspended",
        "ladder_state",
        "no_ladder",
        "no_notice_due",
        "too_few_invoices",
        "too_little_overdue",
        "clock_not_started",
    }
)
_ARREARS = frozenset({"nothing_overdue", "arrears_unknown"})
# groups of withholding codes that one sentence of a policy stands for
BY_CODE: Mapping[str, tuple[str, frozenset[str]]] = {
    "not_overdue": ("Nobody who owes nothing overdue is pursued", _ARREARS),
    "ladder": ("Notices, their proof and the time to pay", _LADDER),
    "retries": (
        "A failed charge is tried again first",
        frozenset({"retry_pending"}),
    ),
    "dispute": ("Contested money is not owed", frozenset({"dispute"})),
    "promise": ("Promised money is waited for", frozenset({"promise"})),
    "payment_in_flight": (
        "A payment on its way is waited for",
        frozenset({"payment_in_flight"}),
    ),
    "materiality": (
        "Small arrears are left alone",
        frozenset({"below_materiality", "substantially_paid"}),
    ),
    "not_looked_at": (
        "What was not looked at, or not lately, is unknown",
        frozenset(
            {
                "payments_unknown",
                "disputes_unknown",
                "contacts_unknown",
                "holds_unknown",
                "stale_tables",
                "inputs_missing",
                "protecting_row_today",
            }
        ),
    ),
    "incomplete_data": (
        "A row that cannot be read may protect",
        frozenset({"incomplete_data", "unallocated_money"}),
    ),
    "override": ("A person's decision stands", frozenset({"override"})),
    "service_request": (
        "A service request needs a sign of fraud or its state",
        frozenset({"no_service_request"}),
    ),
    "holds": (
        "Exemptions, plans, legal and manual holds",
        frozenset({"exemption", "instalment_plan", "legal", "manual"}),
    ),
    "essential_service": (
        "Essential service is never cut off",
        frozenset({"essential_service"}),
    ),
    "open_appeal": ("An appeal is decided first", frozenset({"open_appeal"})),
    "calendar": (
        "Business hours, and no stop before a day off",
        frozenset({"day_off", "eve_of_day_off", "outside_hours", "holidays_unknown"}),
    ),
    "tenure": ("New customers are not stopped", frozenset({"new_customer"})),
    "cool_down": ("Access does not change twice in a row", frozenset({"cool_down"})),
    "evidence": ("The fraud path needs evidence", frozenset({"no_evidence"})),
}
Lighter = Callable[[Terms], Terms]


def _document(**changes: Any) -> Callable[[PolicyDocument], PolicyDocument]:  # noqa: ANN401
    def change(document: PolicyDocument) -> PolicyDocument:
        parts = {
            name: getattr(document, name).model_copy(update=values)
            for name, values in changes.items()
        }
        return document.model_copy(update=parts)

    return change


def _with(
    document: Callable[[PolicyDocument], PolicyDocument] | None = None,
    **numbers: Any,  # noqa: ANN401
) -> Lighter:
    def lighter(terms: Terms) -> Terms:
        if document is None:
            return replace(terms, **numbers)
        return replace(terms, document=document(terms.document), **numbers)

    return lighter


NO_BUDGET = {"per_hour": None, "per_day": None, "share_of_customers_per_day": None}
BY_TERMS: Mapping[str, tuple[str, Lighter]] = {
    "min_p_bad": ("A stop needs a likely bad payer", _with(min_p_bad=0.0)),
    "min_exposure": ("A stop needs money at stake", _with(min_exposure=0.0)),
    "block_floor": ("Blocking is for likely fraud", _with(min_p_fraud_block=0.0)),
    "fraud_floor": ("The fraud path needs likely fraud", _with(min_p_fraud_path=0.0)),
    "net_gain": ("An action must gain something", _with(min_net_gain=-np.inf)),
    "close_call": ("A close call goes to the milder action", _with(close_call_below=0)),
    "first_invoice": (
        "Who never paid and is late is looked at",
        _with(min_p_first_invoice=NEVER),
    ),
    "budget": ("Budget of stops", _with(_document(budget=NO_BUDGET))),
    "queue": (
        "Capacity of the review queue",
        _with(_document(review={"capacity_per_day": None})),
    ),
    "exploration": (
        "Randomised softer arm and holdout",
        _with(_document(exploration={"share": 0.0}, holdout={"share": 0.0})),
    ),
}


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
    answer, view = looked.answer, looked.columns.view
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
    for rail, title, columns, terms in _variants(looked):
        without = run(columns, terms, looked.today.at, looked.book).recommended
        changed = int((without != answer.recommended)[counted].sum())
        prices.append(Price(rail, title, base - total(without), changed))
    return Look(
        nothing=float(mine[:, 0].sum()),
        proposed=total(answer.proposed),
        recommended=base,
        prices=tuple(prices),
    )


def _variants(looked: Looked) -> list[tuple[str, str, Columns, Terms]]:
    found = []
    for rail, (title, codes) in BY_CODE.items():
        found.append((rail, title, _without(looked, codes), looked.terms))
    for rail, (title, lighter) in BY_TERMS.items():
        found.append((rail, title, looked.columns, lighter(looked.terms)))
    calm = looked.columns.view
    fresh = replace(
        looked.columns, view=calm._replace(previous=np.zeros_like(calm.previous))
    )
    found.append(("hysteresis", "Actions do not flap", fresh, looked.terms))
    return found


def _without(looked: Looked, codes: frozenset[str]) -> Columns:
    """Columns in which the reasons with these codes do not hold."""
    v = looked.columns.view
    bits = [np.array(b) for b in (v.ordinary_bits, v.high_usage_bits, v.fraud_bits)]
    n_plain = len(looked.who) - len(looked.cases)
    if "nothing_overdue" in codes:
        # they stand on no rung: what needs a notice stays withheld
        bits[0][:n_plain] = STOP_BITS | REMIND_ONLY
    if "no_evidence" in codes and looked.terms.document.fraud_path is not None:
        bits[2][:n_plain] = REMIND_ONLY
    for row in range(n_plain, len(looked.who)):
        seen = looked.seen(row)
        if seen is not None and _names(seen) & codes:
            for mask, left in zip(bits, _left(seen, codes), strict=True):
                mask[row] = left
    resting = np.where(looked.resting, REVIEW, 0)
    masks = [mask | resting for mask in bits]
    view: View = v._replace(
        ordinary_bits=masks[0], high_usage_bits=masks[1], fraud_bits=masks[2]
    )
    return replace(looked.columns, view=view)


def _names(seen: Circumstances) -> set[str]:
    ways = (seen.ordinary, seen.high_usage or (), seen.fraud or ())
    return {reason.code for way in ways for reason in way}


REMIND_ONLY = 1 << ACTIONS.index("remind")
REVIEW = 1 << ACTIONS.index("review")


def _left(seen: Circumstances, codes: frozenset[str]) -> Bits:
    """Masks of what is still withheld on each way.

    Where there is no arrears the ladder was never looked at: without that reason the
    customer stands on no rung, and what needs one stays withheld.
    """
    on_ladder = seen.position.state is not None or any(
        reason.code in _LADDER for reason in seen.ordinary
    )
    ordinary = 0 if on_ladder else STOP_BITS | REMIND_ONLY
    for reason in seen.ordinary:
        if reason.code not in codes:
            ordinary |= _mask(reason.actions)
    ways = []
    for way in (seen.high_usage, seen.fraud):
        mask = STEP_BITS if way is None else REMIND_ONLY
        for reason in way or ():
            if reason.code not in codes:
                mask |= _mask(reason.actions)
        ways.append(mask)
    return ordinary, ways[0], ways[1]


def _mask(actions: tuple[str, ...]) -> int:
    return sum(1 << ACTIONS.index(action) for action in actions)


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
