"""The one path from events to a recommendation."""

from advice.advice import Advice
from advice.advisor import Advisor
from advice.errors import AdviceError

__all__ = ["Advice", "AdviceError", "Advisor"]
