"""What can be learnt: labels, and the model that so many of them bear."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from features.counted import counted
from features.labels import all_labels_rejected
from features.moments import to_datetime
from features.outlook.counts import (
    LabelCount,
    frauds,
    matures_after_days,
    nonpayment_labels,
)
from features.outlook.outlook_answer import OutlookAnswer

if TYPE_CHECKING:
    from features.portfolio import Portfolio

# positives from which training goes a step further; a test compares them with training
LOGISTIC_FROM, TREES_FROM, ENOUGH = 2, 100, 200
_STEPS = (
    (
        LOGISTIC_FROM,
        "the starter at the level of your data, or the rate by lateness",
        "a model of your own beside it",
    ),
    (TREES_FROM, "a logistic model beside the starter", "trees are tried"),
    (
        ENOUGH,
        "a logistic model or trees, whichever predicts better",
        "a later period is set aside to judge by",
    ),
)


def learning_prospects(portfolio: Portfolio) -> Iterator[OutlookAnswer]:
    """Labels of non-payment and of fraud, and what training will fit."""
    unpaid = nonpayment_labels(portfolio)
    yield _nonpayment(portfolio, unpaid)
    n_frauds = frauds(portfolio)
    yield _fraud(n_frauds)
    has_starter = portfolio.settings.tables >= {"invoices", "payments"}
    yield _models(unpaid, n_frauds, has_starter=has_starter)


def _nonpayment(portfolio: Portfolio, count: LabelCount) -> OutlookAnswer:
    """How many labels of non-payment there are, or what brings the first."""
    question, days = "labels of non-payment", matures_after_days(portfolio)
    if all_labels_rejected(portfolio, "nonpayment"):
        return OutlookAnswer(
            question,
            "none can be known: rows of every customer were rejected",
            "the corrections that are listed above",
        )
    if not count.n_known or count.last is None:
        warm_up = portfolio.settings.snapshots.warm_up_days
        return OutlookAnswer(
            question,
            f"none is known yet: a date can be judged {days} days later",
            f"older invoices and payments: about {warm_up + days + 31} days of history"
            " or more",
        )
    last = to_datetime(count.last).astimezone(portfolio.settings.zone)
    n_all = len(portfolio.customer_ids)
    is_scaled = count.n_looked_at < n_all
    about = "about " if is_scaled else ""
    answer = (
        f"{about}{count.n_positive:,} of {count.n_known:,} snapshots"
        f" ({about}{count.n_customers:,} customers), mature to {last:%Y-%m-%d};"
        f" a date is mature after {days} days"
    )
    if is_scaled:
        answer += f" (estimated from {count.n_looked_at:,} of {n_all:,} customers)"
    is_thin = count.n_positive < ENOUGH
    return OutlookAnswer(
        question, answer, "older invoices and payments" if is_thin else ""
    )


def _fraud(n_customers: int | None) -> OutlookAnswer:
    question = "labels of fraud"
    improve = "outcomes.csv: customer_id, event_at, kind=fraud; or disputes.csv"
    if n_customers:
        return OutlookAnswer(question, f"of {counted(n_customers, 'customer')}")
    seen = "could be known" if n_customers is None else "was recorded"
    answer = f"no fraud {seen}: fraud rests on evidence (alerts, chargebacks)"
    return OutlookAnswer(question, answer, improve)


def _models(
    unpaid: LabelCount, n_frauds: int | None, *, has_starter: bool
) -> OutlookAnswer:
    fraud = "a model as far as they bear" if n_frauds else "none"
    if n_frauds == 0 and has_starter:
        fraud = "the starter, lower by what was not seen; stops wait for a person"
    n = unpaid.n_positive
    answer, improve = "a logistic model or trees, whichever predicts better", ""
    for most, fitted, next_step in reversed(_STEPS):
        if n < most:
            answer, improve = fitted, f"time: from {most} positives on {next_step}"
    if 0 < unpaid.n_known == n:
        answer = "none, for it happened in every snapshot that is known"
        improve = "customers to whom it did not happen, with their payments"
    if not unpaid.n_known:
        answer = (
            "the starter, which knows none of your outcomes; stops wait for a person"
        )
    return OutlookAnswer("models", f"non-payment: {answer}; fraud: {fraud}", improve)
