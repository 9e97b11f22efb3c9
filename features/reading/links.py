"""The table `links`, found from what customers used: who shares what with whom.

An instrument, a device or an address that two customers used is a link for both from
the moment at which both uses are known, and for as long as both stand. Where the other
one is known as a fraud, a second row says so, from the moment that is known. Nothing is
learnt from what comes later, and nobody is their own neighbour.

Behind one address there may be thousands: a customer is linked with the `NEAREST` who
were first known to use it before, and as many after. So the table grows with the uses,
not with their square, and counts end at a number that says enough. What more than
`MANY_CUSTOMERS` and more than `MANY_SHARE` of the customers use says nothing of any two
of them: from the moment that is known it links nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.contract import SURE_STRENGTHS, TABLES
from features.events import FOREVER
from features.reading.duck import run
from features.reading.masked import ADDRESS, CUT_ADDRESS, PATTERN, masked_sql

NEAREST = 20
MANY_CUSTOMERS = 100
MANY_SHARE = 0.05  # of those of whom a thing of the kind is known
_SHOWN = 12  # characters of a value that a warning shows
SHARED = {  # what is shared, and the table and column that tell of it
    "instrument": ("payments", "instrument_id"),
    "device": ("access", "device_id"),
    "ip": ("access", "ip_id"),
}
SOURCES = frozenset(table for table, _ in SHARED.values())
_THING = ("kind", "shared_id")
_USE = (*_THING, "customer_id")
_SHARED_THINGS = "forbear_shared_things"
_SHARED_USES = "forbear_shared_uses"
_SPAN = ("event_at", "known_at", "superseded_at")
# What too many share: its kind, values, the most common first, and by how many that is
Common: TypeAlias = tuple[str, list[str], int]


def derive_links(
    duckdb: Any,  # noqa: ANN401
    common: Sequence[Common],
    *,
    takeover_is_fraud: bool,
) -> bool:
    """Fill `links`; whether anything was recorded that could be shared.

    What is masked was not recorded: where nothing else is, nobody looked. The same
    holds of what too many share.

    Args:
        duckdb: the connection that holds the tables.
        common: of `common_things`, asked of the same connection before.
        takeover_is_fraud: as the labels have it.
    """
    of_kind = {kind: values for kind, values, _ in common}
    is_recorded = any(
        duckdb.execute(
            f"SELECT 1 FROM {table} WHERE NOT {masked_sql(table, column)}"  # noqa: S608
            f" AND NOT list_contains(?, {column}) LIMIT 1",
            [of_kind.get(kind, [])],
        ).fetchall()
        for kind, (table, column) in SHARED.items()
    )
    if is_recorded:
        links = _links_sql(takeover_is_fraud=takeover_is_fraud)
        run(duckdb, f"CREATE TEMP TABLE {_SHARED_USES} AS {_shared_uses_sql()}")
        run(duckdb, f"INSERT INTO links BY NAME {links}")
        run(duckdb, f"DROP TABLE {_SHARED_USES}")
    run(duckdb, f"DROP TABLE {_SHARED_THINGS}")
    return is_recorded


def shared_by_too_many(common: Sequence[Common]) -> Iterator[str]:
    """Values that no form tells and so many share that they link nobody."""
    for kind, values, n_customers in common:
        table, column = SHARED[kind]
        value = values[0]
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        yield (
            f"{table}: values of {column} that more than {MANY_CUSTOMERS} customers and"
            f" {MANY_SHARE:.0%} of them share: {len(values):,}, such as {shown}"
            f" ({n_customers:,} customers); they link nobody. Export the whole value,"
            " or a hash of it"
        )


def common_things(duckdb: Any) -> list[Common]:  # noqa: ANN401
    """By kind what too many share, although its form says nothing.

    What several share is found here, once, and kept for `derive_links`.
    """
    things = f"CREATE OR REPLACE TEMP TABLE {_SHARED_THINGS} AS {_things_sql()}"
    run(duckdb, things)
    return run(
        duckdb,
        "SELECT kind, list(shared_id ORDER BY n DESC, shared_id), max(n)"  # noqa: S608
        f" FROM {_SHARED_THINGS} WHERE NOT is_masked AND common_at < {FOREVER}"
        " GROUP BY kind ORDER BY kind",
    )


@lru_cache(maxsize=1)
def _things_sql() -> str:
    return str(ibis.to_sql(_things(_uses(_empty_tables())), dialect="duckdb"))


@lru_cache(maxsize=2)  # to write the SQL takes as long as to run it on 800 customers
def _links_sql(*, takeover_is_fraud: bool) -> str:
    columns = dict.fromkeys(_USE, "string") | dict.fromkeys(_SPAN, "int64")
    uses = ibis.table(columns, name=_SHARED_USES)
    links = _links(uses, _empty_tables(), takeover_is_fraud=takeover_is_fraud)
    return str(ibis.to_sql(links, dialect="duckdb"))


@lru_cache(maxsize=1)
def _shared_uses_sql() -> str:
    columns = dict.fromkeys(_THING, "string") | {"common_at": "int64"}
    columns |= {"n": "int64", "is_masked": "boolean"}
    things = ibis.table(columns, name=_SHARED_THINGS)
    uses = _spans(_several(_uses(_empty_tables()), things), _USE)
    return str(ibis.to_sql(uses, dialect="duckdb"))


def _empty_tables() -> dict[str, ir.Table]:
    """The tables that links are found from, by their columns alone."""
    texts = {
        "payments": ("instrument_id", "paid_by"),
        "access": ("ip_id", "device_id"),
        "outcomes": ("kind", "strength"),
        "disputes": ("kind", "status"),
    }
    always = {"customer_id": "string", **dict.fromkeys(_SPAN, "int64")}
    return {
        name: ibis.table({**always, **dict.fromkeys(columns, "string")}, name=name)
        for name, columns in texts.items()
    }


def _links(
    uses: ir.Table, tables: Mapping[str, ir.Table], *, takeover_is_fraud: bool
) -> ir.Table:
    """The rows of `links` in the normal form, with `superseded_at`.

    Args:
        uses: spans in which customers used what others used as well.
        tables: `outcomes` and `disputes` in the normal form.
        takeover_is_fraud: as the labels have it.
    """
    shared = _neighbours(uses)
    frauds = _spans(_signs(tables, takeover_is_fraud=takeover_is_fraud), ("other_id",))
    known_frauds = _both(shared, frauds, ["other_id"])
    rows = shared.mutate(status=ibis.literal("shared")).union(
        known_frauds.mutate(status=ibis.literal("fraud"))
    )
    names = [c.name for c in TABLES["links"].columns] + ["superseded_at"]
    return rows.mutate(retracted=ibis.literal(False)).select(names)


def rows_to_send(connection: Any, links: ir.Table) -> pa.Table:  # noqa: ANN401
    """The table `links` as its rows are sent: what ended is taken back.

    Args:
        connection: the Ibis backend that holds it.
        links: in the normal form.
    """
    ended = links.filter(links.superseded_at < FOREVER)
    taken_back = ended.mutate(
        known_at=ended.superseded_at, retracted=ibis.literal(True)
    )
    both = links.union(taken_back).drop("superseded_at")
    rows = connection.to_pyarrow(both.order_by([*TABLES["links"].key, "known_at"]))
    moment = pa.timestamp("us", "UTC")
    for name in ("event_at", "known_at"):
        place = rows.column_names.index(name)
        rows = rows.set_column(place, name, rows[name].cast(moment))
    return rows


def _uses(tables: Mapping[str, ir.Table]) -> ir.Table:
    """Every row that names an instrument, a device or an address.

    What somebody else paid with (`paid_by`: a parent, a head office) is theirs.
    """
    parts = []
    for kind, (table, column) in SHARED.items():
        rows = tables[table].filter(tables[table][column].notnull())
        if table == "payments":
            is_own = (rows.paid_by == rows.customer_id).fill_null(True)
            rows = rows.filter(is_own)
        named = rows.select("customer_id", *_SPAN, shared_id=rows[column])
        parts.append(named.mutate(kind=ibis.literal(kind)))
    return ibis.union(*parts)


def _several(uses: ir.Table, things: ir.Table) -> ir.Table:
    """Uses of what more than one customer ever used: the others link nobody.

    Nor does what is masked, however many seem to share it; what too many share does
    until it is known that they do.
    """
    things = things.filter(~things.is_masked)
    of_several = uses.join(things.select(*_THING, "common_at"), _THING)
    ends = ibis.least(of_several.superseded_at, of_several.common_at)
    of_several = of_several.mutate(superseded_at=ends).drop("common_at")
    return of_several.filter(of_several.known_at < of_several.superseded_at)


def _things(uses: ir.Table) -> ir.Table:
    """What several used: how many ever, whether it is masked, when it was too many."""
    first = uses.group_by(_USE).aggregate(first=uses.known_at.min())
    every = first.group_by(_THING).aggregate(n=first.count())
    # who is alone with a thing says only whether addresses of its kind are cut short
    n_cut, n_whole = (
        every.shared_id.re_search(form).cast("int64").sum()
        for form in (CUT_ADDRESS, ADDRESS)
    )
    kinds = every.group_by("kind").aggregate(is_cut_short=2 * n_cut > n_whole)
    things = every.filter(every.n > 1).join(kinds, "kind")
    is_cut = things.shared_id.re_search(CUT_ADDRESS) & things.is_cut_short
    is_masked = things.shared_id.re_search(PATTERN) | is_cut
    common = _common_from(first, every.filter(every.n > MANY_CUSTOMERS))
    things = things.mutate(is_masked=is_masked).left_join(common, _THING)
    return things.select(
        *_THING, "n", "is_masked", common_at=things.common_at.fill_null(FOREVER)
    )


def _common_from(first: ir.Table, many: ir.Table) -> ir.Table:
    """When things became common of those that many ever used, where they did.

    Args:
        first: when each customer was first known to use each thing.
        many: the things in question.
    """
    so_far = {"order_by": "first", "range": (None, 0)}  # those of its moment too
    uses = first.semi_join(many, _THING)
    uses = uses.mutate(place=uses.count().over(ibis.window(group_by=_THING, **so_far)))
    known = first.group_by("kind", "customer_id").aggregate(first=first["first"].min())
    known = known.group_by("kind", "first").aggregate(n_new=known.count())
    n_known = known.n_new.sum().over(ibis.window(group_by="kind", **so_far))
    known = known.select("kind", "first", n_known=n_known)
    counted = uses.asof_join(known, "first", "kind")
    is_many = (counted.place > MANY_CUSTOMERS) & (
        counted.place > MANY_SHARE * counted.n_known
    )
    common = counted.filter(is_many).group_by(_THING)
    return common.aggregate(common_at=counted["first"].min())


def _spans(rows: ir.Table, key: tuple[str, ...]) -> ir.Table:
    """Rows of one key whose times of validity touch become one, dated by its first."""
    order = [rows.known_at, rows.event_at, rows.superseded_at]
    before = ibis.window(group_by=key, order_by=order, preceding=(None, 1))
    so_far = ibis.window(group_by=key, order_by=order, preceding=(None, 0))
    ended_at = rows.superseded_at.max().over(before)
    rows = rows.mutate(is_first=ended_at.isnull() | (rows.known_at > ended_at))
    rows = rows.mutate(span=rows.is_first.cast("int64").sum().over(so_far))
    spans = rows.group_by([*key, "span"]).aggregate(
        event_at=rows.event_at.max(where=rows.is_first),
        known_at=rows.known_at.min(),
        superseded_at=rows.superseded_at.max(),
    )
    return spans.drop("span")


def _neighbours(uses: ir.Table) -> ir.Table:
    """Each use with those of the customers who came next to it, while both stand."""
    first = uses.group_by(_USE).aggregate(first=uses.known_at.min())
    came = ibis.window(group_by=_THING, order_by=[first["first"], first.customer_id])
    ranked = first.select(*_USE, place=ibis.row_number().over(came))
    steps = ibis.range(-NEAREST, NEAREST + 1).unnest().name("step").as_table()
    wanted = ranked.cross_join(steps.filter(steps.step != 0))
    wanted = wanted.select(*_USE, "step", "place")
    wanted = wanted.mutate(place=wanted.place + wanted.step)
    others = ranked.rename(other_id="customer_id").view()
    pairs = wanted.join(others, [*_THING, "place"])
    pairs = pairs.select(*_USE, "other_id", "step")
    pairs = pairs.mutate(is_earlier=pairs.step < 0).drop("step")
    mine = pairs.join(uses.view(), list(_USE))
    return _both(
        mine, uses.rename(other_id="customer_id").view(), [*_THING, "other_id"]
    )


def _both(rows: ir.Table, others: ir.Table, on: list[str]) -> ir.Table:
    """Rows joined with others for as long as both stand, from the later of the two."""
    theirs = others.rename({f"their_{name}": name for name in _SPAN})
    joined = rows.join(theirs, on).select(
        *rows.columns, *(f"their_{name}" for name in _SPAN)
    )
    joined = joined.mutate(
        event_at=ibis.greatest(joined.event_at, joined.their_event_at),
        known_at=ibis.greatest(joined.known_at, joined.their_known_at),
        superseded_at=ibis.least(joined.superseded_at, joined.their_superseded_at),
    ).drop([f"their_{name}" for name in _SPAN])
    return joined.filter(joined.known_at < joined.superseded_at)


def _signs(tables: Mapping[str, ir.Table], *, takeover_is_fraud: bool) -> ir.Table:
    """Signs of fraud until they are taken back, as `features.fraud_signs` has them."""
    outcomes, disputes = tables["outcomes"], tables["disputes"]
    kinds = ["fraud", *(["account_takeover"] if takeover_is_fraud else [])]
    is_strong = outcomes.strength.isnull() | outcomes.strength.isin(SURE_STRENGTHS)
    found = outcomes.filter(outcomes.kind.isin(kinds) & is_strong)
    is_claim = (disputes.kind == "chargeback_fraud") & (disputes.status == "opened")
    columns = ["customer_id", *_SPAN]
    signs = found.select(*columns).union(disputes.filter(is_claim).select(*columns))
    cleared = outcomes.filter(outcomes.kind == "fraud_cleared")
    # signs alike in all of this say the same
    return _uncleared(signs.distinct(), cleared).rename(other_id="customer_id")


def _uncleared(signs: ir.Table, cleared: ir.Table) -> ir.Table:
    """Signs for as long as no clearing of their own moment or later stands.

    A clearing that is taken back itself lets the sign stand again from then on.
    """
    clearings = cleared.select(
        "customer_id",
        at=cleared.event_at,
        since=cleared.known_at,
        until=cleared.superseded_at,
    )
    clears = [
        signs.customer_id == clearings.customer_id,
        signs.event_at <= clearings.at,
    ]
    each = signs.join(clearings, clears).select(*signs.columns, "since", "until")
    # what comes before the first clearing, as if one ended when the sign was known
    never = ibis.literal(-FOREVER, "int64")
    each = each.union(signs.mutate(since=never, until=signs.known_at))
    of_sign = {"group_by": signs.columns, "order_by": each.since}
    until_then = ibis.window(**of_sign, preceding=(None, 0))
    following = each.since.lead().over(ibis.window(**of_sign))
    gaps = each.select(
        "customer_id",
        "event_at",
        known_at=each.until.max().over(until_then),
        superseded_at=ibis.least(
            following.fill_null(each.superseded_at), each.superseded_at
        ),
    )
    return gaps.filter(gaps.known_at < gaps.superseded_at)
