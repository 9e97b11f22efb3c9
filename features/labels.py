"""What became of each snapshot: the labels that training learns from.

CONTRACT section 3. Unknown is null and never counts as good. A label is used from the
moment its whole date can be known (`mature_at`), for positives become known early and
would teach a model that recent means bad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from features.account.account import Account
from features.account.many import histories, rows_by_customer
from features.account.rows import Row, known
from features.account.standing import Rules
from features.account.table import PassingFacts
from features.events import FOREVER
from features.fraud_records import fraud_records
from features.fraud_signs import FraudSigns
from features.maturity import maturity_us
from features.moments import DAY_US
from features.nonpayment import ActionRow, NonpaymentOutcome
from features.settings import PortfolioSettings
from features.snapshots import snapshots
from features.targets import Target

if TYPE_CHECKING:
    from features.portfolio import Portfolio


SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("as_of", pa.int64()),
        ("label", pa.float64()),
        ("known_at", pa.int64()),
        ("mature_at", pa.int64()),
    ]
)

# label, and when it became known if that was before its date matured
Judgement = tuple[float | None, int | None]
UNKNOWN: Judgement = (None, None)
NOTHING_HAPPENED: Judgement = (0.0, None)

Judge = Callable[[int, int], Judgement]  # of one customer, for (as_of, end]

Basis = Literal["fraud", "outcomes", "invoices", "ageing"]
# What a label relies on. A rejected row of the first kind may be what it hangs on
_MONEY: dict[Basis, frozenset[str]] = {
    "fraud": frozenset({"disputes", "outcomes"}),
    "outcomes": frozenset({"outcomes"}),
    "invoices": frozenset({"invoices", "payments", "disputes"}),
    "ageing": frozenset({"ageing", "disputes"}),
}
_COURSE = frozenset({"subscriptions", "actions"})  # who left, whom we suspected


def labels(portfolio: Portfolio, pairs: pa.Table, target: Target) -> pa.Table:
    """The label of each snapshot, judged by all that is known at `observed_until`.

    Args:
        portfolio: whose events or outcomes are looked at.
        pairs: customer_id, as_of (µs since 1970 UTC), in any order.
        target: `fraud` or `nonpayment`.

    Returns:
        In the order of `pairs`: customer_id, as_of, label (1, 0, null = unknown),
        known_at (when this label could be known) and mature_at (when all labels of
        its date can be known; training takes dates with mature_at <= its cut). Of a
        customer one of whose rows was rejected every label that may hang on it is
        unknown.
    """
    horizon_us, lag_us = maturity_us(portfolio, target)
    ids, moments = pairs["customer_id"].to_pylist(), pairs["as_of"].to_pylist()
    judged: list[Judgement] = [UNKNOWN] * len(moments)
    by_customer: dict[str, list[int]] = {}
    for place, customer_id in enumerate(ids):
        by_customer.setdefault(customer_id, []).append(place)
    basis = _basis(portfolio.settings, target)
    until = labels_observed_until(portfolio, target)
    for customer_id, judge in _judges(portfolio, sorted(by_customer), basis, until):
        for place in by_customer[customer_id]:
            judged[place] = judge(moments[place], moments[place] + horizon_us)
    return _labelled(pairs, judged, horizon_us + lag_us, until)


def snapshots_and_labels(
    portfolio: Portfolio,
    customer_ids: Sequence[str],
    facts: PassingFacts | None = None,
    dates: Sequence[int] | None = None,
) -> tuple[pa.Table, pa.Table]:
    """The `snapshots` of some customers and their labels of non-payment.

    Where both are read from accounts, each account is read and gone through once.

    Args:
        portfolio: whose events or outcomes are looked at.
        customer_ids: some of its customers, in order.
        facts: as `snapshots` has them.
        dates: as `snapshots` has them.
    """
    basis = _basis(portfolio.settings, "nonpayment")
    if basis not in ("invoices", "ageing"):
        pairs = snapshots(portfolio, customer_ids, facts=facts, dates=dates)
        return pairs, labels(portfolio, pairs, "nonpayment")
    horizon_us, lag_us = maturity_us(portfolio, "nonpayment")
    until = _until(portfolio, basis)
    whole = frozenset(_whole(portfolio, customer_ids, basis))
    judge_of = _judge_of_accounts(portfolio, until)
    judged: list[Judgement] = []

    def judge_theirs(account: Account, moments: Sequence[int]) -> None:
        """Add what became of one customer's snapshots."""
        if not moments or account.history.customer_id not in whole:
            judged.extend(UNKNOWN for _ in moments)
            return
        judge = judge_of(account)
        judged.extend(judge(as_of, as_of + horizon_us) for as_of in moments)

    pairs = snapshots(portfolio, customer_ids, judge_theirs, facts, dates)
    return pairs, _labelled(pairs, judged, horizon_us + lag_us, until)


def _labelled(
    pairs: pa.Table, judged: Sequence[Judgement], maturity: int, until: int
) -> pa.Table:
    """The table of `labels`; `maturity` from a date until all of its labels, µs."""
    moments = pairs["as_of"].to_pylist()
    mature_at = [as_of + maturity for as_of in moments]
    values = [
        None if label == 0.0 and mature > until else label
        for (label, _), mature in zip(judged, mature_at, strict=True)
    ]
    known_at = [
        mature if early is None else min(early, mature)
        for (_, early), mature in zip(judged, mature_at, strict=True)
    ]
    ids = pairs["customer_id"].combine_chunks()
    return pa.table([ids, moments, values, known_at, mature_at], schema=SCHEMA)


def labels_observed_until(portfolio: Portfolio, target: Target) -> int:
    """How far all that labels of a target rely on was observed, µs since 1970 UTC.

    Of other tables nothing follows for a label, however far behind they are.
    """
    basis = _basis(portfolio.settings, target)
    return portfolio.observed_until if basis is None else _until(portfolio, basis)


def labelled_customers(portfolio: Portfolio, target: Target) -> list[str]:
    """Customers whose labels can be known: no row that one may hang on was rejected."""
    basis = _basis(portfolio.settings, target)
    return [] if basis is None else _whole(portfolio, portfolio.customer_ids, basis)


def lacking_tables(settings: PortfolioSettings, target: Target) -> str | None:
    """What is missing for a label of non-payment to be known; None: nothing is.

    >>> lacking_tables(PortfolioSettings(tables={"invoices"}), "nonpayment")
    '`payments` is missing: who was billed may have paid'
    """
    basis = _basis(settings, target)
    if basis is None:
        return "`payments` is missing: who was billed may have paid"
    if basis == "outcomes" and "outcomes" not in settings.tables:
        return (
            "there are neither `invoices` with `payments` nor `ageing` nor `outcomes`"
        )
    return None


def all_labels_rejected(portfolio: Portfolio, target: Target) -> bool:
    """Whether rejected rows alone keep every customer's labels from being known."""
    everyone = portfolio.customer_ids
    if not everyone or any(c not in portfolio.rejected for c in everyone):
        return False
    return not labelled_customers(portfolio, target)


def _basis(settings: PortfolioSettings, target: Target) -> Basis | None:
    """What labels of a target are read from; None where nothing tells them."""
    if target == "fraud":
        return "fraud"
    if settings.labels.nonpayment.source == "outcomes":
        return "outcomes"
    source = settings.money_source
    if source in ("invoices", "ageing"):
        return source
    # who was billed may have paid: outcomes do not stand in for `payments`
    return None if "invoices" in settings.tables else "outcomes"


def _until(portfolio: Portfolio, basis: Basis) -> int:
    """How far all that a label relies on was observed, µs since 1970 UTC."""
    if not isinstance(portfolio.settings.observed_until, Mapping):
        return portfolio.observed_until
    relied_on = _MONEY[basis] | (frozenset() if basis == "fraud" else _COURSE)
    named = [at for name, at in portfolio.observed.items() if name in relied_on]
    return min(named, default=portfolio.observed_until)


def _judges(
    portfolio: Portfolio, customer_ids: list[str], basis: Basis | None, until: int
) -> Iterator[tuple[str, Judge]]:
    """For each customer what tells labels; nobody where nothing can tell them."""
    if basis is None:
        return iter(())
    whole = _whole(portfolio, customer_ids, basis)
    if basis == "fraud":
        return _fraud_judges(portfolio, whole, until)
    if basis == "outcomes":
        return _outcome_judges(portfolio, whole, until)
    return _billing_judges(portfolio, whole, until)


def _whole(
    portfolio: Portfolio, customer_ids: Sequence[str], basis: Basis
) -> list[str]:
    """Customers none of whose rows that a label may hang on was rejected."""
    return [
        customer_id
        for customer_id in customer_ids
        if _MONEY[basis].isdisjoint(portfolio.rejected.get(customer_id, ()))
    ]


def _fraud_judges(
    portfolio: Portfolio, customer_ids: list[str], until: int
) -> Iterator[tuple[str, Judge]]:
    signs = FraudSigns(portfolio)
    if not signs.can_be_known:
        return
    records = fraud_records(portfolio, signs)
    since = None if records is None else records.since
    for customer_id in customer_ids:

        def judge(as_of: int, end: int, of: str = customer_id) -> Judgement:
            """Bad from the first sign of fraud within (as_of, end]."""
            if since is not None and as_of < since:
                return UNKNOWN
            known_at = signs.first_known(of, as_of, end, until)
            return NOTHING_HAPPENED if known_at is None else (1.0, known_at)

        yield customer_id, judge


def _outcome_judges(
    portfolio: Portfolio, customer_ids: list[str], until: int
) -> Iterator[tuple[str, Judge]]:
    if "outcomes" not in portfolio.settings.tables:
        return
    outcomes = portfolio.tables["outcomes"]
    bad = outcomes.filter(outcomes.kind.isin(["nonpayment", "written_off"]))
    rows = rows_by_customer(bad, Row)
    for customer_id in customer_ids:
        standing = known(rows.get(customer_id, ()), until)

        def judge(as_of: int, end: int, of: list[Row] = standing) -> Judgement:
            """Bad from the first recorded outcome within (as_of, end]."""
            first = [row.known_at for row in of if as_of < row.event_at <= end]
            return (1.0, min(first)) if first else NOTHING_HAPPENED

        yield customer_id, judge


def _billing_judges(
    portfolio: Portfolio, customer_ids: list[str], until: int
) -> Iterator[tuple[str, Judge]]:
    """By customer, what judges non-payment from invoices and payments."""
    rules = Rules(portfolio.settings)
    judge_of = _judge_of_accounts(portfolio, until)
    for history in histories(portfolio, customer_ids, usage_since=FOREVER):
        yield history.customer_id, judge_of(Account(history, rules))


def _judge_of_accounts(portfolio: Portfolio, until: int) -> Callable[[Account], Judge]:
    """What tells the labels of an account, by all that is known at `until`."""
    terms = portfolio.settings.labels.nonpayment
    lag_us = terms.posting_lag_days * DAY_US
    actions = rows_by_customer(portfolio.tables["actions"], ActionRow)

    def judge_of(account: Account) -> Judge:
        """What tells the labels of one account."""
        done = actions.get(account.history.customer_id, [])
        later = NonpaymentOutcome(account, done, terms.days_past_due, until)

        def judge(as_of: int, end: int) -> Judgement:
            """Bad once an invoice was too late; unknown where nobody can tell."""
            default_at = later.default_at(as_of, end)
            if later.is_unseen(as_of, end, default_at):
                return UNKNOWN
            if default_at is not None and later.may_be_paid(default_at):
                return UNKNOWN
            if default_at is not None:
                return 1.0, default_at + lag_us
            return NOTHING_HAPPENED

        return judge

    return judge_of
