"""Step 4, settle: is it worth acting, and does yesterday's action go on?"""

from decisions.actions import NONE, REMIND, REVIEW, SUSPEND
from decisions.money.inputs import Inputs
from decisions.money.numbers import Number, at, is_any, most, pick
from decisions.steps.propose import Costs, typed
from decisions.terms import Terms


def if_worth_it(inputs: Inputs, terms: Terms, order: Costs, action: Number) -> Number:
    """The action, or nothing where it gains too little over doing nothing."""
    if terms.mode != "cost":
        return action
    is_little = order[NONE] - at(order, action) < terms.min_net_gain
    return pick(is_little & (inputs.goes_by_days ^ True), NONE, action)


def settle(
    inputs: Inputs, terms: Terms, order: Costs, banned: Number, action: Number
) -> Number:
    """Hysteresis, what the policy asks for whatever it costs, and what is in force."""
    before, may_review = inputs.previous, banned >> REVIEW & 1 == 0
    is_open = before > action
    if is_any(is_open):
        is_open = is_open & (banned >> before & 1 == 0) & (inputs.goes_by_days ^ True)
        stays = is_open & _is_hardly_worse(inputs, terms, order, action)
        action = pick(stays, before, action)
    if is_any(inputs.is_first_invoice):
        is_likely = inputs.p_bad >= terms.min_p_first_invoice
        is_asked = inputs.is_first_invoice & is_likely & may_review
        action = at_least(REVIEW, is_asked, action)
    action = at_least(REMIND, inputs.is_notice_required, action)
    if is_any(inputs.rests_on_signs):
        may_pause = inputs.rests_on_signs & (banned >> SUSPEND & 1 == 0)
        action = at_least(SUSPEND, may_pause, action)
    action = at_least(REVIEW, inputs.is_left_to_a_person & may_review, action)
    return most(action, inputs.in_force)


def at_least(floor: int, condition: Number, action: Number) -> Number:
    """The action, or `floor` where the condition holds and it is milder."""
    if not is_any(condition):
        return action
    return pick(condition, most(action, floor), action)


def _is_hardly_worse(
    inputs: Inputs, terms: Terms, order: Costs, action: Number
) -> Number:
    """Whether yesterday's harsher action is as good but for a small share."""
    if terms.mode == "cost":
        now = at(order, action)
        return at(order, inputs.previous) <= now + terms.hysteresis * abs(now)
    if terms.mode == "thresholds" and terms.hysteresis > 0.0:
        return inputs.previous <= typed(inputs, terms, terms.hysteresis)
    return inputs.previous < NONE  # never
