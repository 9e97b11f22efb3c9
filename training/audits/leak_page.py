"""The leak audit as one HTML page."""

from collections.abc import Iterator, Sequence

import numpy as np

from training.audits.check import Check
from training.audits.figures import Plot, plot_of
from training.audits.leakage import LeakageAudit, TargetAudit
from training.audits.page import Section, Table, audit_page
from training.audits.verdict import LeakVerdict
from training.drawing import ACCENT, SOFT, WARM, axes_of

MOST_SHOWN = 25  # features of a plot and a table; blocking ones first
OUTCOMES = {
    "pass": "pass",
    "look": "worth a look",
    "suspect": "SUSPECT",
    "leak": "LEAK",
    "cannot_tell": "cannot tell",
    "not_looked_at": "not looked at",
}
MEASURES = (
    ("auc_alone", "AUC alone"),
    ("auc_beside_others", "AUC beside all others"),
    ("echo_in_the_past", "echo in the past"),
    ("likelihood_ratio", "likelihood ratio"),
    ("rise_over_dates", "rise over dates"),
)
HOW_TO_READ = (
    "Beside all others: AUC among rows to which all other features give the same odds;"
    " 0.5 adds nothing. Echo: how well the other features tell who has the value among"
    " customers who stayed good; 0.5 says that nothing known before goes with it."
)


def leak_page(audit: LeakageAudit) -> str:
    """The page: verdicts, checks and plots, everything a portfolio says escaped."""
    if audit.is_clean:
        lead = "No feature seems to know what came after its moment."
    else:
        names = sorted({v.feature for v in audit.suspected})
        lead = f"Suspected: {', '.join(names) or 'see the checks'}."
    sections = [Section("All features", table=_checks(audit.checks))]
    for one in audit.targets:
        sections += list(_sections(one))
    if audit.left_out:
        sections.append(
            Section("Attributes left out", [f"{t}." for t in audit.left_out])
        )
    accepted = [(a.feature, a.because) for a in audit.accepted]
    if accepted:
        table = Table(("feature", "because"), accepted)
        sections.append(Section("Accepted by a person", table=table))
    title = f"Leak audit of {audit.portfolio}"
    return audit_page(title, lead, sections)


def _sections(one: TargetAudit) -> Iterator[Section]:
    about = f"{one.n_rows:,} rows, {one.n_positives:,} positive"
    yield Section(f"{one.target}: checks", (about,), _checks(one.checks))
    ordered = sorted(one.verdicts, key=_order)[:MOST_SHOWN]
    head = ("feature", "verdict", *(title for _, title in MEASURES), "why")
    rows = [(v.feature, v.level, *_numbers(v), v.why) for v in ordered]
    yield Section(
        f"{one.target}: features",
        (f"{len(one.verdicts)} features; {len(ordered)} are shown.", HOW_TO_READ),
        Table(head, rows),
        tuple(_plots(one, ordered)),
    )


def _order(verdict: LeakVerdict) -> tuple[bool, float]:
    return not verdict.is_blocking, -((verdict.numbers or {}).get("auc_alone") or 0.0)


def _numbers(verdict: LeakVerdict) -> Iterator[str]:
    for name, _ in MEASURES:
        value = (verdict.numbers or {}).get(name)
        yield "" if value is None else f"{value:.3f}"


def _checks(checks: Sequence[Check]) -> Table:
    rows = [
        (c.number, c.name.replace("_", " "), OUTCOMES[c.outcome], c.text)
        for c in checks
    ]
    return Table(("no.", "check", "outcome", "what was seen"), rows)


def _plots(one: TargetAudit, ordered: list[LeakVerdict]) -> Iterator[Plot]:
    """How well features tell the outcome alone, then beside the others."""
    shown = [v for v in ordered if v.numbers][::-1]
    if not shown:
        return
    height = 1.2 + 0.22 * len(shown)
    title = f"{one.target}: one feature alone"
    figure, axes = axes_of(title, "AUC of the feature alone", "", height)
    values = [(v.numbers or {}).get("auc_alone") or 0.5 for v in shown]
    colours = [WARM if v.is_blocking else ACCENT for v in shown]
    axes.barh(
        [v.feature for v in shown], np.array(values) - 0.5, left=0.5, color=colours
    )
    axes.axvline(0.9, color=SOFT, linestyle="--", linewidth=1)
    axes.tick_params(axis="y", labelsize=8)
    yield plot_of(
        figure,
        "How well each feature alone ranks customers (AUC; 0.5 is chance). Dashed:"
        " 0.9, too good for one feature. Orange: named by the audit.",
    )
    measured = [v for v in one.verdicts if (v.numbers or {}).get("echo_in_the_past")]
    if measured:
        yield _beside_and_echo(one, measured)


def _beside_and_echo(one: TargetAudit, measured: list[LeakVerdict]) -> Plot:
    """What is known early, and what only in hindsight, on two axes."""
    title = f"{one.target}: knows the outcome, or the customer?"
    x, y = "echo in the past (AUC)", "AUC beside all others"
    figure, axes = axes_of(title, x, y)
    for v in measured:
        numbers = v.numbers or {}
        at = (numbers["echo_in_the_past"] or 0.5, numbers["auc_beside_others"] or 0.5)
        axes.plot(*at, "o", color=WARM if v.is_blocking else ACCENT)
        axes.annotate(v.feature, at, xytext=(4, 3), textcoords="offset points", size=8)
    axes.set_xlim(0.4, 1.05)
    return plot_of(
        figure,
        "What is really known early stands to the right: it goes with the past as with"
        " the future. Top left is hindsight: it says much about the outcome and nothing"
        " about who the customer was before.",
    )
