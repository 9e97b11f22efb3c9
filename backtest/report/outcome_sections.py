"""Sections of a backtest's report on what a policy did: money, actions, stops."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pyarrow.compute as pc

from backtest.outcome import Backtest, PolicyOutcome
from backtest.report.assumption_sentences import cautions
from backtest.report.figures import actions_per_day, queue_load, saving_by_action
from backtest.report.numbers import money_range, plain
from decisions.actions import ACTIONS
from features.counted import counted
from wording.publication.page import Block, Items, Paragraph, Section, Table


def money_section(backtest: Backtest) -> Section:
    """What each policy saves against doing nothing."""
    rows = [
        (outcome.label, money_range(outcome.total_saving()))
        for outcome in backtest.outcomes
    ]
    against = backtest.saving_against_old()
    if against is not None:
        rows.append(("difference, customer by customer", money_range(against)))
    head = ("policy", f"expected saving, {backtest.currency} (95 %)")
    blocks: list[Block] = [
        Items(tuple(cautions(backtest))),
        Table("Expected saving against doing nothing", head, tuple(rows)),
        Paragraph(
            "An act counts once in the horizon of its probability, for what it saves"
            " beyond what was done before it. Intervals come from drawing whole"
            " customers again; they do not cover errors in the policy's costs."
        ),
    ]
    by_action = saving_per_action(backtest.new)
    if by_action:
        blocks.extend(map(Paragraph, resting_on_assumptions(backtest, by_action)))
        blocks.append(saving_by_action(backtest.currency, by_action))
    return Section("money", "Money", tuple(blocks))


def resting_on_assumptions(
    backtest: Backtest, by_action: dict[str, float]
) -> Iterator[str]:
    """How much of the expected saving rests on effects that nobody measured.

    Nothing is said where nothing is saved.
    """
    assumed = {
        name: saving
        for name, saving in by_action.items()
        if saving > 0.0 and not backtest.measured_on.get(name)
    }
    total = sum(saving for saving in by_action.values() if saving > 0.0)
    if total <= 0.0:
        return
    if not assumed:
        yield "All of it rests on effects of actions that were measured."
        return
    share = sum(assumed.values()) / total
    dearest = max(assumed, key=lambda name: assumed[name])
    yield (
        f"{share:.0%} of it rests on effects of actions that are assumed, not measured;"
        f" most of that on {plain(dearest)} ({assumed[dearest] / total:.0%})."
        " `forbear policy calibrate-costs` measures what the record allows."
    )


def saving_per_action(outcome: PolicyOutcome) -> dict[str, float]:
    """Expected saving per action."""
    executed = outcome.executed_actions
    if not executed.num_rows:
        return {}
    sums = executed.group_by("action").aggregate([("expected_saving", "sum")])
    values = sums["expected_saving_sum"].to_pylist()
    pairs = zip(sums["action"].to_pylist(), values, strict=True)
    return {name: value or 0.0 for name, value in pairs}


def days_section(backtest: Backtest) -> Section:
    """What was done day by day."""
    days = backtest.new.daily_report
    counts = {action: days[f"n_{action}"].to_pylist() for action in ACTIONS[1:]}
    rows = []
    for outcome in backtest.outcomes:
        totals = [f"{_total(outcome, f'n_{action}'):,.0f}" for action in ACTIONS[1:]]
        others = [f"{_total(outcome, name):,.0f}" for name in ("notices", "measures")]
        rows.append((outcome.label, *totals, *others))
    names = [*map(plain, ACTIONS[1:]), "notices sent", "measures begun"]
    head = ("policy", *names)
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


def reviews_section(backtest: Backtest) -> Section:
    """How full the review queue was."""
    days = backtest.new.daily_report
    taken, refused = days["n_review"].to_pylist(), days["queue_refused"].to_pylist()
    capacity = days["queue_capacity"].to_pylist()[-1] or 0
    busy = float(np.quantile(taken, 0.95)) if taken else 0.0
    reviews = counted(sum(taken), "review")
    sentence = f"{reviews}; on 95 of 100 days at most {busy:,.0f}."
    if any(refused):
        sentence += (
            f" {sum(refused):,} times a review had no place, and the next best action"
            " was taken."
        )
    return Section(
        "reviews",
        "Review queue",
        (
            queue_load(days["on"].to_pylist(), taken, refused, capacity),
            Paragraph(sentence),
        ),
    )


def stops_section(backtest: Backtest) -> Section:
    """Whose service was taken away, and for how long."""
    end = backtest.days.moments[-1]
    rows = tuple(_stops_row(outcome, end) for outcome in backtest.outcomes)
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
        Table("Service taken away", head, rows),
        *_budget_use(backtest),
        *_stopped_good(backtest),
        Paragraph(
            "Hours run from the decision that stops service to the first decision on"
            " which its cause is cured: the recorded payment that settles the arrears,"
            " a promise the policy accepts, a sign of fraud that was cleared or that"
            " expired. Without one they run to the end of the period."
        ),
    ]
    return Section("stops", "Service taken away", tuple(blocks))


def _stops_row(outcome: PolicyOutcome, end: datetime) -> tuple[str, ...]:
    stops = outcome.stops
    return (
        outcome.label,
        f"{len(stops):,}",
        f"{sum(stop.p_good for stop in stops):,.1f}",
        f"{hours_without_service(outcome, end):,.0f}",
        f"{sum(stop.until is None for stop in stops):,}",
        f"{_total(outcome, 'approvals'):,.0f}",
        f"{_total(outcome, 'stops_beyond_budget'):,.0f}",
    )


def hours_without_service(outcome: PolicyOutcome, end: datetime) -> float:
    """Summed over stops, to the day access returns or the period ends."""
    spans = ((stop.until or end) - stop.since for stop in outcome.stops)
    return sum(span.total_seconds() / 3600 for span in spans)


def _budget_use(backtest: Backtest) -> Iterator[Paragraph]:
    days = backtest.new.daily_report
    permitted = days["stops_permitted"].to_pylist()
    pairs = zip(days["n_suspend"].to_pylist(), days["n_block"].to_pylist(), strict=True)
    stopped = [suspended + blocked for suspended, blocked in pairs]
    uses = [n / limit for n, limit in zip(stopped, permitted, strict=True) if limit]
    if uses:
        yield Paragraph(
            f"Of the daily budget of stops {float(np.mean(uses)):.0%} was used on"
            f" average and {max(uses):.0%} on the busiest day."
        )


def _stopped_good(backtest: Backtest) -> Iterator[Paragraph]:
    if backtest.stopped_good is not None:
        yield Paragraph(
            f"By the oracle {sum(backtest.stopped_good):,} of"
            f" {len(backtest.stopped_good):,} stopped customers neither failed to pay"
            " nor proved to be a fraud within 90 days before or after, as history went."
        )


def _total(outcome: PolicyOutcome, column: str) -> float:
    return float(pc.sum(outcome.daily_report[column]).as_py() or 0)
