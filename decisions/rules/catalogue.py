"""Every rule of the policy engine, in the order in which people read them.

The tables that a rule relies on are named with it: what was not looked at is unknown,
never zero (CONTRACT section 1), and `decisions.rules.reliance` withholds accordingly.
"""

from collections.abc import Mapping
from datetime import datetime
from math import inf
from typing import get_args

from decisions.actions import ACTIONS, PURSUIT, STEPS, STOPS, Action
from decisions.case import Clock
from decisions.rules.guardrails import NUMBER_RULES, SUSPICION, terms_with
from decisions.rules.price_lines import (
    BUDGET,
    CALENDAR,
    EXPLORATION,
    HOLDS,
    INCOMPLETE,
    LADDER,
    MATERIALITY,
    NOT_LOOKED_AT,
    NOT_OVERDUE,
    without_section,
    without_yesterday,
)
from decisions.rules.reason import Releaser, Values, Withheld
from decisions.rules.rule import (
    LEARNED_FROM,
    LOOKED_AT,
    Details,
    Paths,
    PriceLine,
    Rule,
)
from decisions.terms import OUT_OF_REACH

PROTECTING = ("payments", "disputes", "contacts", "holds")  # their rows keep stops away
OWED_FROM = frozenset({"invoices", *PROTECTING})  # what is owed is read from these

_OWED = ("invoices", "payments", "ageing")
_ACTIONABLE = (*_OWED, "disputes", "contacts")
_TOLD = (*_ACTIONABLE, "holds")
_SIGNS = ("alerts", "disputes", "outcomes", "actions")
_EVERY = ("customers", "subscriptions", "usage", *_TOLD)
_LOOKED_AT = (LOOKED_AT,)

_ANY = ACTIONS[1:]


def _arrears(
    code: str,
    section: str | None,
    tables: tuple[str, ...],
    price: PriceLine,
    *,
    shown: bool = True,
    quotes: tuple[str, ...] = (),
    details: Details | None = None,
) -> Rule:
    """A reason why there are no arrears to act on."""
    return Rule(
        quotes=quotes,
        details=details or {},
        code=code,
        section=section,
        withholds=STEPS,
        paths=Paths.ORDINARY,
        tables=tables,
        shown_to_customer=shown,
        price=price,
    )


def _hold(kind: str) -> Rule:
    return Rule(
        code=kind,
        section=f"holds.{kind}",
        withholds=STEPS,
        paths=Paths.ORDINARY | Paths.PROTECTIVE,
        tables=("holds",),
        shown_to_customer=True,
        price=HOLDS,
    )


def _ladder(
    code: str,
    section: str = "ladder",
    *,
    tables: tuple[str, ...] = _TOLD,
    withholds: tuple[Action, ...] = STOPS,
    paths: Paths = Paths.ORDINARY,
    shown: bool = False,
    quotes: tuple[str, ...] = (),
    details: Details | None = None,
) -> Rule:
    """What the ladder waits for, as `decisions.rules.ladder` finds it."""
    return Rule(
        quotes=quotes,
        details=details or {},
        code=code,
        section=section,
        withholds=withholds,
        paths=paths,
        tables=tables,
        shown_to_customer=shown,
        price=LADDER,
    )


def _calendar(code: str, section: str) -> Rule:
    return Rule(
        code=code,
        section=section,
        withholds=STOPS,
        paths=Paths.ARREARS,
        shown_to_customer=True,
        price=CALENDAR,
    )


def _unknown(table: str) -> Rule:
    is_asked_of_fraud = table == "holds"
    further = Paths.SUSPICION if table == "contacts" else Paths.ARREARS
    return Rule(
        code=f"{table}_unknown",
        section="guardrails.any.stale_hours",
        withholds=PURSUIT if is_asked_of_fraud else STOPS,
        paths=Paths.ALL if is_asked_of_fraud else Paths.ARREARS | further,
        tables=(table,),
        details={"not_looked_at": (), "not_lately": ("stale_hours",)},
        price=NOT_LOOKED_AT,
    )


RULES: tuple[Rule, ...] = (
    _arrears("arrears_unknown", None, _OWED, NOT_OVERDUE, shown=False),
    _arrears("nothing_overdue", None, _OWED, NOT_OVERDUE, shown=False),
    _arrears(
        "below_materiality",
        "materiality",
        _ACTIONABLE,
        MATERIALITY,
        quotes=("actionable", "materiality"),
    ),
    _arrears(
        "substantially_paid",
        "clock.substantially_paid_share",
        _ACTIONABLE,
        MATERIALITY,
    ),
    _arrears(
        "dispute",
        "holds.dispute",
        (*_OWED, "disputes"),
        PriceLine("dispute"),
        details={"all_contested": (), "open": ()},
    ),
    _arrears(
        "promise", "holds.promise", (*_OWED, "contacts"), price=PriceLine("promise")
    ),
    _arrears("payment_in_flight", None, _OWED, PriceLine("payment_in_flight")),
    Rule(
        code="unallocated_money",
        quotes=("unallocated",),
        withholds=STOPS,
        paths=Paths.ARREARS,
        tables=_ACTIONABLE,
        shown_to_customer=True,
        price=INCOMPLETE,
    ),
    Rule(
        code="protecting_row_today",
        withholds=STOPS,
        tables=("invoices", *PROTECTING, "overrides", "alerts", "outcomes"),
        shown_to_customer=True,
        price=NOT_LOOKED_AT,
    ),
    *(_hold(kind) for kind in ("exemption", "instalment_plan", "legal", "manual")),
    Rule(
        code="override",
        quotes=("by", "action", "reason"),
        withholds=_ANY,  # what is harsher than a person decided
        tables=("overrides",),
        price=PriceLine("override"),
    ),
    _ladder("too_early", shown=True, quotes=("state",)),
    _ladder(
        "cure_period",
        paths=Paths.ARREARS,
        shown=True,
        details={"ladder": ("state",), "high_usage": ("hours",)},
    ),
    _ladder(
        "notice_missing",
        "notices",
        paths=Paths.ARREARS,
        shown=True,
        details={
            "not_sent": ("notice",),
            "not_proven": ("state", "notice"),
            "none_delivered": ("state",),
            "high_usage": ("notice",),
        },
    ),
    _ladder("notice_bounced", "notices", shown=True, quotes=("notice",)),
    _ladder("notice_undelivered", "notices", shown=True, quotes=("notice",)),
    _ladder("not_suspended", tables=(*_TOLD, "actions"), quotes=("state",)),
    _ladder("too_few_invoices", shown=True, quotes=("state", "unpaid_invoices")),
    _ladder("too_little_overdue", shown=True, quotes=("state", "overdue_amount")),
    _ladder(
        "clock_not_started", "clock.min_invoice", shown=True, quotes=("min_invoice",)
    ),
    _ladder("ladder_state", withholds=("block",), quotes=("state",)),
    _ladder("no_ladder", tables=()),
    _ladder("no_notice_due", withholds=("remind",)),
    Rule(
        code="no_service_request",
        section="ladder",
        withholds=("service_request",),
        paths=Paths.ARREARS,
        tables=(*_TOLD, *_SIGNS),
        price=PriceLine("service_request"),
    ),
    Rule(
        code="retry_pending",
        details={"to_be_tried": ("state",), "tried_lately": ("state", "days")},
        section="retries",
        withholds=STOPS,
        paths=Paths.ORDINARY,
        tables=_ACTIONABLE,
        shown_to_customer=True,
        price=PriceLine("retries"),
    ),
    Rule(
        code="nothing_to_suspend",
        withholds=PURSUIT,
        tables=("subscriptions", "usage", "alerts"),
        price=PriceLine("nothing_to_suspend"),
    ),
    Rule(
        code="essential_service",
        section="essential",
        withholds=_ANY,  # what `essential.never` says
        tables=("customers", "subscriptions"),
        shown_to_customer=True,
        price=PriceLine("essential_service"),
    ),
    Rule(
        code="open_appeal",
        quotes=("decide_days",),
        section="appeals",
        withholds=STOPS,
        tables=("contacts",),
        shown_to_customer=True,
        price=PriceLine("open_appeal"),
    ),
    Rule(
        code="new_customer",
        quotes=("min_tenure_days",),
        section="guardrails.suspend.min_tenure_days",
        withholds=STOPS,
        paths=Paths.ORDINARY,
        tables=("customers",),
        price=PriceLine("tenure"),
    ),
    Rule(
        code="cool_down",
        quotes=("cool_down_days",),
        section="guardrails.suspend.cool_down_days",
        withholds=STOPS,
        paths=Paths.ORDINARY,
        tables=("actions",),
        price=PriceLine("cool_down"),
    ),
    _calendar("day_off", "calendar.working_days"),
    _calendar("eve_of_day_off", "calendar.not_before_day_off"),
    _calendar("outside_hours", "calendar.cut_off"),
    _calendar("holidays_unknown", "calendar.country"),
    Rule(
        code="no_evidence",
        section="fraud_path.evidence_any",
        withholds=PURSUIT,
        paths=Paths.FRAUD,
        tables=_SIGNS,
        price=PriceLine("evidence"),
    ),
    Rule(
        code="unproven_suspicion",
        section="fraud_path.suspicion",
        withholds=STOPS,
        paths=Paths.SUSPICION,
        tables=(LEARNED_FROM,),
        price=SUSPICION,
    ),
    Rule(
        code="suspicion_used",
        details={"paused": (), "not_looked_at": ()},
        section="fraud_path.suspicion",
        withholds=STOPS,
        paths=Paths.SUSPICION,
        tables=("actions",),
        price=SUSPICION,
    ),
    *(_unknown(table) for table in PROTECTING),
    Rule(
        code="stale_tables",
        quotes=("tables", "stale_hours"),
        section="guardrails.any.stale_hours",
        withholds=STOPS,
        tables=_LOOKED_AT,
        price=NOT_LOOKED_AT,
    ),
    Rule(
        code="inputs_missing",
        quotes=("tables",),
        withholds=STOPS,
        tables=(LEARNED_FROM,),
        price=NOT_LOOKED_AT,
    ),
    Rule(
        code="incomplete_data",
        quotes=("tables",),
        withholds=STEPS,
        tables=_LOOKED_AT,
        price=INCOMPLETE,
    ),
    *NUMBER_RULES,
    Rule(
        code="close_call",
        quotes=("stability", "action"),
        section="guardrails.any.close_call_below",
        withholds=_ANY,
        tables=_EVERY,
        price=PriceLine("close_call", terms_with(close_call_below=0.0)),
    ),
    Rule(
        code="small_gain",
        quotes=("min_net_gain",),
        section="guardrails.any.min_net_gain",
        withholds=_ANY,
        tables=_EVERY,
        price=PriceLine("net_gain", terms_with(min_net_gain=-inf)),
    ),
    Rule(code="explore", section="exploration", withholds=_ANY, price=EXPLORATION),
    Rule(code="holdout", section="holdout", withholds=_ANY, price=EXPLORATION),
    Rule(
        code="review_queue_full",
        section="review.capacity_per_day",
        withholds=("review",),
        price=PriceLine("queue", without_section("review", capacity_per_day=None)),
    ),
    Rule(code="kill_switch", withholds=STOPS),
    Rule(
        code="monitoring_alarm",
        details=dict.fromkeys(get_args(Clock), ()),
        withholds=STOPS,
    ),
    Rule(code="suspension_budget", section="budget", withholds=STOPS, price=BUDGET),
)
RULE_BY_CODE: Mapping[str, Rule] = {rule.code: rule for rule in RULES}
# what a rule says that quotes nothing: made once for all customers
_BY_ITSELF = {rule.code: Withheld(rule.code, rule.withholds) for rule in RULES}

# What a backtest prices: the rules above, and two that withhold nothing because they
# make an answer harsher.
PRICE_LINES: tuple[PriceLine, ...] = (
    *dict.fromkeys(rule.price for rule in RULES if rule.price is not None),
    PriceLine("first_invoice", terms_with(min_p_first_invoice=OUT_OF_REACH)),
    PriceLine("hysteresis", without_yesterday),
)


def withheld(
    code: str,
    values: Values | None = None,
    *,
    detail: str | None = None,
    permitted_from: datetime | None = None,
    released_by: Releaser | None = None,
    actions: tuple[Action, ...] | None = None,
) -> Withheld:
    """A rule that holds now; it withholds all that it may where `actions` is None.

    Args:
        code: of a rule of this catalogue.
        values: what its sentence quotes, by the names that the rule states.
        detail: which of the rule's causes it is, where it has several.
        permitted_from: the moment at which it ends by itself.
        released_by: who or what ends it, where time alone does not.
        actions: what it withholds this time.
    """
    if (values or detail or permitted_from or released_by or actions) is None:
        return _BY_ITSELF[code]
    if actions is None:
        actions = RULE_BY_CODE[code].withholds
    return Withheld(code, actions, detail, values or {}, permitted_from, released_by)
