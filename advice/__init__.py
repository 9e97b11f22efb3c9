"""Advice: from one customer's events, or a portfolio, to recommendations.

Start at `Advisor`.
"""

from advice.advice import Advice
from advice.advisor import Advisor
from advice.errors import AdviceError

__all__ = ["Advice", "AdviceError", "Advisor"]
