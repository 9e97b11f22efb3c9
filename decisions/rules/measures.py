"""Whether the facts permit a measure: something is wrong, and nothing protects.

A measure is milder than a stop, so it waits for neither the ladder nor the calendar;
whatever else withholds a stop withholds it, too.
"""

from collections.abc import Iterable

from decisions.rules.reason import Withheld
from features.contract import MEASURES, MeasureName
from features.facts import AccountFacts

BY_ARREARS, BY_FRAUD = 1, 2

# the reasons that say only that it is too soon, or the wrong hour, for a stop, or that
# no access is left: new purchases can be restricted all the same
_OF_STOPS = frozenset(
    {
        "too_early",
        "cure_period",
        "notice_missing",
        "notice_bounced",
        "notice_undelivered",
        "not_suspended",
        "too_few_invoices",
        "too_little_overdue",
        "ladder_state",
        "no_ladder",
        "no_notice_due",
        "no_service_request",
        "retry_pending",
        "nothing_to_suspend",
        "new_customer",
        "cool_down",
        "day_off",
        "eve_of_day_off",
        "outside_hours",
        "holidays_unknown",
    }
)


def measure_ways(ordinary: Iterable[Withheld], fraud: Iterable[Withheld] | None) -> int:
    """Mask of the ways on which a measure is permitted.

    Args:
        ordinary: what withholds a stop for non-payment.
        fraud: what withholds one for fraud; None: no sign counts, or there is no path.
    """
    by_arrears = all(reason.code in _OF_STOPS for reason in ordinary)
    by_fraud = fraud is not None and all(reason.code in _OF_STOPS for reason in fraud)
    return BY_ARREARS * by_arrears | BY_FRAUD * by_fraud


def measures_in_force(facts: AccountFacts) -> tuple[MeasureName, ...]:
    """The measures that stand for the customer as a whole, in the order of `MEASURES`.

    One that was begun for single subscriptions does where each live one that is billed
    by use has it.
    """
    metered = {s.subscription_id for s in facts.subscriptions if s.billing == "usage"}
    return tuple(name for name in MEASURES if _stands(name, facts, metered))


def has_meter(facts: AccountFacts) -> bool:
    """Whether there is a meter to stop; one that nobody looked for may be there.

    A live subscription that does not say how it is billed is a licence, unless use is
    paid for.
    """
    live = {s.billing for s in facts.subscriptions}
    is_used = (facts.usage_daily_cost or 0) > 0
    if not live:
        return is_used or "subscriptions" not in facts.tables
    return "usage" in live or (None in live and is_used)


def _stands(name: MeasureName, facts: AccountFacts, metered: set[str]) -> bool:
    begun = {one.subscription_id for one in facts.measures if one.action == name}
    return None in begun or (bool(metered) and metered <= begun)
