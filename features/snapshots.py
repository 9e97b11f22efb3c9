"""Which (customer, as_of) pairs to learn from and whom to score: CONTRACT section 3."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.account.account import Account
from features.account.many import histories, rows_by_customer
from features.account.rows import Row
from features.account.standing import Rules, Standing
from features.account.table import PassingFacts, snapshot_keys
from features.events import FOREVER
from features.fraud_signs import FraudSigns
from features.grid import NO_HISTORY, grid_dates, has_grid, one_moment
from features.head_count import HeadCount, PopulationCount, head_count
from features.moments import DAY_US

if TYPE_CHECKING:
    from features.portfolio import Portfolio

SCHEMA = pa.schema([("customer_id", pa.string()), ("as_of", pa.int64())])

Pairs = Iterator[tuple[str, int]]
LeftOut = Literal["not_yet", "gone", "late", "fraud"]  # of the population
# is shown each account once its moments in the population are found
Onlooker = Callable[[Account, Sequence[int]], None]


def snapshots(
    portfolio: Portfolio,
    customer_ids: Sequence[str] | None = None,
    onlooker: Onlooker | None = None,
    facts: PassingFacts | None = None,
    dates: Sequence[int] | None = None,
) -> pa.Table:
    """The snapshots to learn from: the portfolio's own, else a grid of dates.

    Population at each t: known at t, created before t, not departed unless owing, no
    fraud known yet, and, for labels from billing events on a grid, less overdue than
    what counts as non-payment.

    Args:
        portfolio: whose customers.
        customer_ids: some of them, in order; everyone by default.
        onlooker: whoever wants to know more of an account that is read here anyway;
            customers come in order, those without a snapshot as well.
        facts: shown how each snapshot stands.
        dates: of `grid_dates`, rising; all of them by default. Where there is no grid
            they are not asked.

    Returns:
        customer_id, as_of (µs since 1970 UTC), ordered by both.
    """
    everyone = portfolio.customer_ids if customer_ids is None else customer_ids
    chosen = _asked_for(portfolio)
    moments: Mapping[str, Sequence[int]]
    if chosen is not None:
        moments = {c: chosen[c] for c in everyone if c in chosen}
    elif portfolio.settings.tables <= NO_HISTORY:
        moments = dict.fromkeys(everyone, (one_moment(portfolio),))
    else:
        wanted = grid_dates(portfolio) if dates is None else dates
        moments = dict.fromkeys(everyone, wanted)
    is_grid = has_grid(portfolio)
    return _table(_population(portfolio, moments, onlooker, facts, is_grid=is_grid))


def latest_snapshots(portfolio: Portfolio, as_of: int | None = None) -> pa.Table:
    """Whom to score, each at one moment or at those of the `snapshots` table.

    Args:
        portfolio: whose customers.
        as_of: score everyone known and created by then; without it the portfolio's
            `snapshots`, else everyone at the latest moment of the data. Customers who
            departed and owe nothing are left out, unless `snapshots` ask for them.

    Returns:
        customer_id, as_of (µs since 1970 UTC), ordered by both.
    """
    return _wanted(portfolio, latest_moments(portfolio, as_of))


class ScorePlan(NamedTuple):
    """The moments at which each customer is looked at, and which of them count."""

    by_customer: Mapping[str, Sequence[int]]
    is_wanted: Callable[[Standing], bool]


def latest_moments(portfolio: Portfolio, as_of: int | None = None) -> ScorePlan:
    """As `latest_snapshots`, before anybody was looked at."""
    chosen = _asked_for(portfolio) if as_of is None else None
    if chosen is not None:
        return ScorePlan(chosen, lambda standing: standing.customer is not None)
    moment = portfolio.latest_moment if as_of is None else as_of
    return ScorePlan(dict.fromkeys(portfolio.customer_ids, (moment,)), _is_in_book)


def everyone_asked(snapshots: pa.Table) -> tuple[ScorePlan, list[int]]:
    """The moments of a table of snapshots, and the place there of each in turn."""
    by_customer: dict[str, list[int]] = {}
    places: dict[str, list[int]] = {}
    for place, (customer_id, moment) in enumerate(snapshot_keys(snapshots)):
        by_customer.setdefault(customer_id, []).append(moment)
        places.setdefault(customer_id, []).append(place)
    in_turn = [place for customer_id in sorted(places) for place in places[customer_id]]
    return ScorePlan(by_customer, lambda _: True), in_turn


def latest_population(portfolio: Portfolio) -> pa.Table:
    """The population of `snapshots` at the end of what the data observe.

    Where the portfolio itself says whom to score and when, or has no history, those of
    its latest 31 days.

    Returns:
        customer_id, as_of (µs since 1970 UTC), ordered by both.
    """
    if has_grid(portfolio):
        return population_at(portfolio, [portfolio.observed_until])
    pairs = snapshots(portfolio)
    moments = pairs["as_of"].to_numpy()
    since = max(moments, default=0) - 31 * DAY_US
    return pairs.filter(pa.array(moments > since, pa.bool_()))


def population_and_count(portfolio: Portfolio) -> tuple[pa.Table, PopulationCount]:
    """`latest_population`, and how it comes from all customers of the portfolio."""
    until, ids = portfolio.observed_until, portfolio.customer_ids
    days = portfolio.settings.labels.nonpayment.days_past_due
    if not has_grid(portfolio):
        scored = head_count(
            portfolio, until, latest_snapshots(portfolio, until).num_rows
        )
        pairs_asked = latest_population(portfolio)
        n = pc.count_distinct(pairs_asked["customer_id"]).as_py()
        others = "whom `snapshots` of the latest 31 days do not name"
        return pairs_asked, PopulationCount(scored, 0, days, 0, n, others)
    why_not = _left_out(portfolio, is_grid=True)
    pairs, n_scored, left_out = [], 0, Counter[LeftOut | None]()
    for account, standings in _standings(portfolio, dict.fromkeys(ids, (until,))):
        for standing, first_known_at in standings:
            n_scored += _is_in_book(standing)
            reason = why_not(account, standing, first_known_at)
            left_out[reason] += 1
            if reason is None:
                pairs.append((account.history.customer_id, standing.as_of))
    n_gone = left_out["gone"]
    scored = HeadCount(len(ids), len(ids) - n_scored - n_gone, n_gone)
    n_late, n_frauds = left_out["late"], left_out["fraud"]
    count = PopulationCount(scored, n_late, days, n_frauds, len(pairs))
    return _table(iter(pairs)), count


def population_at(portfolio: Portfolio, moments: Sequence[int]) -> pa.Table:
    """The population of `snapshots` at moments of one's own (µs since 1970 UTC).

    Args:
        portfolio: with a grid of dates (`has_grid`).
        moments: rising.

    Returns:
        customer_id, as_of, ordered by both.
    """
    everyone = dict.fromkeys(portfolio.customer_ids, moments)
    return _table(_population(portfolio, everyone, is_grid=True))


def newest_population(portfolio: Portfolio, until: int, n_dates: int) -> pa.Table:
    """Of `snapshots` those of the newest dates, without looking at the older ones.

    Args:
        portfolio: whose customers.
        until: the latest moment that counts, µs since 1970 UTC.
        n_dates: how many dates at most; one without anybody is none.

    Returns:
        customer_id, as_of, ordered by both.
    """
    if not has_grid(portfolio):
        rows = snapshots(portfolio)
        rows = rows.filter(pc.less_equal(rows["as_of"], until))
        newest = _dates(rows)[-n_dates:]
        return rows.filter(pc.is_in(rows["as_of"], value_set=pa.array(newest)))
    dates = [moment for moment in grid_dates(portfolio) if moment <= until]
    found = SCHEMA.empty_table()
    while dates and (missing := n_dates - len(_dates(found))):
        older = population_at(portfolio, dates[-missing:])
        found = pa.concat_tables([found, older])
        dates = dates[:-missing]
    return found.sort_by([(name, "ascending") for name in SCHEMA.names])


def _dates(rows: pa.Table) -> list[int]:
    return sorted(pc.unique(rows["as_of"]).to_pylist())


def book_snapshots(portfolio: Portfolio, moments: Sequence[int]) -> pa.Table:
    """Everyone in the book at each of some moments (µs since 1970 UTC, rising).

    Known and created by then, and not departed owing nothing.

    Returns:
        customer_id, as_of, ordered by both.
    """
    everyone = dict.fromkeys(portfolio.customer_ids, moments)
    return _wanted(portfolio, ScorePlan(everyone, _is_in_book))


def _is_in_book(standing: Standing) -> bool:
    return (
        standing.customer is not None
        and standing.customer.created_at <= standing.as_of
        and not (standing.is_departed and not standing.open)
    )


def _wanted(portfolio: Portfolio, moments: ScorePlan) -> pa.Table:
    return _table(
        (account.history.customer_id, standing.as_of)
        for account, standings in _standings(portfolio, moments.by_customer)
        for standing, _ in standings
        if moments.is_wanted(standing)
    )


def _table(pairs: Pairs) -> pa.Table:
    """The pairs in order; of many, no Python object is kept for each moment."""
    ids: list[str] = []
    moments = array("q")
    for customer_id, as_of in pairs:
        ids.append(customer_id)
        moments.append(as_of)
    return pa.table([ids, np.array(moments, np.int64)], schema=SCHEMA)


def _population(
    portfolio: Portfolio,
    moments: Mapping[str, Sequence[int]],
    onlooker: Onlooker | None = None,
    facts: PassingFacts | None = None,
    *,
    is_grid: bool,
) -> Pairs:
    """Those of the pairs that belong to the population, in order."""
    why_not = _left_out(portfolio, is_grid=is_grid)
    # of who owes what, usage says nothing
    usage_since = FOREVER if facts is None else facts.since
    for account, standings in _standings(portfolio, moments, usage_since):
        theirs = []
        for standing, first_known_at in standings:
            if why_not(account, standing, first_known_at) is None:
                theirs.append(standing.as_of)
                if facts is not None:
                    facts.look(account, standing)
        yield from ((account.history.customer_id, as_of) for as_of in theirs)
        if onlooker is not None:
            onlooker(account, theirs)


def _left_out(
    portfolio: Portfolio, *, is_grid: bool
) -> Callable[[Account, Standing, int], LeftOut | None]:
    """Why who stands so, and was first known then, is not in the population, if so.

    On a grid "created before t" is strict. Where each customer has one given moment,
    who has no creation date counts as created when first known, often at that moment.
    """
    limits = portfolio.settings.labels.nonpayment
    is_capped = is_grid and limits.source == "events"
    signs = FraudSigns(portfolio)

    def why_not(
        account: Account, standing: Standing, first_known_at: int
    ) -> LeftOut | None:
        """None: the account is decided about at the moment of its standing."""
        as_of, customer_id = standing.as_of, account.history.customer_id
        if standing.customer is None:
            return "not_yet"
        created_at = standing.customer.created_at
        is_created = created_at < as_of or (
            not is_grid and created_at == first_known_at
        )
        if not is_created:
            return "not_yet"
        if standing.is_departed and not standing.open:
            return "gone"
        if is_capped and (standing.days_overdue or 0) >= limits.days_past_due:
            return "late"
        known_at = signs.first_known(customer_id, -FOREVER, as_of, as_of)
        return None if known_at is None else "fraud"

    return why_not


def _standings(
    portfolio: Portfolio,
    moments: Mapping[str, Sequence[int]],
    usage_since: int = FOREVER,
) -> Iterator[tuple[Account, Iterator[tuple[Standing, int]]]]:
    """What is owed at each of a customer's moments, and when it was first known."""
    rules = Rules(portfolio.settings)
    for history in histories(portfolio, sorted(moments), usage_since):
        versions = history.customers
        first_known_at = min((row.known_at for row in versions), default=FOREVER)
        account = Account(history, rules)
        seen = [at for at in moments[history.customer_id] if at >= first_known_at]
        yield account, ((account.owing(at), first_known_at) for at in seen)


def _asked_for(portfolio: Portfolio) -> dict[str, list[int]] | None:
    """The moments in the `snapshots` table by customer; None without the table."""
    if "snapshots" not in portfolio.settings.tables:
        return None
    rows = portfolio.tables["snapshots"]
    standing = rows.filter(rows.superseded_at == FOREVER)
    customers = frozenset(portfolio.customer_ids)
    return {
        customer_id: sorted({row.event_at for row in rows_of_customer})
        for customer_id, rows_of_customer in rows_by_customer(standing, Row).items()
        if customer_id in customers
    }
