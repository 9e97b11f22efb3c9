"""Sections of a backtest's report that compare: guard-rails, policies, truth, log."""

from datetime import UTC, datetime

import numpy as np

from backtest.differences import Difference
from backtest.guardrail_cost import mean_guardrail_costs
from backtest.outcome import Backtest
from backtest.report.assumption_sentences import assumed
from backtest.report.figures import bars
from backtest.report.numbers import money, percent_range, plain
from backtest.support import DEFINITION
from decisions.actions import ACTIONS
from features.counted import counted
from wording.publication.page import Block, Items, Paragraph, Section, Table

_DECIDED_BY = {
    "proposed": "proposed actions (guard-rails off)",
    "recommended": "recommended actions, as this backtest stood",
    "best_given_truth": "true probabilities (unattainable)",
}


def guardrails_section(backtest: Backtest) -> Section:
    """What each guard-rail costs on an average day."""
    days, currency = backtest.day_costs, backtest.currency
    means = [mean for mean in mean_guardrail_costs(days) if mean.cost or mean.n_changed]
    proposed = float(np.mean([day.nothing - day.proposed for day in days]))
    permitted = float(np.mean([day.nothing - day.recommended for day in days]))

    def share(amount: float) -> str:
        text = f"{amount / proposed:.1%}" if proposed > 0 else ""
        return text.replace("-", "−")

    blocks: list[Block] = [
        Paragraph(
            f"On an average day of {len(days)} on which the whole book was decided"
            f" again, what costs least would save {money(proposed)} {currency} and what"
            f" is permitted saves {money(permitted)}. The price of a guard-rail is what"
            " the same book would save more without it. Prices do not add up: several"
            " often hold the same customer. A price below zero says that the guard-rail"
            " itself saves."
        )
    ]
    if means:
        dear = [(mean.title, mean.cost) for mean in means if abs(mean.cost) >= 0.5]
        if dear:
            unit = f"{currency} on an average day"
            blocks.append(bars("rails", "Price of each guard-rail", unit, dear))
        head = (
            "guard-rail",
            f"price, {currency}",
            "share of what is proposed",
            "customers",
        )
        rows = tuple(
            (mean.title, money(mean.cost), share(mean.cost), f"{mean.n_changed:,.1f}")
            for mean in means
        )
        blocks.append(Table("Price of each guard-rail", head, rows))
    else:
        blocks.append(Paragraph("No guard-rail held anything back."))
    return Section("guard-rails", "Price of each guard-rail", tuple(blocks))


def differences_section(backtest: Backtest) -> Section:
    """Whom the two policies treat differently."""
    names = [plain(action) for action in ACTIONS]
    table = backtest.confusion_table or []
    rows = tuple(
        (f"{name} under the old", *(f"{n:,}" if n else "" for n in row))
        for name, row in zip(names, table, strict=True)
        if any(row)
    )
    n_apart = sum(n for i, row in enumerate(table) for j, n in enumerate(row) if i != j)
    blocks: list[Block] = [
        Paragraph(
            f"{counted(n_apart, 'customer')} would have met another harshest act."
            " Rows: under the old policy; columns: under the new one."
        ),
        Table("Customers by harshest act", ("", *names), rows),
    ]
    if backtest.differences:
        head = (
            "customer",
            "day",
            "what was known",
            "old",
            "new",
            f"saving, {backtest.currency}",
        )
        examples = tuple(_example(difference) for difference in backtest.differences)
        blocks += [
            Table("A sample of customers treated differently", head, examples),
            Paragraph(
                "The sample shows where the difference weighs most, for and against"
                " the new policy, at each customer's weightiest day."
            ),
        ]
    return Section("differences", "Who is treated differently", tuple(blocks))


def _example(difference: Difference) -> tuple[str, ...]:
    return (
        difference.customer_id,
        difference.at[:10],
        difference.known,
        f"{plain(difference.old_action)}: {difference.old_why}",
        f"{plain(difference.new_action)}: {difference.new_why}",
        money(difference.saving),
    )


def truth_section(backtest: Backtest) -> Section:
    """How much of the attainable saving is captured, by the oracle."""
    rows: list[tuple[str, ...]] = []
    for regret in backtest.regrets:
        day = str(datetime.fromtimestamp(regret.as_of / 1e6, UTC).date())
        for name, title in _DECIDED_BY.items():
            if name in regret.captured:
                cost = f"{regret.cost[name]:,.3f}"
                rows.append((day, title, cost, percent_range(regret.captured[name])))
        rows += [
            (day, plain(name), f"{regret.cost[name]:,.3f}", "")
            for name in ("nothing", "best_given_features")
        ]
    head = (
        "moment",
        "decided by",
        f"{backtest.currency} per customer",
        "captured (95 %)",
    )
    definition = (
        "Exact expected costs under the oracle's true probabilities. Captured is"
        " (do nothing − policy) / (do nothing − best policy given the features);"
        " the latter decides by a regression of the truth on the features, made on"
        " other customers."
    )
    table = Table("Captured share of the attainable saving", head, tuple(rows))
    return Section("truth", "Compared with the truth", (Paragraph(definition), table))


def support_section(backtest: Backtest) -> Section:
    """How many decisions the log has in no comparable situation."""
    if not backtest.has_log:
        unknown = "The portfolio has no log of executed actions, so support is unknown."
        return Section("support", "Unsupported decisions", (Paragraph(unknown),))
    lines = []
    for outcome in backtest.outcomes:
        n = outcome.executed_actions.num_rows
        share = outcome.n_unsupported / n if n else 0.0
        lines.append(
            f"{outcome.label}: {outcome.n_unsupported:,} of {n:,} acts ({share:.1%})"
        )
    blocks = (Items(tuple(lines)), Paragraph(DEFINITION))
    return Section("support", "Unsupported decisions", blocks)


def assumptions_section(backtest: Backtest) -> Section:
    """What was assumed where the past cannot say."""
    return Section("assumptions", "Assumptions", (Items(tuple(assumed(backtest))),))
