"""What `forbear score` says: actions, what to add, the first rows of the list."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cli.output import say, show_table

if TYPE_CHECKING:
    import pyarrow as pa

_SHOWN = 10  # rows of the list on the screen; a file has them all


def show_moment(advised: "pa.Table", policy: str, zone: ZoneInfo) -> None:
    """Of when this speaks, and by which policy."""
    moments = advised["as_of"].unique().to_pylist()
    if len(moments) == 1:
        local = moments[0].astimezone(zone)
        say(f"As of {local:%Y-%m-%d %H:%M} ({zone.key}), by the policy {policy}:")


def show_actions(advised: "pa.Table") -> None:
    """How many of each action, proposed and permitted."""
    from features.contract import SEVERITY

    proposed = Counter(advised["proposed_action"].to_pylist())
    permitted = Counter(advised["action"].to_pylist())
    in_run = Counter(advised["action_in_run"].to_pylist())
    goes_on = Counter(advised.filter(advised["in_force"])["action"].to_pylist())
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
    head = ("action", "costs least", "permitted", "of which in force", "within budgets")
    show_table("", head, rows)
    n_beyond = advised["is_beyond_budget"].to_pylist().count(True)
    if n_beyond:
        say(f"mass-action breaker: {n_beyond:,} stops beyond the budget became reviews")


def show_permitted_soon(advised: "pa.Table", zone: ZoneInfo) -> None:
    """Stops that time alone permits, and when: a list made at night acts on none."""
    from advice.opening import permitted_soon

    columns = ["action", "proposed_action", "permitted_from"]
    for opens, stops in permitted_soon(advised.select(columns).to_pylist()).items():
        which = " and ".join(f"{n:,} × {action}" for action, n in sorted(stops.items()))
        say(f"if nothing changes, permitted from {_local(opens, zone)}: {which}")


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def show_what_to_add(advised: "pa.Table") -> None:
    """Why there was no decision, or less than what costs least, and what would help."""
    from advice.lists import NO_DECISION, WITHHELD

    none = Counter(advised["no_decision"].drop_null().to_pylist())
    less: Counter[str] = Counter()
    codes: dict[str, Counter[str]] = defaultdict(Counter)
    for reasons in advised["withheld"].to_pylist():
        less.update({reason["code"] for reason in reasons})
        for reason in reasons:
            codes[reason["code"]][reason["sentence"]] += 1
    why = {code: f"nothing; {_most(texts)[0][0]}" for code, texts in codes.items()}
    rows = [
        *(("no decision", code, n, NO_DECISION.get(code)) for code, n in _most(none)),
        *(("withheld", c, n, WITHHELD.get(c, why[c])) for c, n in _most(less)),
    ]
    if rows:
        head = ("what", "code", "customers", "what to add")
        show_table("Where Forbear holds back, and what would help", head, rows)
    assumed = [names for names in advised["assumed"].to_pylist() if names]
    if assumed:
        names = ", ".join(sorted(set().union(*assumed)))
        say(f"money assumed for {len(assumed):,} customers: {names}")


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def show_first(advised: "pa.Table", zone: ZoneInfo) -> None:
    """The first of the list of the day, as far as there is something to do."""
    from advice.lists import COLUMNS, daily_list

    shown = ("customer", "action", "who acts", "notice to send", "overdue", "why")
    places = [[column.title for column in COLUMNS].index(name) for name in shown]
    work = daily_list(advised, zone, only_work=True)
    if work:
        title = f"To do about {len(work):,} customers; first of all:"
        rows = [[_plain(row[place]) for place in places] for row in work[:_SHOWN]]
        show_table(title, shown, rows)


def _plain(value: object) -> object:
    """Money with its places, below each other."""
    return f"{value:10,.2f}" if isinstance(value, float) else value
