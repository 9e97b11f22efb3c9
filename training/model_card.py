"""The model card: what a person should know before they trust a probability."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from markdown_it import MarkdownIt

from scoring.bundle import Bundle
from training.learnt import Learnt
from training.outlook import Outlook
from training.rows import Rows

EVENT = {
    "nonpayment": "a customer does not pay: becomes long overdue, is written off, or "
    "leaves owing",
    "fraud": "a customer turns out to be fraudulent",
}
METRIC_NAMES = {
    "auc": "AUC",
    "pr_auc": "PR-AUC",
    "log_loss": "log-loss",
    "brier": "Brier score",
    "ks": "KS",
    "observed_over_expected": "observed / expected",
    "calibration_intercept": "calibration intercept (0 is perfect)",
    "calibration_slope": "calibration slope (1 is perfect)",
    "ici": "integrated calibration index",
    "spiegelhalter_z": "Spiegelhalter Z",
}
SPLITS = {
    "time": "by time with an embargo: every training label was known before the first "
    "test date",
    "customers": "by customer, stratified: the portfolio has one moment only",
    "customers_short_history": "by customer: the history is too short to test on a "
    "later period. **This flatters the model**; judge it again when more is known",
    "cross_fitted": "by customer: every row was predicted by a model that never saw "
    "its customer, for there are too few outcomes to set a later period aside. **This "
    "flatters the model a little**, as does choosing among learners on the same rows",
}
RESULT = {True: "passed", False: "**not passed**"}
MOST_FEATURES = 15
BEGUN = {
    "starter": "It is the starter with its level moved to this portfolio: who is worse "
    "than others it knows from simulated worlds, not from here.",
    "rule": "It tells customers apart by their lateness alone.",
}
LIMITS = """\
- Customers acted upon may have behaved otherwise; no action of the reseller is a
  label, and none but the reminder timeline is a feature.
- No name, gender, age, nationality or country is a feature. Declared attributes may
  still stand in for them: check them for your portfolio."""


def model_card(
    bundle: Bundle,
    learnt: Learnt,
    rows: Rows,
    seed: int,
    outlook: Outlook | None = None,
) -> str:
    """The card in Markdown; numbers are of test rows the judged model never saw."""
    sections = [
        f"# {bundle.bundle_id}",
        _use(bundle),
        _data(bundle, learnt, rows, seed),
        _metrics(learnt),
        _gates(learnt),
        _features(learnt),
        _limits(bundle, learnt, outlook),
    ]
    return "\n\n".join(sections) + "\n"


def as_html(markdown: str, title: str, images: list[str]) -> str:
    """The same card as one page, plots included by file name."""
    body = MarkdownIt("commonmark").enable("table").render(markdown)
    plots = "".join(f'<img src="{name}" alt="{name[:-4]}">' for name in images)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{title}</title><style>body{{font:16px/1.5 system-ui,sans-serif;"
        "max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1f2933}"
        "table{border-collapse:collapse}td,th{padding:.25rem .75rem;text-align:left;"
        "border-bottom:1px solid #e4e7eb}img{max-width:100%}code{font-size:90%}</style>"
        f"<body>{body}<h2>Plots</h2>{plots}</body></html>\n"
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _use(bundle: Bundle) -> str:
    return (
        "## Intended use\n\n"
        f"The probability that {EVENT[bundle.target]}, within {bundle.horizon_days} "
        "days after the moment of scoring. It feeds a collections policy that weighs "
        "the money at stake; it is not a decision, and no threshold on it should be. "
        "Not for granting credit, pricing or employment, and not for customers of "
        "another portfolio."
    )


def _data(bundle: Bundle, learnt: Learnt, rows: Rows, seed: int) -> str:
    dates = np.unique(rows.as_of)
    first, last = (_day(int(moment), bundle) for moment in (dates[0], dates[-1]))
    when = (
        f"on {first}"
        if len(dates) == 1
        else f"on {len(dates)} dates, {first} to {last}"
    )
    name = bundle.settings.name
    simulated = (
        "\n\n**This portfolio is simulated.** Its numbers prove that the machinery "
        "finds a known truth; they say nothing about a real portfolio."
        if bundle.settings.is_simulated
        else ""
    )
    split = learnt.split
    return (
        "## Data\n\n"
        f"Portfolio `{name}`, observed until {bundle.trained_on.isoformat()}; "
        f"content hash `{bundle.data_hash[:16]}`, feature set "
        f"`{bundle.feature_set.hash[:16]}`, seed {seed}.{simulated}\n\n"
        f"Population: {len(np.unique(rows.customer)):,} customers {when}, "
        f"{len(rows):,} mature rows, "
        f"{rows.n_positives:,} positive ({rows.rate:.2%}). Unknown outcomes are left "
        "out, never counted as good.\n\n"
        f"Judged on {int(split.test.sum()):,} rows, split {SPLITS[split.kind]}. The "
        f"model in use then learnt again from all {len(rows):,} rows."
    )


def _day(moment: int, bundle: Bundle) -> str:
    at = datetime.fromtimestamp(moment / 1e6, bundle.settings.zone)
    return at.date().isoformat()


def _metrics(learnt: Learnt) -> str:
    judgement = learnt.judgement
    if not judgement.metrics:
        return (
            "## Metrics on untouched rows\n\nNone: it happened to too few customers"
            " to measure anything by."
        )
    others = list(judgement.others)
    rows = [
        (
            text,
            f"{judgement.metrics[name].value:.4f}",
            f"{judgement.metrics[name].low:.4f} to {judgement.metrics[name].high:.4f}",
            *(f"{judgement.others[other][name]:.4f}" for other in others),
        )
        for name, text in METRIC_NAMES.items()
    ]
    head = ("metric", judgement.learner, "95 % interval", *others)
    calm = (
        "Nobody's lateness is known."
        if judgement.auc_not_past_due is None
        else f"AUC among customers with nothing overdue: "
        f"{judgement.auc_not_past_due:.4f}."
    )
    return (
        f"## Metrics on untouched rows\n\n{_table(head, rows)}\n\n{calm} "
        "Intervals: bootstrap over customers"
        + (
            "; those of the AUC and of observed over expected reach at least as far as "
            "so few outcomes allow (Newcombe, Garwood)."
            if learnt.split.kind == "cross_fitted"
            else "."
        )
    )


def _gates(learnt: Learnt) -> str:
    rows = [
        (gate.name.replace("_", " "), RESULT[gate.is_passed], gate.text)
        for gate in learnt.judgement.gates
    ]
    table = _table(("gate", "result", "numbers"), rows)
    fitted = learnt.fitted
    used = (
        f"Learner in use: **{fitted.learner}**"
        + (f", {fitted.n_rounds} rounds" if fitted.n_rounds else "")
        + f"; calibration on log-odds: intercept {fitted.calibration.intercept:+.3f}, "
        f"slope {fitted.calibration.slope:.3f}, by cross-fitting."
    )
    alarms = "\n".join(f"- **{alarm.code}**: {alarm.text}" for alarm in learnt.alarms)
    seen = f"\n\nToo good to be true?\n\n{alarms}" if alarms else ""
    return f"## Gates\n\n{table}\n\n{used}{seen}"


def _features(learnt: Learnt) -> str:
    rows = [
        (f"`{name}`", f"{share:.1%}")
        for name, share in list(learnt.gains.items())[:MOST_FEATURES]
    ]
    return f"## What moves the model\n\n{_table(('feature', 'share'), rows)}"


def _limits(bundle: Bundle, learnt: Learnt, outlook: Outlook | None) -> str:
    newest = (
        f"- The newest outcomes were {bundle.horizon_days} days in the making: a "
        "change of the economy or of a fraud pattern since then is not in it."
    )
    lines = [newest, LIMITS]
    if not bundle.is_proven:
        lines.append(
            "- **The outcomes do not bear it out yet** (see the gates): every stop "
            "that rests on it waits for a person."
        )
    if BEGUN.get(learnt.judgement.learner) is not None:
        lines.append(f"- {BEGUN[learnt.judgement.learner]}")
    if outlook is not None:
        lines.append(f"- {outlook}.")
    if "lightgbm" in learnt.judgement.others:
        lines.append(
            f"- Trees did not beat the simpler `{learnt.judgement.learner}` here, so "
            "it is used. More history may change that."
        )
    return "## Limits\n\n" + "\n".join(lines)
