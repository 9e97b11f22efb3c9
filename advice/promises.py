"""Warnings where a policy states what settings or models of a portfolio do not keep."""

import re
from collections.abc import Collection, Mapping

from decisions.policy_file.load import Policy
from features.settings import PortfolioSettings
from scoring.bundle import Bundle


def settlement_note(policy: Policy, settings: PortfolioSettings) -> str | None:
    """A sentence for people when published and counted settlement days differ.

    Facts count a pending payment as in flight for the portfolio's days; customers
    read the policy's.
    """
    published = policy.document.in_flight_days
    counted = {method: settings.settlement(method) for method in published}
    differing = policy.settlement_conflicts(counted)
    if not differing:
        return None
    days = ", ".join(
        f"{method} {published[method]:g} against {counted[method]:g}"
        for method in differing
    )
    return (
        f"the policy {policy.reference} publishes other days for a payment in flight"
        f" (in_flight_days) than portfolio.yaml counts (settlement_days): {days};"
        " make them equal, the portfolio's decide"
    )


def materiality_note(policy: Policy, settings: PortfolioSettings) -> str | None:
    """`what_lies` with its stable code in front."""
    return _coded("portfolio_materiality_holds", what_lies(policy, settings))


def what_lies(policy: Policy, settings: PortfolioSettings) -> str | None:
    """A sentence for people where the portfolio lets more lie than the policy says.

    Facts call nobody overdue up to the portfolio's amount, whatever the policy states.
    """
    currency, counted = settings.currency, float(settings.materiality)
    documents = [terms.document for _, terms in policy.versions]
    stated = [
        document.materiality[currency]
        for document in documents
        if currency in document.materiality
    ]
    if not stated or min(stated) >= counted:
        return None
    return (
        f"the policy {policy.reference} publishes that"
        f" from {min(stated):g} {currency} overdue on steps follow (materiality), but"
        f" up to {counted:g} {currency} the portfolio calls nobody overdue"
        " (materiality of portfolio.yaml): lower the portfolio's, or raise the policy's"
    )


def zone_note(policy: Policy, settings: PortfolioSettings) -> str | None:
    """`zones_differ` with its stable code in front."""
    return _coded("policy_timezone", zones_differ(policy, settings))


def zones_differ(policy: Policy, settings: PortfolioSettings) -> str | None:
    """A sentence for people where portfolio and policy mean other days and hours."""
    zones = {terms.zone.key for _, terms in policy.versions} - {settings.zone.key}
    if not zones:
        return None
    return (
        f"days overdue follow the portfolio's timezone ({settings.zone.key}), opening"
        f" hours, days off and full days after a notice the policy's"
        f" ({', '.join(sorted(zones))}): set both alike (`timezone` of portfolio.yaml,"
        " `calendar.timezone` of the policy)"
    )


# beside the other target's model the probability of one without counts as none
_WITHOUT = {
    "fraud": "no model of fraud: only its signs (alerts, chargebacks, reports) lead to"
    " a stop for it; a fraud without a sign costs its full loss, for its probability"
    " counts as none; where a challenger of it was trained, `forbear promote fraud`"
    " puts it in force; else add outcomes or disputes, then `forbear train`",
    "nonpayment": "no model of non-payment: its probability counts as none, so nobody"
    " is reminded, looked at or stopped because of what they may not pay, and that"
    " costs its full loss; only the notices that the policy's steps ask for go on."
    " Where a challenger of it was trained, `forbear promote nonpayment` puts it in"
    " force; else `forbear train PORTFOLIO --target nonpayment`, or `forbear rollback"
    ' nonpayment --to-starter --because "…"` lets the starter stand in',
}


def starter_note(bundles: Mapping[str, Bundle]) -> str | None:
    """A sentence for people where no model has been borne out by outcomes yet."""
    unproven = sorted(target for target, b in bundles.items() if not b.is_proven)
    if not unproven:
        return None
    of_starter = [target for target in unproven if bundles[target].is_starter]
    own = [target for target in unproven if target not in of_starter]
    what = " and ".join(
        f"{which} ({', '.join(targets)})"
        for which, targets in (
            ("models: starter, which has seen no real portfolio", of_starter),
            ("models not borne out by enough outcomes yet", own),
        )
        if targets
    )
    return (
        f"{what}: every stop that rests on them waits for a"
        " person; `forbear train PORTFOLIO` learns from what happened so far"
    )


def missing_model_note(in_force: Collection[str]) -> str | None:
    """A sentence for people where a target has no model in force: what stands in.

    Args:
        in_force: targets with a model, at least one.
    """
    missing = (text for target, text in _WITHOUT.items() if target not in in_force)
    return next(missing, None)


def horizon_note(policy: Policy, bundles: Mapping[str, Bundle]) -> str | None:
    """A sentence for people when the policy states another horizon than the models."""
    stated = policy.document.horizon_days
    differing = [
        f"{target} {bundle.horizon_days}"
        for target, bundle in sorted(bundles.items())
        if bundle.horizon_days != stated
    ]
    if not differing:
        return None
    return (
        f"the policy {policy.reference} tells people of {stated} days (horizon_days),"
        f" the models look further or less far: {', '.join(differing)}; state theirs,"
        " or train with labels of that horizon"
    )


def without_code(note: str) -> str:
    """A note as a sentence for people.

    >>> without_code("policy_timezone: days follow two timezones")
    'days follow two timezones'
    """
    return re.sub(r"^[a-z]+(_[a-z]+)+: ", "", note)


def _coded(code: str, text: str | None) -> str | None:
    return None if text is None else f"{code}: {text}"
