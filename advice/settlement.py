"""What a policy promises about payments on their way, and what facts count."""

from decisions.policy.load import Policy
from features.settings import PortfolioSettings


def settlement_note(policy: Policy, settings: PortfolioSettings) -> str | None:
    """A sentence for people when published and counted settlement days differ.

    Facts count a pending payment as in flight for the portfolio's days; customers
    read the policy's.
    """
    counted = settings.settlement_days
    published = policy.document.in_flight_days
    differing = policy.settlement_conflicts(counted)
    if not differing:
        return None
    said = ", ".join(
        f"{method} {published[method]:g} against {counted.get(method, 0):g}"
        for method in differing
    )
    return (
        f"the policy {policy.reference} publishes other days for a payment in flight"
        f" (in_flight_days) than portfolio.yaml counts (settlement_days): {said};"
        " make them equal, the portfolio's decide"
    )
