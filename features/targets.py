"""What is predicted: fraud and non-payment."""

from typing import Literal, TypeAlias

Target: TypeAlias = Literal["fraud", "nonpayment"]
TARGETS: tuple[Target, ...] = ("fraud", "nonpayment")
