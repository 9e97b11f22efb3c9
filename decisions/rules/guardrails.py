"""Guard-rails on numbers: what probabilities and money withhold.

Every expression here takes one customer's numbers or a portfolio's columns alike. A new
guard-rail is one more rule in `NUMBER_RULES` and a key in `policy.limits`; what it says
goes into the messages.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from decisions.actions import BLOCK, NONE, STEP_BITS, STOPS, SUSPEND
from decisions.money.cost import cheapest, expected_costs, terms_of
from decisions.money.inputs import Inputs
from decisions.money.numbers import Number, is_any, where_asked
from decisions.money.typed import typed_action
from decisions.rules.rule import LEARNED_FROM, NumberRule, Paths, PriceLine, Without
from decisions.terms import OUT_OF_REACH, Terms

_TRAINED = (LEARNED_FROM,)
_AT_STAKE = (
    *("customers", "subscriptions", "usage", "invoices"),
    *("payments", "ageing", "disputes", "contacts", "holds"),
)


def terms_with(
    **numbers: Any,  # noqa: ANN401  any field of Terms
) -> Without:
    """Take a rule away by changing numbers of the terms."""
    return lambda inputs, terms: (inputs, replace(terms, **numbers))


SUSPICION = PriceLine("suspicion", terms_with(min_p_suspicion=OUT_OF_REACH))


def _guard_with(action: str, **numbers: float) -> Without:
    """Take a guard-rail of one action away by changing its numbers."""

    def without(inputs: Inputs, terms: Terms) -> tuple[Inputs, Terms]:
        """The same inputs, and terms with the other numbers."""
        guard = getattr(terms.guardrails, action).model_copy(update=numbers)
        guards = terms.guardrails.model_copy(update={action: guard})
        return inputs, replace(terms, guardrails=guards)

    return without


def _is_below_floor(inputs: Inputs, terms: Terms) -> Number:
    is_unknown = inputs.goes_by_days | inputs.rests_on_signs
    return (inputs.p_bad < terms.guardrails.suspend.min_p_bad) & (is_unknown ^ True)


def _is_below_block_floor(inputs: Inputs, terms: Terms) -> Number:
    """Blocking is for fraud, unless the ladder itself has come to its end."""
    is_unlikely = inputs.p_fraud_marginal < terms.guardrails.block.min_p_fraud
    return is_unlikely & (inputs.ladder_action != BLOCK)


def _is_below_fraud_floor(inputs: Inputs, terms: Terms) -> Number:
    """Signs that no model weighs are enough."""
    is_unlikely = inputs.p_fraud_marginal < terms.min_p_fraud_path
    return is_unlikely & (inputs.rests_on_signs ^ True)


def _is_not_suspected(inputs: Inputs, terms: Terms) -> Number:
    """Whether fraud alone does not carry a pause, in money or by typed thresholds."""
    is_likely = inputs.p_fraud_marginal >= terms.min_p_suspicion
    is_asked = is_likely & (inputs.goes_by_days ^ True) & (terms.mode != "timeline")
    if not is_any(is_asked):
        return is_asked ^ True
    [action] = where_asked(
        is_asked, partial(_by_fraud_alone, terms), inputs, inputs.previous, (NONE,)
    )
    return action < SUSPEND


def _by_fraud_alone(terms: Terms, inputs: Inputs, _: Number) -> tuple[Number]:
    """What would be proposed if whoever is no fraud paid."""
    p, nobody = inputs.p_fraud, 0.0 * inputs.p_fraud
    if terms.mode == "thresholds" or terms.model is None:
        at_stake = terms.typed, inputs.exposure, inputs.clv
        return (typed_action(*at_stake, nobody, inputs.p_fraud_marginal),)
    money = inputs.open_cost, inputs.run_up, inputs.stoppable, inputs.clv
    return (
        cheapest(expected_costs(terms.model, terms_of(p, nobody, 1.0 - p, *money))),
    )


NUMBER_RULES: tuple[NumberRule, ...] = (
    NumberRule(
        code="below_floor",
        section="guardrails.suspend.min_p_bad",
        withholds=STOPS,
        paths=Paths.ARREARS | Paths.FRAUD,
        tables=_TRAINED,
        holds=_is_below_floor,
        quotes=("p_bad", "min_p_bad"),
        values=lambda i, t: (i.p_bad, t.guardrails.suspend.min_p_bad),
        price=PriceLine("min_p_bad", _guard_with("suspend", min_p_bad=0.0)),
    ),
    NumberRule(
        code="small_exposure",
        section="guardrails.suspend.min_exposure",
        withholds=STOPS,
        tables=_AT_STAKE,
        holds=lambda i, t: i.exposure < t.guardrails.suspend.min_exposure,
        quotes=("exposure", "min_exposure"),
        values=lambda i, t: (i.exposure, t.guardrails.suspend.min_exposure),
        price=PriceLine("min_exposure", _guard_with("suspend", min_exposure=0.0)),
    ),
    NumberRule(
        code="small_case",
        section="guardrails.service_request.min_exposure",
        withholds=("service_request",),
        tables=_AT_STAKE,
        holds=lambda i, t: i.exposure < t.guardrails.service_request.min_exposure,
        quotes=("exposure", "min_exposure"),
        values=lambda i, t: (i.exposure, t.guardrails.service_request.min_exposure),
        price=PriceLine("small_case", _guard_with("service_request", min_exposure=0.0)),
    ),
    NumberRule(
        code="block_floor",
        section="guardrails.block.min_p_fraud",
        withholds=("block",),
        tables=_TRAINED,
        holds=_is_below_block_floor,
        quotes=("p_fraud", "min_p_block"),
        values=lambda i, t: (i.p_fraud_marginal, t.guardrails.block.min_p_fraud),
        price=PriceLine("block_floor", _guard_with("block", min_p_fraud=0.0)),
    ),
    NumberRule(
        code="fraud_floor",
        section="fraud_path.min_p_fraud",
        withholds=STOPS,
        paths=Paths.FRAUD,
        tables=_TRAINED,
        holds=_is_below_fraud_floor,
        quotes=("p_fraud", "min_p_path"),
        values=lambda i, t: (i.p_fraud_marginal, t.min_p_fraud_path),
        price=PriceLine("fraud_floor", terms_with(min_p_fraud_path=0.0)),
    ),
    NumberRule(
        code="no_suspicion",
        section="fraud_path.suspicion.min_p_fraud",
        withholds=STOPS,
        paths=Paths.SUSPICION,
        tables=_TRAINED,
        holds=_is_not_suspected,
        quotes=("p_fraud",),
        values=lambda i, _: (i.p_fraud_marginal,),
        price=SUSPICION,
    ),
)
_Rules: TypeAlias = tuple[tuple[int, Callable[[Inputs, Terms], Number]], ...]
# A rule on every path withholds whatever a path permits; one on a single path only
# closes that path, and the others may still lead to the action.
_ON_EVERY = tuple((r.bits, r.holds) for r in NUMBER_RULES if r.paths is Paths.ALL)
_ON_ONE = {
    path: tuple(
        (r.bits, r.holds)
        for r in NUMBER_RULES
        if path in r.paths and r.paths is not Paths.ALL
    )
    for path in (Paths.ORDINARY, Paths.HIGH_USE, Paths.FRAUD, Paths.SUSPICION)
}
_ORDINARY, _HIGH_USE, _FRAUD, _SUSPICION = _ON_ONE.values()


class WithheldByPath(NamedTuple):
    """Mask of the actions withheld on each way."""

    ordinary: Number
    high_usage: Number
    fraud: Number
    suspicion: Number

    @property
    def in_arrears(self) -> Number:
        """What both ways for non-payment withhold."""
        return self.ordinary & self.high_usage

    @property
    def all(self) -> Number:
        """What every way withholds."""
        return self.in_arrears & self.fraud & self.suspicion


def ways(inputs: Inputs, terms: Terms) -> WithheldByPath:
    """Actions withheld on each way."""
    ordinary, fraud = inputs.ordinary_bits, inputs.fraud_bits
    is_low = inputs.p_nonpayment < terms.min_p_high_usage  # the way is not open
    high_usage = inputs.high_usage_bits | STEP_BITS * is_low
    return WithheldByPath(
        _narrowed(ordinary, _ORDINARY, inputs, terms),
        _narrowed(high_usage, _HIGH_USE, inputs, terms),
        _narrowed(fraud, _FRAUD, inputs, terms),
        _narrowed(inputs.suspicion_bits, _SUSPICION, inputs, terms),
    )


def _narrowed(withheld: Number, rules: _Rules, inputs: Inputs, terms: Terms) -> Number:
    """What is withheld on a way with its rules on numbers."""
    if isinstance(withheld, int) and withheld == STEP_BITS:  # of one customer, mostly
        return withheld
    for bits, holds in rules:
        withheld = withheld | bits * holds(inputs, terms)
    return withheld


def forbidden(inputs: Inputs, terms: Terms) -> Number:
    """Mask of actions that are not permitted.

    A way withholds what one of its rules withholds (OR); an action is withheld when
    every way withholds it (AND); rules on every path withhold it whatever a way says.
    """
    mask = ways(inputs, terms).all
    for bits, holds in _ON_EVERY:
        mask = mask | bits * holds(inputs, terms)
    return mask


def is_by_fraud(inputs: Inputs, terms: Terms, action: Number) -> Number:
    """Whether an action from service request up stands on the fraud path.

    It does where only that path, or suspicion, permits it, or where fraud is the
    likelier state.
    """
    withheld = ways(inputs, terms)
    here = 1 << action
    only_here = (withheld.in_arrears & here) != 0
    on_path = (~(withheld.fraud & withheld.suspicion) & here & STEP_BITS) != 0
    return on_path & (only_here | (inputs.p_fraud > inputs.p_only))


def is_on_suspicion(inputs: Inputs, terms: Terms, action: Number) -> Number:
    """Whether a stop is permitted on suspicion and on no other path."""
    withheld, here = ways(inputs, terms), 1 << action
    is_elsewhere = (~(withheld.in_arrears & withheld.fraud) & here) != 0
    is_open = (~withheld.suspicion & here) != 0
    return (action >= SUSPEND) & is_open & (is_elsewhere ^ True)
