"""What a backtest refuses on purpose."""

from advice.errors import AdviceError


class PeriodError(AdviceError):
    code = "backtest_period"


class UnpricedPolicyError(AdviceError):
    """Money cannot be compared without costs."""

    code = "policy_without_costs"

    def __init__(self, *policies: str) -> None:
        state = "states" if len(policies) == 1 else "state"
        super().__init__(
            f"{' and '.join(policies)} {state} no costs, so nothing can be priced: add"
            " the section `costs`, or compare with a policy that has it"
        )


class NothingPricedError(AdviceError):
    """Of nobody it is known what is at stake."""

    code = "nothing_at_stake"

    def __init__(self, n_customers: int) -> None:
        super().__init__(
            f"of none of {n_customers} customers are both what is owed and lifetime"
            " value known, so no threshold can be priced: add invoices or an ageing"
            " report, and monthly_margin of customers, subscriptions or usage"
        )


class TruthError(AdviceError):
    code = "oracle_unusable"


class LoggedDecisionsError(AdviceError):
    code = "logged_decisions"
