"""What `forbear score` says: actions, what to add, the first rows of the list."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cli.output import say, show_table
from features.counted import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from advice.advised import AdvisedParts
    from decisions.policy_file.load import Policy
    from features.portfolio import Portfolio

_COUNTED = (
    "proposed_action",
    "action",
    "action_in_run",
    "in_force",
    "is_beyond_budget",
)
_SHOWN = 10  # rows of the list on the screen; a file has them all


def show_moment(advised: "AdvisedParts", policy: str, zone: ZoneInfo) -> None:
    """Of when this speaks, and by which policy."""
    import pyarrow.compute as pc

    parts = advised.tables(["as_of"])
    moments = {moment for rows in parts for moment in pc.unique(rows["as_of"])}
    if len(moments) == 1:
        local = moments.pop().as_py().astimezone(zone)
        say(f"As of {local:%Y-%m-%d %H:%M} ({zone.key}), by the policy {policy}:")


def show_head_count(
    advised: "AdvisedParts", read: "Portfolio", moment: int | None
) -> None:
    """How the scored come from all customers of the portfolio."""
    from features.head_count import head_count

    if moment is None and "snapshots" in read.settings.tables:
        n = counted(len(advised), "row")
        say(f"{n}: the customers and moments that `snapshots` names")
        return
    moment = read.latest_moment if moment is None else moment
    say(f"{head_count(read, moment, len(advised))}")


def show_not_lately(read: "Portfolio", policy: "Policy", moment: int | None) -> None:
    """Tables that were not looked at lately: the list is read as if nothing came since.

    Args:
        read: the portfolio.
        policy: on older tables than it says no stop rests.
        moment: of the list, µs since 1970 UTC; None: the latest of the data.
    """
    from decisions.rules.catalogue import OWED_FROM
    from features.moments import to_datetime

    if moment is None:
        if "snapshots" in read.settings.tables:
            return  # many moments, of the past as a rule
        moment = read.latest_moment
    at = to_datetime(moment)
    stale_after = (policy.in_force(at) or policy.latest).stale_after
    observed = {name: to_datetime(end) for name, end in read.observed.items()}
    old = {
        name: f"{name} (to {_local(end, read.settings.zone)},"
        f" {counted((at - end).days, 'day')} before)"
        for name, end in observed.items()
        if name in OWED_FROM and at - end > stale_after
    }
    if old:
        paid = "who paid since is taken for owing, and may be reminded; "
        say(
            f"warning: not looked at lately: {', '.join(old.values())}:"
            f" {paid if 'payments' in old else ''}no new stop rests on it; load newer"
            " rows, or say `observed_until:` in portfolio.yaml where nothing happened"
            " since"
        )


def show_actions(advised: "AdvisedParts") -> None:
    """How many of each action, proposed and permitted."""
    from advice.lists import MEANING
    from features.contract import SEVERITY

    proposed, permitted, in_run, goes_on = (Counter[str | None]() for _ in range(4))
    n_beyond = n_cut = 0
    for part in advised.tables(_COUNTED):
        proposed.update(part["proposed_action"].to_pylist())
        permitted.update(part["action"].to_pylist())
        in_run.update(part["action_in_run"].to_pylist())
        goes_on.update(part.filter(part["in_force"])["action"].to_pylist())
        n_cut += _cut(part)
        n_beyond += part["is_beyond_budget"].to_pylist().count(True)
    names = [*SEVERITY, *([None] if permitted[None] else [])]
    rows = [
        (
            name or "no decision",
            proposed[name],
            permitted[name],
            goes_on[name],
            in_run[name],
        )
        for name in names
    ]
    head = ("action", "proposed", "permitted", "of which in force", "within budgets")
    show_table("", head, rows)
    say("; ".join(f"{name}: {meaning}" for name, meaning in MEANING.items()) + "\n")
    if n_beyond:
        say(
            f"mass-action breaker: {counted(n_beyond, 'stop')} beyond the budget, made"
            " reviews"
        )
    if n_cut:
        beyond = counted(n_cut, "review")
        say(f"review budget: {beyond} beyond it without a place in this run")


def _cut(part: "pa.Table") -> int:
    """Reviews that are permitted, and for which the queue of the run has no place."""
    pairs = zip(
        part["action"].to_pylist(), part["action_in_run"].to_pylist(), strict=True
    )
    return sum(one == "review" and in_run != "review" for one, in_run in pairs)


def show_permitted_soon(advised: "AdvisedParts", zone: ZoneInfo) -> None:
    """Stops that time alone permits, and when: a list made at night acts on none."""
    from advice.opening import permitted_soon

    columns = ["action", "proposed_action", "permitted_from"]
    for opens, stops in permitted_soon(advised.rows(columns)).items():
        which = " and ".join(f"{n:,} × {action}" for action, n in sorted(stops.items()))
        say(f"if nothing changes, permitted from {_local(opens, zone)}: {which}")


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def show_what_to_add(advised: "AdvisedParts") -> None:
    """Why there was no decision, or less than what costs least, and what would help."""
    from advice.lists import NO_DECISION, WITHHELD

    none: Counter[str] = Counter()
    less: Counter[str] = Counter()
    codes: dict[str, Counter[str]] = defaultdict(Counter)
    assumed: Counter[frozenset[str]] = Counter()
    for part in advised.tables(["no_decision", "withheld", "assumed"]):
        none.update(part["no_decision"].drop_null().to_pylist())
        assumed.update(frozenset(names) for names in part["assumed"].to_pylist())
        for reasons in part["withheld"].to_pylist():
            less.update({reason["code"] for reason in reasons})
            for reason in reasons:
                codes[reason["code"]][reason["sentence"]] += 1
    why = {code: f"nothing; {_of_all(code, texts)}" for code, texts in codes.items()}
    rows = [
        *(("no decision", code, n, NO_DECISION.get(code)) for code, n in _most(none)),
        *(("withheld", c, n, WITHHELD.get(c, why[c])) for c, n in _most(less)),
    ]
    if rows:
        head = ("what", "code", "customers", "what to add")
        show_table("Where Forbear holds back, and what would help", head, rows)
    del assumed[frozenset()]
    if assumed:
        names = ", ".join(sorted(frozenset().union(*assumed)))
        say(f"money assumed for {counted(assumed.total(), 'customer')}: {names}")


def _of_all(code: str, sentences: Counter[str]) -> str:
    """One sentence that holds of every customer with a code."""
    from advice.lists import IN_GENERAL

    if len(sentences) > 1 and code in IN_GENERAL:
        return IN_GENERAL[code]
    return _most(sentences)[0][0]  # they differ by when it ends, if at all


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def show_first(advised: "AdvisedParts", zone: ZoneInfo) -> None:
    """The first of the list of the day, as far as there is something to do."""
    from advice.lists import COLUMNS, first_of_list

    shown = ("customer", "action", "who acts", "notice to send", "overdue", "why")
    places = [[column.title for column in COLUMNS].index(name) for name in shown]
    n, first = first_of_list(advised, zone, _SHOWN)
    if n:
        title = f"To do about {counted(n, 'customer')}; first of all:"
        rows = [[_plain(row[place]) for place in places] for row in first]
        show_table(title, shown, rows)


def _plain(value: object) -> object:
    """Money with its places, below each other."""
    return f"{value:10,.2f}" if isinstance(value, float) else value
