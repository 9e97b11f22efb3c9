"""The labels audit as one HTML page."""

from collections.abc import Iterator, Mapping
from itertools import islice

from features.counted import counted
from features.targets import Target
from training.audits.figures import COLOURS, Plot, lines, plot_of
from training.audits.label_counts import FOLLOWED_DAYS, LOST, STATES, Share
from training.audits.labels import EVENTUAL, ROLLS, Curve, LabelsAudit
from training.audits.page import Section, Table, audit_page
from training.drawing import ACCENT, SOFT, WARM, axes_of, percent

MOST_VINTAGES = 7


def label_page(audit: LabelsAudit) -> str:
    """The page: what is recommended, then what it rests on; everything escaped."""
    sections = [_recommended(audit)]
    if audit.roll_rates:
        sections += [_definition(audit), _roll_rates(audit)]
    if audit.vintages:
        sections.append(Section("Vintages", plots=(_vintages(audit),)))
    if audit.horizon:
        sections.append(Section("Horizon", plots=(_horizon(audit),)))
    if audit.maturity or audit.delays:
        sections.append(Section("Delays", plots=tuple(_delays(audit))))
    if audit.base_rates:
        sections.append(Section("Base rates", plots=tuple(_base_rates(audit))))
    lead = f"{_looked_at(audit)}."
    return audit_page(f"Labels of {audit.portfolio}", lead, sections)


def summary(audit: LabelsAudit) -> Iterator[str]:
    """What is recommended, beside what is stated, and what cannot be said."""
    yield _looked_at(audit)
    stated = f"(portfolio.yaml: {audit.stated_days_past_due})"
    if audit.days_past_due is None:
        yield f"days past due: the data cannot say {stated}"
    else:
        yield (
            f"days past due: {audit.days_past_due} {stated}, the first from which"
            f" {ROLLS:.0%} and more end in a loss"
        )
        if audit.stated_days_past_due < audit.days_past_due:
            yield (
                f"{audit.stated_days_past_due} days past due asks an earlier question:"
                " labels are known sooner and more losses are seen coming, but more who"
                " pay in the end count as bad. Keep it where access ends about then;"
                " what is recommended is for a label that means a loss"
            )
    stated = f"(portfolio.yaml: {audit.stated_horizon_days})"
    if audit.horizon_days is None:
        yield f"horizon: the data cannot say {stated}"
    else:
        yield (
            f"horizon: {audit.horizon_days} days {stated}, the first that sees"
            f" {EVENTUAL:.0%} and more of what becomes of debts open at the snapshot"
        )
        if audit.stated_horizon_days < audit.horizon_days:
            yield (
                f"{audit.stated_horizon_days} days ask what comes soon: a date is"
                " mature earlier, and trouble that takes longer counts as none. Keep"
                " it where the policy acts within that time; else set `labels:"
                f" {{nonpayment: {{horizon_days: {audit.horizon_days}}}}}` and train"
                " again"
            )
    for what in audit.unsaid:
        yield f"not to be told from these data: {what}"


def _looked_at(audit: LabelsAudit) -> str:
    """Whom the audit speaks of, and how that comes from the portfolio."""
    everyone = f"{counted(audit.n_customers, 'customer')} in the portfolio"
    drawn = f", {audit.n_looked_at:,} of them drawn by lot"
    never = audit.n_looked_at - audit.n_billed
    return (
        everyone
        + (drawn if audit.n_looked_at < audit.n_customers else "")
        + (f" less {never:,} never billed nor reported" if never else "")
        + f": {audit.n_billed:,} looked at, also who has left since;"
        f" {counted(audit.n_losses, 'loss', 'losses')} among them"
    )


def _recommended(audit: LabelsAudit) -> Section:
    return Section("Recommended", tuple(islice(summary(audit), 1, None)))


def share_cell(value: Share | None) -> str:
    """A share with its interval, and of how many; or that these are too few."""
    if value is None:
        return "too few"
    return f"{value.value:.0%} ({value.low:.0%} to {value.high:.0%} of {value.of:,})"


def _definition(audit: LabelsAudit) -> Section:
    """How often each number of days past due ends in a loss, with a plot."""
    rows = [
        (
            f"{n} days",
            share_cell(audit.roll_to_loss[n]),
            share_cell(audit.loss_caught[n]),
        )
        for n in audit.roll_to_loss
    ]
    head = ("past due", "end in a loss", "losses seen coming")
    figure, axes = axes_of(
        "How late is lost?", "days past due", "share (95 % interval)"
    )
    both = (
        ("spells that end in a loss", audit.roll_to_loss, ACCENT),
        ("losses that were so late before", audit.loss_caught, WARM),
    )
    for name, by_days, colour in both:
        known = {n: s for n, s in by_days.items() if s is not None}
        if known:
            values = [s.value for s in known.values()]
            low = [s.value - s.low for s in known.values()]
            high = [s.high - s.value for s in known.values()]
            axes.errorbar(
                list(known), values, [low, high], fmt="o-", color=colour, label=name
            )
    axes.axhline(ROLLS, color=SOFT, linestyle="--", linewidth=1)
    axes.set_ylim(0, 1.03)
    figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=2)
    percent(axes, x=False)
    caption = (
        f"Each spell is followed for {FOLLOWED_DAYS} days. A definition should stand"
        f" where most that reach it end in a loss (dashed: {ROLLS:.0%}) and as early as"
        " that allows: whoever is late and pays after all is no loss."
    )
    return Section(
        "Days past due", table=Table(head, rows), plots=(plot_of(figure, caption),)
    )


def _roll_rates(audit: LabelsAudit) -> Section:
    names = (*STATES, LOST)
    rows = [
        (state, *(f"{to.get(name, 0.0):.1%}" for name in names))
        for state, to in audit.roll_rates.items()
    ]
    figure, axes = axes_of(
        "Where they are a month later", "", "share of customer-months", 4.4
    )
    bottom = [0.0] * len(rows)
    states = list(audit.roll_rates)
    for i, name in enumerate(names):
        heights = [audit.roll_rates[state].get(name, 0.0) for state in states]
        axes.bar(states, heights, bottom=bottom, color=COLOURS[i], label=name)
        bottom = [a + b for a, b in zip(bottom, heights, strict=True)]
    axes.set_xticks(range(len(states)), [_in_two_lines(state) for state in states])
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    percent(axes, x=False)
    caption = "From the state at the beginning of a month to the state at its end."
    return Section(
        "Roll rates",
        table=Table(("from", *names), rows),
        plots=(plot_of(figure, caption),),
    )


def _in_two_lines(text: str) -> str:
    """Words of a tick, so that it does not run into the next one.

    >>> _in_two_lines("90 days and more").splitlines()
    ['90 days', 'and more']
    """
    words = text.split()
    half = (len(words) + 1) // 2
    return "\n".join(filter(None, (" ".join(words[:half]), " ".join(words[half:]))))


def _vintages(audit: LabelsAudit) -> Plot:
    shown = list(islice(reversed(audit.vintages), MOST_VINTAGES))[::-1]
    series = {f"{v.name} ({v.n_customers:,})": (v.months, v.shares) for v in shown}
    return lines(
        f"Share ever {audit.compared_days_past_due} days past due",
        ("months since the first invoice", "share of the customers"),
        series,
        "One curve for the customers of each quarter (how many in brackets), as long as"
        " all of them were observed. Curves above those before say that business has"
        " become worse.",
    )


def _horizon(audit: LabelsAudit) -> Plot:
    days = list(audit.horizon)
    marks = [(float(audit.stated_horizon_days), "stated")]
    if audit.horizon_days not in (None, audit.stated_horizon_days):
        marks.append((float(audit.horizon_days or 0), "recommended"))
    return lines(
        "How soon it happens",
        ("days after the snapshot", "share of all that will happen"),
        {"defaults": (days, list(audit.horizon.values()))},
        "Defaults on debts that were open at the snapshot: which horizon sees them."
        " Estimated in reversed time, for what is yet to come is not among them.",
        marks=marks,
    )


def _delays(audit: LabelsAudit) -> Iterator[Plot]:
    """How long labels, and signs of fraud, take to become known."""
    if audit.maturity:
        yield _arrivals(
            "When labels are known",
            "days after the snapshot",
            {str(target): curve for target, curve in audit.maturity.items()},
            "Of all bad labels a date will ever have, the share known by then"
            " (product-limit estimate in reversed time).",
        )
    if audit.delays:
        yield _arrivals(
            "When fraud is known",
            "days from the event to its knowledge",
            audit.delays,
            "By kind of evidence; without a recorded delay a kind is not shown.",
        )


def _arrivals(title: str, x: str, curves: Mapping[str, Curve], caption: str) -> Plot:
    series = {
        name: (days.tolist(), arrived.tolist())
        for name, (days, arrived) in curves.items()
    }
    return lines(title, (x, "share known"), series, caption, is_step=True)


def _base_rates(audit: LabelsAudit) -> Iterator[Plot]:
    for target in audit.base_rates:
        yield _base_rate(audit, target)


def _base_rate(audit: LabelsAudit, target: Target) -> Plot:
    title = f"{target}: bad among those of each date"
    figure, axes = axes_of(title, "snapshot", "share bad (95 % interval)", 3.6)
    known = [(one.on, one.rate) for one in audit.base_rates[target] if one.rate]
    values = [rate.value for _, rate in known]
    low = [rate.value - rate.low for _, rate in known]
    high = [rate.high - rate.value for _, rate in known]
    dates = [on.isoformat() for on, _ in known]
    axes.errorbar(dates, values, [low, high], fmt="o", color=ACCENT, capsize=3)
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", labelrotation=60, labelsize=8)
    percent(axes, x=False)
    young = sum(not one.is_mature for one in audit.base_rates[target])
    caption = (
        f"{len(known)} dates whose labels can all be known; {young} younger ones are"
        " not shown, for what is known of them early is mostly bad."
    )
    return plot_of(figure, caption)
