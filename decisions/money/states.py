"""From two marginal probabilities to three exclusive states."""

from decisions.money.numbers import Number, most, pick


def exclusive_states(
    p_fraud: Number, p_nonpayment: Number, nonpayment_given_fraud: Number = 0.0
) -> tuple[Number, Number, Number]:
    """P(fraud), P(non-payment only), P(good); they sum to 1 (CONTRACT section 3).

    Fraud comes first: what a fraudster does not pay is already in P(fraud). If the
    two still sum above 1, both are divided by the sum.

    `p_fraud` and `p_nonpayment` are calibrated marginals in [0, 1],
    `nonpayment_given_fraud` is ρ = P(non-payment | fraud), in [0, 1]; of one customer,
    or columns of shape (n,).

    >>> exclusive_states(0.25, 0.5, 0.5)
    (0.25, 0.375, 0.375)
    """
    only = most(p_nonpayment - nonpayment_given_fraud * p_fraud, 0.0)
    total = p_fraud + only
    scale = most(total, 1.0)
    return p_fraud / scale, only / scale, pick(total > 1.0, 0.0, 1.0 - total)
