"""Guard-rails on numbers: what probabilities and money withhold.

Every expression here takes one customer's numbers or a portfolio's columns alike.
"""

from decisions.actions import BLOCK, STOPS
from decisions.money.numbers import Number
from decisions.recommendation import Withheld
from decisions.rules.eligibility import BLOCK_BIT, STEP_BITS, STOP_BITS, Circumstances
from decisions.steps.inputs import View
from decisions.terms import Terms


def ways(v: View, t: Terms) -> tuple[Number, Number, Number]:
    """Actions withheld on each way: ordinary, high usage, fraud."""
    return (
        v.ordinary_bits,
        v.high_usage_bits | STEP_BITS * (v.p_nonpayment < t.min_p_high_usage),
        v.fraud_bits | STOP_BITS * is_below_fraud_floor(v, t),
    )


def is_below_fraud_floor(v: View, t: Terms) -> Number:
    """Whether fraud is too unlikely for its path; signs no model weighs are enough."""
    return (v.p_fraud_marginal < t.min_p_fraud_path) & (v.rests_on_signs ^ True)


def is_below_floor(v: View, t: Terms) -> Number:
    """Whether a loss is too unlikely for any stop, as far as that is known."""
    is_unknown = v.goes_by_days | v.rests_on_signs
    return (v.p_bad < t.min_p_bad) & (is_unknown ^ True)


def forbidden(v: View, t: Terms) -> Number:
    """Bit mask of actions that are not permitted, all ways considered."""
    ordinary, high_usage, fraud = ways(v, t)
    return (
        ordinary & high_usage & fraud
        | STOP_BITS * is_below_floor(v, t)
        | STOP_BITS * (v.exposure < t.min_exposure)
        | BLOCK_BIT * below_block_floor(v, t)
    )


def below_block_floor(v: View, t: Terms) -> Number:
    """Blocking is for fraud, unless the ladder itself has come to its end."""
    return (v.p_fraud_marginal < t.min_p_fraud_block) & (v.ladder_action != BLOCK)


def is_by_fraud(v: View, t: Terms, action: Number) -> Number:
    """Whether an action from service request up stands on the fraud path.

    It does where only that path permits it, or where fraud is the likelier state.
    """
    ordinary, high_usage, fraud = ways(v, t)
    here = 1 << action
    only_here = (ordinary & high_usage & here) != 0
    on_path = (~fraud & here & STEP_BITS) != 0
    return on_path & (only_here | (v.p_fraud > v.p_only))


def number_reasons(v: View, t: Terms, seen: Circumstances) -> list[Withheld]:
    """The guard-rails of one customer that hold, in words."""
    found: list[Withheld] = []
    if is_below_floor(v, t):
        text = f"P(bad) {v.p_bad:.2f} is below the floor {t.min_p_bad:.2f}."
        found.append(Withheld("below_floor", STOPS, text))
    if v.exposure < t.min_exposure:
        text = f"At stake are {v.exposure:.2f}, less than {t.min_exposure:.2f}."
        found.append(Withheld("small_exposure", STOPS, text))
    if below_block_floor(v, t):
        text = f"Blocking needs P(fraud) of {t.min_p_fraud_block:.2f}."
        found.append(Withheld("block_floor", ("block",), text))
    evidence = seen.fraud is not None and all(
        reason.code != "no_evidence" for reason in seen.fraud
    )
    if evidence and is_below_fraud_floor(v, t):
        text = f"The fraud path needs P(fraud) of {t.min_p_fraud_path:.2f}."
        found.append(Withheld("fraud_floor", STOPS, text))
    return found
