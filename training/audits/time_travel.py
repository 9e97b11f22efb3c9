"""Whether features stay as they are when what is learnt later comes or goes.

Each check computes some customers' features again, from rows that differ only in what
nobody could know at the moment. The catalogue is tested so on generated histories; here
the same is done to the rows of this very portfolio.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.additions import with_rows
from features.arrays import FloatArray
from features.batch import feature_table, matrix
from features.catalogue import is_read
from features.contract import TABLES
from features.events import FOREVER, Columns, Events
from features.feature_set import FeatureSet
from features.online import OnlineCompiler
from features.portfolio import Portfolio
from features.targets import Target
from training.audits.check import Check
from training.rows import Rows

N_PAIRS = 200  # (customer, moment) looked at
RELATIVE = 1e-9  # how far the two compilers may differ
JUST_AFTER = 1  # µs
Changed = Callable[[Events, int], Events]


def time_travel(
    portfolio: Portfolio,
    target: Target,
    rows: Rows,
    customers: Sequence[str],
    seed: int = 0,
) -> Iterator[Check]:
    """The checks 1 to 5, on a sample of (customer, moment).

    Args:
        portfolio: whose events.
        target: of the rows; what it does not learn from is blank in them.
        rows: training rows made of it; their features are computed again.
        customers: the ids that the rows' numbers stand for.
        seed: of the sample.
    """
    pairs = _sample(portfolio, rows, customers, seed)
    compute = OnlineCompiler(rows.feature_set, portfolio.settings)
    names = np.array(rows.feature_set.names)
    honest = np.array([compute(events, as_of) for events, as_of, _ in pairs])

    def differing(change: Changed, later_us: int = 0) -> tuple[int, list[str]]:
        again = np.array([compute(change(e, t), t + later_us) for e, t, _ in pairs])
        return _differences(honest, again, names)

    yield _unchanged(
        1,
        "truncation",
        "rows that were not known yet are taken away",
        differing(truncated),
        len(pairs),
    )
    yield _unchanged(
        2,
        "future_poison",
        "retractions of the latest rows of every table arrive just afterwards",
        differing(poisoned),
        len(pairs),
    )
    yield _late_arrival(differing(late), differing(late, 2 * JUST_AFTER), len(pairs))
    yield _order(portfolio, rows.feature_set, pairs, honest, seed)
    read = np.array([is_read(f, target) for f in rows.feature_set.features])
    served = np.array([row for _, _, row in pairs])
    differences = _differences(served[:, read], honest[:, read], names[read], RELATIVE)
    yield _unchanged(
        5,
        "parity",
        "training rows are computed again as the service would",
        differences,
        len(pairs),
    )


def truncated(events: Events, as_of: int) -> Events:
    """Without what was not known at `as_of`, neither rows nor their replacement."""

    def known(columns: Columns) -> Columns:
        keep = columns["known_at"] <= as_of
        kept = {name: column[keep] for name, column in columns.items()}
        until = kept["superseded_at"]
        kept["superseded_at"] = np.where(until > as_of, FOREVER, until)
        return kept

    tables = {name: known(columns) for name, columns in events.tables.items()}
    return replace(events, tables=tables)


def poisoned(events: Events, as_of: int) -> Events:
    """With each table's latest known rows retracted just after `as_of`."""
    return _with_echoes(events, as_of, {"retracted": 1.0})


def late(events: Events, as_of: int) -> Events:
    """With each table's last known row once more, under a new key, known later."""
    added = {}
    for table, columns in events.tables.items():
        known = np.flatnonzero(columns["known_at"] <= as_of)
        if len(known) and TABLES[table].key != ("customer_id", "event_at"):
            row = _row(columns, int(known[-1]), as_of + JUST_AFTER)
            ids = [k for k in TABLES[table].key if k.endswith("_id")]
            added[table] = [row | {k: f"late-{row[k]}" for k in ids[:1] if row[k]}]
    return with_rows(events, added)


def _with_echoes(events: Events, as_of: int, changed: dict[str, object]) -> Events:
    added = {}
    for table, columns in events.tables.items():
        known = (columns["known_at"] <= as_of) & (columns["superseded_at"] > as_of)
        places = np.flatnonzero(known)[-20:].tolist()  # the latest are looked at most
        if places:
            at = as_of + JUST_AFTER
            added[table] = [_row(columns, i, at) | changed for i in places]
    return with_rows(events, added)


def _row(columns: Columns, place: int, known_at: int) -> dict[str, object]:
    row = {name: column[place] for name, column in columns.items()}
    return row | {"known_at": known_at, "superseded_at": FOREVER}


def _sample(
    portfolio: Portfolio, rows: Rows, customers: Sequence[str], seed: int
) -> list[tuple[Events, int, FloatArray]]:
    """Customers' events, a moment of each, and the training row of it."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(rows), min(N_PAIRS, len(rows)), replace=False)
    by_customer = {int(rows.customer[i]): int(i) for i in chosen}
    place = {customers[number]: i for number, i in by_customer.items()}
    return [
        (events, int(rows.as_of[i]), rows.x[i])
        for events in portfolio.iter_events(place)
        for i in (place[events.customer_id],)
    ]


def _differences(
    a: FloatArray, b: FloatArray, names: np.ndarray, relative: float = 0.0
) -> tuple[int, list[str]]:
    """How many rows differ, and in which features."""
    is_same = np.isclose(a, b, rtol=relative, atol=relative, equal_nan=True)
    return int((~is_same.all(axis=1)).sum()), names[~is_same.all(axis=0)].tolist()


def _unchanged(
    number: int, name: str, what: str, differing: tuple[int, list[str]], n: int
) -> Check:
    n_differing, features = differing
    if n_differing == 0:
        return Check(number, name, "pass", f"{what}: none of {n} rows changed")
    text = f"{what}: {n_differing} of {n} rows changed"
    return Check(number, name, "leak", text, features=tuple(features))


def _late_arrival(
    before: tuple[int, list[str]], after: tuple[int, list[str]], n: int
) -> Check:
    what = "rows of the past that become known a microsecond after the moment"
    if before[0]:
        return _unchanged(3, "late_arrival", what, before, n)
    text = f"{what}: none of {n} rows changed at the moment, {after[0]} did after it"
    return Check(3, "late_arrival", "pass", text)


def _order(
    portfolio: Portfolio,
    features: FeatureSet,
    pairs: list[tuple[Events, int, FloatArray]],
    honest: FloatArray,
    seed: int,
) -> Check:
    """The files' rows of these customers, shuffled and half of them twice.

    Links are left out: they come from the rows of all customers, and these are some.
    """
    name, what = "order", "rows are shuffled, and half of them are there twice"
    ids = [events.customer_id for events, _, _ in pairs]
    tables = _shuffled(portfolio, ids, seed)
    if tables is None:
        text = "not looked at: the tables have their own names or spellings"
        return Check(4, name, "not_looked_at", text)
    again = Portfolio.from_tables(tables, portfolio.settings)
    moments = [as_of for _, as_of, _ in pairs]
    wanted = pa.table({"customer_id": ids, "as_of": pa.array(moments, pa.int64())})
    x = matrix(feature_table(again, wanted, features), features)
    own = np.array(["links" not in f.tables for f in features.features])
    names = np.array(features.names)
    differing = _differences(honest[:, own], x[:, own], names[own], RELATIVE)
    return _unchanged(4, name, what, differing, len(pairs))


def _shuffled(
    portfolio: Portfolio, ids: list[str], seed: int
) -> dict[str, pa.Table] | None:
    """Rows of some customers, shuffled, some twice; None where ids cannot be told."""
    rng = np.random.default_rng(seed)
    tables = {}
    for table in sorted(portfolio.source.tables):
        parts = []
        for part in portfolio.source.parts(table):
            if part.spellings or "customer_id" not in part.rows.column_names:
                return None
            theirs = pc.is_in(part.rows["customer_id"].cast(pa.string()), pa.array(ids))
            parts.append(part.rows.filter(theirs))
        rows = pa.concat_tables(parts, promote_options="permissive")
        order = np.arange(len(rows))
        # two refunds that nothing tells apart add up: payments stay single
        twice = order[: 0 if table == "payments" else len(rows) // 2]
        tables[table] = rows.take(rng.permutation(np.concatenate([order, twice])))
    return tables
