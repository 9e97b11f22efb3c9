"""What a rehearsal refuses on purpose."""

from advice.errors import AdviceError


class PeriodError(AdviceError):
    code = "rehearsal_period"


class UnpricedPolicyError(AdviceError):
    """Money cannot be compared without costs."""

    code = "policy_without_costs"

    def __init__(self, *policies: str) -> None:
        super().__init__(
            f"{' and '.join(policies)} state no costs, so nothing can be priced: add"
            " the section `costs`, or compare with a policy that has it"
        )


class TruthError(AdviceError):
    code = "oracle_unusable"
