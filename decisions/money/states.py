"""From two marginal probabilities to three exclusive states."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def exclusive_states(
    p_fraud: float, p_nonpayment: float, nonpayment_given_fraud: float = 0.0
) -> tuple[float, float, float]:
    """P(fraud), P(non-payment only), P(good); they sum to 1 (CONTRACT section 3).

    Fraud comes first: what a fraudster does not pay is already in P(fraud). If the
    two still sum above 1, both are divided by the sum.

    `p_fraud` and `p_nonpayment` are calibrated marginals in [0, 1],
    `nonpayment_given_fraud` is ρ = P(non-payment | fraud), in [0, 1].

    >>> exclusive_states(0.25, 0.5, 0.5)
    (0.25, 0.375, 0.375)
    """
    only = p_nonpayment - nonpayment_given_fraud * p_fraud
    only = only if only > 0.0 else 0.0
    total = p_fraud + only
    if total > 1.0:
        return p_fraud / total, only / total, 0.0
    return p_fraud, only, 1.0 - total


def exclusive_state_arrays(
    p_fraud: FloatArray, p_nonpayment: FloatArray, nonpayment_given_fraud: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """`exclusive_states` for arrays of shape (n,), equal to the last bit."""
    only = np.maximum(p_nonpayment - nonpayment_given_fraud * p_fraud, 0.0)
    total = p_fraud + only
    scale = np.maximum(total, 1.0)
    return p_fraud / scale, only / scale, np.where(total > 1.0, 0.0, 1.0 - total)
