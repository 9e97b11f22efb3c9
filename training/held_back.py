"""Why every stop that rests on a model waits for a person, and what can be done."""

from dataclasses import dataclass
from datetime import datetime

from features.counted import counted
from scoring.bundle import Bundle
from training.few import ENOUGH
from training.later import DateMetrics, by_date
from training.rows import Rows
from training.trained_model import TrainedModel

MOST_DATES = 6  # told one by one; the latest
_WHY = {
    "beats_constant": "on outcomes it had not learnt from it was not surely better than"
    " one rate for everybody",
    "ranks_better_than_chance": "on outcomes it had not learnt from it did not surely"
    " put those to whom it happened before the others",
    "level_is_known": "it happened to so few customers that its level is not known"
    " within half to twice",
}
_NOTHING = "it happened to fewer than two customers, so nothing can judge it"
_MORE_OUTCOMES = (
    "a person decides each stop until then; train again as outcomes mature, month by"
    " month, and `forbear promote` the first model that passes its checks"
)
_MORE_DATA = (
    "`forbear validate PORTFOLIO` says what would tell customers apart better; train"
    " again with it, or month by month as outcomes mature, and `forbear promote` the"
    " first model that passes its checks"
)
LEAVES_A_STEP = (
    "a change of payment terms, prices, reminders or products leaves, another way of"
    " recording, or the economy"
)
_STEP = f"Dates before no longer tell the level. That is what {LEAVES_A_STEP}"
_AFTER_A_STEP = (
    "find out since when and why: `forbear labels audit PORTFOLIO` shows the rate date"
    " by date, `forbear monitor PORTFOLIO` what moved in the data. If the data are"
    " wrong, correct them and train again. If the change stays, train again month by"
    " month: the model in use has learnt from these dates, too, and what ends the wait"
    " is one taught by dates since the change and judged by outcomes after them, so"
    " {days} days and more. `snapshots: {{warm_up_days: N}}` of portfolio.yaml leaves"
    " dates before the change out"
)


@dataclass(frozen=True)
class WaitReason:
    """Why stops wait for a person, and what an analyst can do: a sentence each."""

    why: str
    to_do: str


def held_back(bundle: Bundle, learnt: TrainedModel, rows: Rows) -> WaitReason | None:
    """What the checks that failed mean; None where stops do not wait.

    Args:
        bundle: that was made of what was learnt.
        learnt: with its gates.
        rows: all that training was given.
    """
    if learnt.is_proven:
        return None
    failed = [gate.name for gate in learnt.judgement.gates if not gate.is_passed]
    whys = [_WHY[name] for name in failed if name in _WHY]
    is_off = "level_is_right" in failed
    if is_off:
        whys.append(_level(bundle, learnt, rows))
    why = "; ".join(whys) or _NOTHING
    if is_off and learnt.split.kind == "time":
        why = f"{why}. {_STEP}"
    if rows.n_positives < ENOUGH:
        return WaitReason(why, _MORE_OUTCOMES)
    if not is_off:
        return WaitReason(why, _MORE_DATA)
    return WaitReason(why, _AFTER_A_STEP.format(days=bundle.horizon_days))


def _level(bundle: Bundle, learnt: TrainedModel, rows: Rows) -> str:
    """How many came and how many were expected, in all and date by date."""
    judged = learnt.judgement
    dates = by_date(judged.label, judged.p, rows.as_of[learnt.split.test])
    expected, observed = float(judged.p.sum()), int(judged.label.sum())
    known = "later" if learnt.split.kind == "time" else "other"
    each = ", ".join(_of_date(bundle, date) for date in dates[-MOST_DATES:])
    single = f"; by date {each}" if len(dates) > 1 else ""
    return (
        f"of {counted(len(judged.label), f'{known} row')} it happened to {observed:,}"
        f" where what was learnt before expected {expected:,.1f}:"
        f" {observed / expected:.2f} times as many{single}"
    )


def _of_date(bundle: Bundle, date: DateMetrics) -> str:
    day = datetime.fromtimestamp(date.as_of / 1e6, bundle.settings.zone).date()
    return f"{day}: {date.observed_over_expected:.2f}"
