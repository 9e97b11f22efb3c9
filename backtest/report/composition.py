"""What a backtest's report says, section by section."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pyarrow.compute as pc

from backtest.intervals import Interval
from backtest.rails import mean_prices
from backtest.report.assumptions import assumed, cautions
from backtest.report.figures import (
    actions_per_day,
    bars,
    queue_load,
    saving_by_action,
)
from backtest.run import Backtest, Lived
from backtest.support import DEFINITION
from decisions.actions import ACTIONS
from wording.publication.page import (
    Block,
    Items,
    Page,
    Paragraph,
    Section,
    Table,
)


def report(backtest: Backtest) -> Page:
    """The whole report, in English."""
    sections = [_money(backtest), _days(backtest), _reviews(backtest)]
    sections += [_stops(backtest), _rails(backtest)]
    if backtest.old is not None:
        sections.append(_differences(backtest))
    if backtest.regrets:
        sections.append(_truth(backtest))
    sections += [_support(backtest), _assumptions(backtest)]
    return Page(
        lang="en",
        title=f"Backtest of {backtest.new.label}",
        lead=lead(backtest),
        facts=tuple(_facts(backtest)),
        sections=tuple(sections),
        contents="Contents",
        footer="Expected values from calibrated probabilities and the policy's own"
        " costs; nothing was sent to anybody.",
    )


def money(amount: float) -> str:
    """Whole units with a true minus."""
    return f"{amount:,.0f}".replace("-", "−")


def ranged(found: Interval) -> str:
    return f"{money(found.value)} ({money(found.low)} to {money(found.high)})"


def period(backtest: Backtest) -> tuple[str, str]:
    days = backtest.new.days["on"].to_pylist()
    return str(days[0]), str(days[-1])


def lead(backtest: Backtest) -> str:
    """The outcome in one or two sentences."""
    first, last = period(backtest)
    saved, currency = backtest.new.saved(), backtest.currency
    said = (
        f"From {first} to {last} {backtest.new.label} would have saved an"
        f" expected {money(saved.value)} {currency} against doing nothing"
        f" (95 %: {money(saved.low)} to {money(saved.high)})"
    )
    against = backtest.saved_against_old()
    if against is None or backtest.old is None:
        return f"{said}."
    if against == (0.0, 0.0, 0.0):
        return f"{said}, as much as {backtest.old.label}."
    more = "more" if against.value >= 0 else "less"
    return (
        f"{said}, {money(abs(against.value))} {currency} {more} than"
        f" {backtest.old.label}"
        f" ({money(against.low)} to {money(against.high)})."
    )


def _facts(backtest: Backtest) -> Iterator[tuple[str, str]]:
    first, last = period(backtest)
    yield "Policy", backtest.new.label
    if backtest.old is not None:
        yield "Compared with", backtest.old.label
    yield "Days", f"{first} to {last}"
    yield "Customers", f"{backtest.n_customers:,}"
    yield "Priced with", f"{backtest.priced_with}, {backtest.currency}"
    trained = sorted(backtest.trained_on.items())
    yield "Models trained up to", ", ".join(f"{t} {day}" for t, day in trained)


def _lives(backtest: Backtest) -> list[Lived]:
    return [backtest.new] + ([backtest.old] if backtest.old else [])


def _total(lived: Lived, column: str) -> float:
    found = pc.sum(lived.days[column]).as_py()
    return float(found or 0)


def _money(backtest: Backtest) -> Section:
    rows = [(lived.label, ranged(lived.saved())) for lived in _lives(backtest)]
    against = backtest.saved_against_old()
    if against is not None:
        rows.append(("difference, customer by customer", ranged(against)))
    head = ("policy", f"expected saving, {backtest.currency} (95 %)")
    saved = saving_by(backtest.new)
    blocks: list[Block] = [
        Items(tuple(cautions(backtest))),
        Table("Expected saving against doing nothing", head, tuple(rows)),
        Paragraph(
            "An act counts once in the horizon of its probability, for what it saves"
            " beyond what was done before it. Intervals come from drawing whole"
            " customers again; they do not cover errors in the policy's costs."
        ),
    ]
    if saved:
        blocks.append(saving_by_action(backtest.currency, saved))
    return Section("money", "Money", tuple(blocks))


def saving_by(lived: Lived) -> dict[str, float]:
    """Expected saving per action."""
    if not lived.acts.num_rows:
        return {}
    sums = lived.acts.group_by("action").aggregate([("expected_saving", "sum")])
    values = sums["expected_saving_sum"].to_pylist()
    pairs = zip(sums["action"].to_pylist(), values, strict=True)
    return {name: value or 0.0 for name, value in pairs}


def _days(backtest: Backtest) -> Section:
    days = backtest.new.days
    counts = {a: days[f"n_{a}"].to_pylist() for a in ACTIONS[1:]}
    names = [a.replace("_", " ") for a in ACTIONS[1:]]
    rows = []
    for lived in _lives(backtest):
        done = [f"{_total(lived, f'n_{a}'):,.0f}" for a in ACTIONS[1:]]
        notices = f"{_total(lived, 'notices'):,.0f}"
        rows.append((lived.label, *done, notices))
    head = ("policy", *names, "notices sent")
    return Section(
        "days",
        "Acts per day",
        (
            actions_per_day(days["on"].to_pylist(), counts),
            Paragraph(
                "On the first day nobody has been told anything yet, so the first"
                " weeks hold what would have been spread over the time before."
            ),
            Table("Acts in the whole period", head, tuple(rows)),
        ),
    )


def _reviews(backtest: Backtest) -> Section:
    days = backtest.new.days
    taken, refused = days["n_review"].to_pylist(), days["queue_refused"].to_pylist()
    capacity = days["queue_capacity"].to_pylist()[-1] or 0
    busy = float(np.quantile(taken, 0.95)) if taken else 0.0
    said = f"{sum(taken):,} reviews; on 95 of 100 days at most {busy:,.0f}."
    if any(refused):
        said += (
            f" {sum(refused):,} times a review had no place, and the next best action"
            " was taken."
        )
    return Section(
        "reviews",
        "Review queue",
        (
            queue_load(days["on"].to_pylist(), taken, refused, capacity),
            Paragraph(said),
        ),
    )


def hours_without_service(lived: Lived, end: datetime) -> float:
    """Summed over stops, to the day access returns or the period ends."""
    spans = ((stop.until or end) - stop.since for stop in lived.stops)
    return sum(span.total_seconds() / 3600 for span in spans)


def _stops(backtest: Backtest) -> Section:
    end = backtest.days.moments[-1]
    rows = []
    for lived in _lives(backtest):
        stops = lived.stops
        good = sum(stop.p_good for stop in stops)
        still = sum(stop.until is None for stop in stops)
        beyond = _total(lived, "stops_beyond_budget")
        rows.append(
            (
                lived.label,
                f"{len(stops):,}",
                f"{good:,.1f}",
                f"{hours_without_service(lived, end):,.0f}",
                f"{still:,}",
                f"{_total(lived, 'approvals'):,.0f}",
                f"{beyond:,.0f}",
            )
        )
    head = (
        "policy",
        "customers stopped",
        "of them good (expected)",
        "hours without service",
        "still off at the end",
        "approvals asked for",
        "beyond the budget",
    )
    blocks: list[Block] = [
        Table("Service taken away", head, tuple(rows)),
        *_budget_use(backtest),
        *_truly_good(backtest),
        Paragraph(
            "Hours run from the decision that stops service to the first decision on"
            " which its cause is cured: the recorded payment that settles the arrears,"
            " a promise the policy accepts, a sign of fraud that was cleared or that"
            " expired. Without one they run to the end of the period."
        ),
    ]
    return Section("stops", "Service taken away", tuple(blocks))


def _budget_use(backtest: Backtest) -> Iterator[Paragraph]:
    days = backtest.new.days
    permitted = days["stops_permitted"].to_pylist()
    pairs = zip(days["n_suspend"].to_pylist(), days["n_block"].to_pylist(), strict=True)
    stopped = [a + b for a, b in pairs]
    uses = [s / p for s, p in zip(stopped, permitted, strict=True) if p]
    if uses:
        yield Paragraph(
            f"Of the daily budget of stops {float(np.mean(uses)):.0%} was used on"
            f" average and {max(uses):.0%} on the busiest day."
        )


def _truly_good(backtest: Backtest) -> Iterator[Paragraph]:
    if backtest.truly_good is not None:
        yield Paragraph(
            f"By the oracle {sum(backtest.truly_good):,} of"
            f" {len(backtest.truly_good):,} stopped customers neither failed to pay"
            " nor proved to be a fraud within 90 days before or after, as history went."
        )


def _rails(backtest: Backtest) -> Section:
    looks, currency = backtest.looks, backtest.currency
    prices = [p for p in mean_prices(looks) if p.price or p.changed]
    attainable = float(np.mean([k.nothing - k.proposed for k in looks]))
    kept = float(np.mean([k.nothing - k.recommended for k in looks]))

    def share(amount: float) -> str:
        return f"{amount / attainable:.1%}" if attainable > 0 else ""

    rows = tuple(
        (p.title, money(p.price), share(p.price).replace("-", "−"), f"{p.changed:,.1f}")
        for p in prices
    )
    head = (
        "guard-rail",
        f"price, {currency}",
        "share of what is proposed",
        "customers",
    )
    said = (
        f"On an average day of {len(looks)} on which the whole book was decided again,"
        f" what costs least would save {money(attainable)} {currency} and what is"
        f" permitted saves {money(kept)}. The price of a guard-rail is what the same"
        " book would save more without it. Prices do not add up: several often hold"
        " the same customer. A price below zero says that the guard-rail itself saves."
    )
    blocks: list[Block] = [Paragraph(said)]
    if rows:
        dear = [(p.title, p.price) for p in prices if abs(p.price) >= 0.5]
        if dear:
            unit = f"{currency} on an average day"
            blocks.append(bars("rails", "Price of each guard-rail", unit, dear))
        blocks.append(Table("Price of each guard-rail", head, rows))
    else:
        blocks.append(Paragraph("No guard-rail held anything back."))
    return Section("guard-rails", "Price of each guard-rail", tuple(blocks))


def _differences(backtest: Backtest) -> Section:
    names = [a.replace("_", " ") for a in ACTIONS]
    cells = backtest.crossed or []
    rows = tuple(
        (f"{name} under the old", *(f"{n:,}" if n else "" for n in row))
        for name, row in zip(names, cells, strict=True)
        if any(row)
    )
    apart = sum(n for i, row in enumerate(cells) for j, n in enumerate(row) if i != j)
    blocks: list[Block] = [
        Paragraph(
            f"{apart:,} customers would have met another harshest act. Rows: under the"
            " old policy; columns: under the new one."
        ),
        Table("Customers by harshest act", ("", *names), rows),
    ]
    if backtest.differences:
        blocks.append(
            Table(
                "A sample of customers treated differently",
                (
                    "customer",
                    "day",
                    "what was known",
                    "old",
                    "new",
                    f"saving, {backtest.currency}",
                ),
                tuple(
                    (
                        d.customer_id,
                        d.at[:10],
                        d.known,
                        f"{d.old_action.replace('_', ' ')}: {d.old_why}",
                        f"{d.new_action.replace('_', ' ')}: {d.new_why}",
                        money(d.saving),
                    )
                    for d in backtest.differences
                ),
            )
        )
        blocks.append(
            Paragraph(
                "The sample shows where the difference weighs most, for and against"
                " the new policy, at each customer's weightiest day."
            )
        )
    return Section("differences", "Who is treated differently", tuple(blocks))


def percent(found: Interval) -> str:
    if np.isnan(found.value):
        return "nothing attainable"
    text = f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"
    return text.replace("-", "−")


def _truth(backtest: Backtest) -> Section:
    names = {
        "proposed": "proposed actions (guard-rails off)",
        "recommended": "recommended actions, as this backtest stood",
        "best_given_truth": "true probabilities (unattainable)",
    }
    rows: list[tuple[str, ...]] = []
    for regret in backtest.regrets:
        day = datetime.fromtimestamp(regret.as_of / 1e6, UTC).date()
        for name, title in names.items():
            if name in regret.captured:
                cost = f"{regret.cost[name]:,.3f}"
                share = percent(regret.captured[name])
                rows.append((str(day), title, cost, share))
        for name in ("nothing", "best_given_features"):
            title = name.replace("_", " ")
            rows.append((str(day), title, f"{regret.cost[name]:,.3f}", ""))
    head = (
        "moment",
        "decided by",
        f"{backtest.currency} per customer",
        "captured (95 %)",
    )
    said = (
        "Exact expected costs under the oracle's true probabilities. Captured is"
        " (do nothing − policy) / (do nothing − best policy given the features);"
        " the latter decides by a regression of the truth on the features, made on"
        " other customers."
    )
    table = Table("Captured share of the attainable saving", head, tuple(rows))
    return Section("truth", "Compared with the truth", (Paragraph(said), table))


def _support(backtest: Backtest) -> Section:
    if not backtest.has_log:
        said = "The portfolio has no log of executed actions, so support is unknown."
        return Section("support", "Unsupported decisions", (Paragraph(said),))
    lines = []
    for lived in _lives(backtest):
        n = lived.acts.num_rows
        share = lived.unsupported / n if n else 0.0
        lines.append(
            f"{lived.label}: {lived.unsupported:,} of {n:,} acts ({share:.1%})"
        )
    blocks = (Items(tuple(lines)), Paragraph(DEFINITION))
    return Section("support", "Unsupported decisions", blocks)


def _assumptions(backtest: Backtest) -> Section:
    return Section("assumptions", "Assumptions", (Items(tuple(assumed(backtest))),))
