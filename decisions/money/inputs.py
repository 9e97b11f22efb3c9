"""What the rules compare: one customer's numbers, or a portfolio's columns."""

from typing import NamedTuple

from decisions.money.cost import Coefficients, terms_of
from decisions.money.numbers import Number


class Inputs(NamedTuple):
    """Numbers of one customer, or arrays of shape (n,); the rules do not care which.

    Probabilities are exclusive states but for the two marginals; money is in major
    units at cost (`clv` at value); `*_bits` are masks of actions the facts withhold
    (`person_bits`: of those to which a person must agree); `measure_ways` a mask of the
    ways on which facts permit a measure (1 arrears, 2 fraud); `measures_in_force` one
    of measures, by index of `MEASURES`; `avoided_*` the shares, in [0, 1], that these
    avoid of what can be stopped in each bad state, and of chargeback fees; `has_meter`:
    something is billed by use, or may be; actions are indices of `ACTIONS`.
    `needs_two`: two people must agree to any stop, for who it is or what is at stake.
    `assumed_*`: the part of the money that the data do not say.
    `goes_by_days`: no probability or cost decides;
    `rests_on_signs`: signs of fraud count and no model weighs them;
    `is_left_to_a_person`: they do, but what is not known leaves a pause to a person, or
    they share something with known frauds, or more is promised than the policy grants;
    `is_proven_fraud`: a sign that was confirmed as fraud still counts.
    """

    p_fraud: Number
    p_only: Number
    p_good: Number
    p_fraud_marginal: Number
    p_nonpayment: Number
    open_cost: Number
    run_up: Number
    stoppable: Number
    clv: Number
    assumed_run_up: Number
    assumed_stoppable: Number
    assumed_clv: Number
    avoided_nonpayment: Number
    avoided_fraud: Number
    avoided_fees: Number
    ordinary_bits: Number
    high_usage_bits: Number
    fraud_bits: Number
    suspicion_bits: Number
    ladder_action: Number
    in_force: Number
    previous: Number
    person_bits: Number
    measure_ways: Number
    measures_in_force: Number
    has_meter: Number
    is_confirmed_fraud: Number
    is_first_invoice: Number
    is_notice_required: Number
    needs_two: Number
    goes_by_days: Number
    rests_on_signs: Number
    is_left_to_a_person: Number
    is_proven_fraud: Number

    @property
    def exposure(self) -> Number:
        """At stake at cost, major units: open and what will still accrue."""
        return self.open_cost + self.run_up

    @property
    def p_bad(self) -> Number:
        """Probability of fraud or non-payment, in [0, 1]; exactly 1 where good is 0."""
        is_certain = self.p_good == 0.0  # then the two, scaled back, may sum to less
        return (self.p_fraud + self.p_only) * (is_certain ^ True) + is_certain

    @property
    def x(self) -> Coefficients:
        """The customer's side of the cost product."""
        return terms_of(
            self.p_fraud,
            self.p_only,
            self.p_good,
            self.open_cost,
            self.run_up,
            self.stoppable,
            self.clv,
            self.avoided_nonpayment,
            self.avoided_fraud,
            self.avoided_fees,
        )
