"""Random cases that hold together: what is owed, told, promised and contested."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from hypothesis import strategies as st

from decisions import default_policy
from decisions.case import BudgetUse, Case
from decisions.policy_file.load import (
    Policy,
    load_policy,
    parse_document,
    shipped_policies,
)
from decisions.steps.choose_columns import PortfolioRun, decide_cases, share_budgets
from features.facts import (
    AccountFacts,
    ActiveHold,
    ActiveOverride,
    Evidence,
    ExecutedAction,
    LiveSubscription,
    Notice,
    OpenDispute,
    OpenItem,
    OpenPromise,
    PaymentAttempt,
    SharedWithFrauds,
)

TUESDAY = datetime(2026, 6, 9, 10, 0, tzinfo=UTC)
UNITS = 10_000
BROKEN = frozenset({"payments"})
STARTER = frozenset({"fraud", "nonpayment"})
INPUTS_MISSING = ({"fraud": ("usage",)}, {"nonpayment": ("usage",)})
LATELY_NOT = tuple(
    {table: TUESDAY - timedelta(days=900)} for table in ("payments", "holds", "alerts")
)
NOTICES = ("reminder_1", "reminder_2", "final_notice", "usage_warning")
TABLES = frozenset(
    {"customers", "subscriptions", "invoices", "payments"}
    | {"disputes", "contacts", "holds", "actions"}
)

Anything: TypeAlias = Any  # a field of AccountFacts

money = st.integers(0, 20_000).map(lambda euros: euros * UNITS)
shares = st.sampled_from([0.0, 0.0, 0.0, 0.3, 1.0])
probabilities = st.one_of(
    st.sampled_from([0.0, 0.01, 0.1, 0.3, 0.5, 0.9, 1.0]), st.floats(0, 1)
)


def facts_of(at: datetime = TUESDAY, **given: Anything) -> AccountFacts:
    """Facts of a customer with sound defaults, money in ten-thousandths."""
    days = int(given.get("days_overdue", 0))
    defaults: dict[str, Any] = {
        "customer_id": "c1",
        "as_of": at,
        "source": "invoices",
        "open": 0,
        "credit": 0,
        "written_off": 0,
        "contested": 0,
        "in_flight": 0,
        "promised": 0,
        "overdue": 0,
        "actionable": 0,
        "days_overdue": 0,
        "recurring_monthly": 0,
        "usage_daily_cost": 0,
        "committed": 0,
        "clv": 0,
        "subject_kind": "legal_person",
        "created_at": at - timedelta(days=800),
        "n_invoices_paid": 9,
        "known_until": at,
        "episode_started_at": at - timedelta(days=days) if days else None,
        "tables": TABLES,
    }
    return AccountFacts(**(defaults | given))


def overdue_facts(
    open_euros: float = 4500, days: int = 40, at: datetime = TUESDAY, **given: Anything
) -> AccountFacts:
    """A customer in arrears to whom every notice was delivered in time."""
    owed = round(open_euros * UNITS)
    due_at = at - timedelta(days=days)
    item = OpenItem(
        invoice_id="i1",
        issued_at=due_at - timedelta(days=30),
        due_on=due_at.date(),
        amount=owed,
        remainder=owed,
        contested=0,
        days_overdue=days,
    )
    told = {"reminder_1": 35, "reminder_2": 28, "final_notice": 20}
    defaults: dict[str, Any] = {
        "open": owed,
        "overdue": owed,
        "actionable": owed,
        "days_overdue": days,
        "recurring_monthly": 700 * UNITS,
        "clv": 1800 * UNITS,
        "items": (item,),
        "notices": tuple(delivered(name, ago, at) for name, ago in told.items()),
    }
    return facts_of(at, **(defaults | given))


def delivered(name: str, days_ago: float, at: datetime = TUESDAY) -> Notice:
    moment = at - timedelta(days=days_ago)
    return Notice(name, moment, moment)


@st.composite
def notices(draw: st.DrawFn, at: datetime) -> tuple[Notice, ...]:
    found = []
    for name in draw(st.lists(st.sampled_from(NOTICES), max_size=4)):
        sent = at - timedelta(days=draw(st.integers(0, 60)))
        fate = draw(st.sampled_from(["delivered", "delivered", "silent", "bounced"]))
        found.append(
            Notice(
                name,
                sent,
                delivered_at=sent if fate == "delivered" else None,
                bounced_at=sent if fate == "bounced" else None,
                policy=draw(st.sampled_from([None, None, "reseller-default@1", "x@1"])),
            )
        )
    return tuple(found)


@st.composite
def subscriptions(draw: st.DrawFn) -> tuple[LiveSubscription, ...]:
    return tuple(
        LiveSubscription(
            subscription_id=f"s{i}",
            product=draw(st.sampled_from(["Office", "Azure plan", None])),
            billing=draw(st.sampled_from(["license", "usage"])),
            monthly=draw(money),
            committed=draw(st.sampled_from([0, 100 * UNITS])),
            overdue=draw(st.sampled_from([0, 500 * UNITS])),
        )
        for i in range(draw(st.integers(0, 3)))
    )


@st.composite
def holds(draw: st.DrawFn, at: datetime) -> tuple[ActiveHold, ...]:
    kinds = ["exemption", "instalment_plan", "legal", "manual"]
    return tuple(
        ActiveHold(
            kind,
            since=at - timedelta(days=draw(st.integers(0, 200))),
            until=draw(st.sampled_from([None, at + timedelta(days=9)])),
            subscription_id=draw(st.sampled_from([None, "s0"])),
        )
        for kind in draw(st.lists(st.sampled_from(kinds), max_size=2))
    )


@st.composite
def signs(draw: st.DrawFn, at: datetime) -> tuple[Evidence, ...]:
    kinds = ["crypto_mining", "spend_anomaly", "chargeback_fraud", "outcome_fraud", "x"]
    return tuple(
        Evidence(
            kind,
            at - timedelta(days=draw(st.integers(0, 200))),
            confidence=draw(st.sampled_from([None, "low", "high"])),
            is_confirmed=draw(st.booleans()),
        )
        for kind in draw(st.lists(st.sampled_from(kinds), max_size=2))
    )


@st.composite
def shared(draw: st.DrawFn, at: datetime) -> tuple[SharedWithFrauds, ...]:
    days = draw(st.lists(st.integers(0, 500), min_size=1, max_size=4))
    known_at = tuple(at - timedelta(days=n) for n in sorted(days, reverse=True))
    n_others = len(known_at) + draw(st.sampled_from([0, 1, 30]))
    kind = draw(st.sampled_from(["instrument", "device", "ip", "other"]))
    return (SharedWithFrauds(kind, n_others, known_at),)


@st.composite
def stops(draw: st.DrawFn, at: datetime) -> tuple[ExecutedAction, ...]:
    return tuple(
        ExecutedAction(
            draw(st.sampled_from(["suspend", "block"])),
            at - timedelta(days=draw(st.integers(0, 90))),
            reason=reason,
            by=draw(st.sampled_from(["automation", "person"])),
        )
        for reason in draw(
            st.lists(st.sampled_from(["nonpayment", "fraud", "manual"]), max_size=2)
        )
    )


@st.composite
def measures(draw: st.DrawFn, at: datetime) -> tuple[ExecutedAction, ...]:
    """Measures in force, of the account or of one subscription."""
    return tuple(
        ExecutedAction(
            name,
            at - timedelta(days=draw(st.integers(0, 90))),
            by=draw(st.sampled_from(["automation", "person"])),
            subscription_id=draw(st.sampled_from([None, "s0"])),
        )
        for name in draw(
            st.sets(st.sampled_from([*MEASURES, "restrict"]), min_size=1, max_size=2)
        )
    )


@st.composite
def items(
    draw: st.DrawFn, at: datetime, open_: int, contested: int, days: int
) -> tuple[OpenItem, ...]:
    """Up to three invoices that sum to what is open; the first is the oldest."""
    n = draw(st.integers(1, 3))
    found = []
    for i in range(n):
        last = i == n - 1
        owed = open_ - open_ // n * i if last else open_ // n
        part = contested - contested // n * i if last else contested // n
        late = days if i == 0 else draw(st.integers(0, days))
        due_at = at - timedelta(days=late if late else -draw(st.integers(0, 9)))
        ended = draw(
            st.sampled_from([None, None, timedelta(days=draw(st.integers(0, 40)))])
        )
        until = None if ended is None else min(due_at - ended, due_at).date()
        found.append(
            OpenItem(
                invoice_id=f"i{i}",
                issued_at=due_at - timedelta(days=draw(st.integers(0, 45))),
                due_on=due_at.date(),
                amount=owed,
                remainder=owed,
                contested=part,
                days_overdue=late if part < owed else 0,
                subscription_id=draw(st.sampled_from([None, "s0"])),
                disputed_until=until,
            )
        )
    return tuple(found)


def covered(
    items: tuple[OpenItem, ...], in_flight: int, promised: int
) -> tuple[OpenItem, ...]:
    """Money in flight and promised, laid on what is overdue from the oldest on."""
    found = []
    for item in items:
        rest = item.remainder - item.contested if item.days_overdue else 0
        paid = min(rest, in_flight)
        pledged = min(rest - paid, promised)
        in_flight, promised = in_flight - paid, promised - pledged
        found.append(replace(item, in_flight=paid, promised=pledged))
    return tuple(found)


@st.composite
def overrides(draw: st.DrawFn, at: datetime) -> tuple[ActiveOverride, ...]:
    return (
        ActiveOverride(
            action=draw(st.sampled_from(["none", "remind", "suspend"])),
            at=at - timedelta(days=3),
            by="anna",
            reason="agreed by telephone",
            until=at + timedelta(days=draw(st.sampled_from([-1, 4]))),
            subscription_id=draw(st.sampled_from([None, "s0"])),
        ),
    )


@st.composite
def attempts(draw: st.DrawFn, at: datetime) -> tuple[PaymentAttempt, ...]:
    """Failed charges, the oldest first."""
    codes = ["insufficient_funds", "do_not_honor", "lost_or_stolen", None]
    found = [
        PaymentAttempt(
            at - timedelta(days=draw(st.integers(0, 60))),
            draw(st.sampled_from(["failed", "failed", "returned"])),
            draw(st.sampled_from(["card", "card", "direct_debit", None])),
            draw(st.sampled_from(codes)),
            draw(st.sampled_from([None, "i0", "i1"])),
            draw(st.sampled_from([None, "card-1", "card-2"])),
        )
        for _ in range(draw(st.integers(0, 4)))
    ]
    return tuple(sorted(found, key=lambda attempt: attempt.at))


@st.composite
def random_facts(draw: st.DrawFn, at: datetime = TUESDAY) -> AccountFacts:
    """Facts in which the amounts add up as the contract says."""
    open_ = draw(money)
    contested = round(open_ * draw(shares))
    days = draw(st.sampled_from([0, 0, 2, 5, 15, 25, 35, 50, 100]))
    overdue = open_ - contested if days else 0
    owed = overdue > 0
    in_flight, promised = round(overdue * draw(shares)), round(overdue * draw(shares))
    fields: dict[str, Any] = {
        "customer_id": draw(st.sampled_from(["c1", "c2", "c3", "c4", "c5"])),
        "open": open_,
        "contested": contested,
        "in_flight": in_flight,
        "promised": promised,
        "overdue": overdue,
        "actionable": max(0, overdue - in_flight - promised),
        "days_overdue": days if overdue else 0,
        "recurring_monthly": draw(money),
        "usage_daily_cost": draw(st.integers(0, 500)) * UNITS,
        "committed": draw(st.sampled_from([0, 0, 3000 * UNITS])),
        "clv": draw(money),
        "usage_ratio": draw(st.sampled_from([None, 1.0, 9.0])),
        "subject_kind": draw(
            st.sampled_from(["legal_person", "natural_person", "sole_trader", None])
        ),
        "segment": draw(st.sampled_from([None, "healthcare", "retail"])),
        "n_invoices_paid": draw(st.sampled_from([0, 7])),
        "has_open_appeal": draw(st.sampled_from([False, False, True])),
        "tables": draw(
            st.sampled_from([TABLES] * 4 + [TABLES - {"contacts"}, TABLES - {"holds"}])
        ),
        "notices": draw(notices(at)),
        "subscriptions": draw(subscriptions()),
        "holds": draw(st.one_of(st.just(()), holds(at))),
        "evidence": draw(st.one_of(st.just(()), signs(at))),
        "shared_with_frauds": draw(st.one_of(st.just(()), shared(at))),
        "access_off": draw(st.one_of(st.just(()), stops(at))),
        "disputes": (OpenDispute("d", "billing", at, contested, None),)
        if contested
        else (),
        "promises": (
            OpenPromise(
                at,
                at + timedelta(days=5),
                promised,
                days=draw(st.sampled_from([5, 5, 30])),
            ),
        )
        if promised
        else (),
        "items": covered(
            draw(items(at, open_, contested, days)) if owed else (), in_flight, promised
        ),
        "unallocated": draw(st.sampled_from([None, 0, 0, 900 * UNITS])),
        "assumed": draw(st.sampled_from([(), (), ("recurring_monthly", "clv")])),
        "rejected": draw(
            st.sampled_from([frozenset()] * 6 + [frozenset({"alerts"}), BROKEN])
        ),
        "protected_until": draw(
            st.sampled_from([None, None, None, at + timedelta(hours=9)])
        ),
        "fraud_stopped_at": draw(
            st.sampled_from([None, None, at - timedelta(days=20)])
        ),
        "overrides": draw(st.one_of(st.just(()), st.just(()), overrides(at))),
        "measures": draw(st.one_of(st.just(()), measures(at))),
        "payment_attempts": draw(attempts(at)) if owed else (),
    }
    return facts_of(at, **fields)


@st.composite
def any_cases(draw: st.DrawFn, at: datetime = TUESDAY) -> Case:
    return Case(
        facts=draw(random_facts(at)),
        p_fraud=draw(st.one_of(probabilities, st.none())),
        p_nonpayment=draw(st.one_of(probabilities, st.none())),
        nonpayment_given_fraud=draw(st.sampled_from([0.0, 0.5, 1.0])),
        observed_until=draw(st.sampled_from([None, None, at - timedelta(days=30)])),
        observed=draw(st.sampled_from([{}, {}, {}, *LATELY_NOT])),
        starter=draw(st.sampled_from([frozenset(), frozenset(), STARTER])),
        inputs_missing=draw(st.sampled_from([{}, {}, {}, *INPUTS_MISSING])),
        named=draw(st.sampled_from([{}, {}, {"reminder_1": at - timedelta(days=1)}])),
        previous=draw(
            st.sampled_from([None, None, "remind", "review", "service_request"])
        ),
    )


FACTS = (
    "subject_kind",
    "segment",
    "has_open_appeal",
    "tables",
    "notices",
    "subscriptions",
    "holds",
    "evidence",
    "shared_with_frauds",
    "access_off",
    "usage_daily_cost",
    "clv",
    "n_invoices_paid",
    "payment_attempts",
    "unallocated",
    "assumed",
    "rejected",
    "protected_until",
    "fraud_stopped_at",
    "overrides",
    "measures",
)
KNOWN = (
    "p_fraud",
    "p_nonpayment",
    "observed_until",
    "observed",
    "starter",
    "inputs_missing",
    "named",
    "previous",
)


@st.composite
def nearly_stopped(
    draw: st.DrawFn, at: datetime = TUESDAY, names: tuple[str, ...] = NOTICES[:3]
) -> Case:
    """A case that permits a suspension, but for at most two of a random one's fields.

    Every notice of `names` was sent in time, one after the other, and mostly arrived.
    """
    other = draw(any_cases(at))
    taken = draw(st.lists(st.sampled_from([*FACTS, *KNOWN]), max_size=2))
    days = draw(st.sampled_from([40, 60, 90]))
    told = tuple(
        delivered(name, days * (0.9 - 0.5 * i / len(names)), at)
        for i, name in enumerate(names)
    )
    given: dict[str, Any] = {"customer_id": other.facts.customer_id}
    if draw(st.booleans()):  # and uses far more than before, as the customer was told
        given |= {"usage_ratio": 9.0, "usage_daily_cost": 120 * UNITS}
        told += (delivered("usage_warning", 2, at),)
    if draw(st.sampled_from([False, False, False, True])):
        told = tuple(replace(notice, delivered_at=None) for notice in told)
    given |= {"notices": told}
    given |= {name: getattr(other.facts, name) for name in taken if name in FACTS}
    euros = draw(st.sampled_from([400, 4500, 9000]))
    case = Case(
        overdue_facts(euros, days, at, **given), 0.0, draw(st.sampled_from([0.6, 0.95]))
    )
    known = {name: getattr(other, name) for name in taken if name in KNOWN}
    return replace(case, **known)


def random_cases(
    at: datetime = TUESDAY, names: tuple[str, ...] = NOTICES[:3]
) -> st.SearchStrategy[Case]:
    return st.one_of(any_cases(at), nearly_stopped(at, names))


SHIPPED = [load_policy(path) for path in shipped_policies()]


retries = st.fixed_dictionaries(
    {
        "days_after_failure": st.sets(st.integers(1, 40), min_size=1, max_size=4).map(
            sorted
        ),
        "methods": st.sampled_from([["card"], ["card", "direct_debit"]]),
        "never_after": st.sampled_from([[], ["lost_or_stolen"]]),
        "days_before_state": st.integers(0, 5),
        "missed_after_days": st.sampled_from([0, 3, 90]),
        "notice_at_once_on_hard_decline": st.booleans(),
    }
)


MEASURES: dict[str, Any] = {
    "limit_spending": {"fixed": 1, "stop": [0.3, 0.5], "limit": 100, "approvals": 0},
    "stop_meter": {"fixed": 2, "churn_good": 0.05, "stop": [0.8, 0.9]},
    "prepayment": {"fixed": 3, "churn_good": 0.02, "stop": [0.6, 0.1]},
}


def with_measures(measures: dict[str, Any] | None = None, **cases: object) -> Policy:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["costs"]["measures"] = MEASURES if measures is None else measures
    values |= cases
    return Policy(parse_document(values, "test"))


@st.composite
def random_policies(draw: st.DrawFn) -> Policy:
    """A shipped policy with another clock, other triggers and other retries."""
    shipped = draw(st.sampled_from(SHIPPED))
    values = shipped.document.model_dump(mode="json", by_alias=True)
    values["clock"] |= {
        "anchor": draw(st.sampled_from(["due_date", "invoice_date", "payment_failed"])),
        "min_invoice": draw(st.sampled_from([0, 0, 100, 3000])),
        "grace_days": draw(st.sampled_from([0, 0, 4])),
    }
    values["retries"] = draw(st.one_of(st.none(), retries))
    if values["fraud_path"] is not None:
        values["fraud_path"]["confirmed"] = draw(st.sampled_from(["review", "suspend"]))
    if values["costs"] is not None:
        values["costs"]["measures"] = draw(st.sampled_from([{}, MEASURES]))
    for state in values["ladder"]:
        state["when"] |= {
            "unpaid_invoices": draw(st.sampled_from([0] * 8 + [2, 3])),
            "overdue_amount": draw(st.sampled_from([0, 0, 0, 500])),
        }
    return Policy(parse_document(values, "random"))


moments = st.datetimes(
    datetime(2025, 12, 20),  # noqa: DTZ001  Hypothesis wants them naive
    datetime(2027, 12, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@st.composite
def questions(
    draw: st.DrawFn, policies: st.SearchStrategy[Policy]
) -> tuple[Case, Policy, datetime]:
    """A policy, a moment, and a customer as of that moment, told in its own notices."""
    policy = draw(policies)
    at = draw(st.one_of(st.just(TUESDAY), moments))
    names = tuple(state.notice for state in policy.document.ladder if state.notice)
    return draw(random_cases(at, names)), policy, at


def recommend_many(
    cases: Sequence[Case],
    policy: Policy,
    at: datetime,
    budget_use: BudgetUse | None = None,
) -> PortfolioRun:
    """`recommend` for many cases, with the budgets shared by the run."""
    return share_budgets(decide_cases(cases, policy, at), budget_use or BudgetUse())
