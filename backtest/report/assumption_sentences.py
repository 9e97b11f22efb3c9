"""What a backtest assumes, and what must be read with its numbers, in sentences."""

from collections.abc import Iterator, Sequence

from advice.promises import without_code
from backtest.outcome import Backtest
from features.counted import counted

UNMOVED = (
    "The recorded history does not react to the new policy: payments, usage and fraud"
    " are those that happened under the collections of that time."
)


def cautions(backtest: Backtest) -> Iterator[str]:
    """What must be read with the numbers, in sentences."""
    yield UNMOVED
    first = str(backtest.days.moments[0].date())
    if any(day > first for day in backtest.trained_on.values()):
        yield (
            "The models were trained on data that reach into this period or beyond, so"
            " the scores are better than they were on the day."
        )
    if not backtest.has_contacts:
        yield (
            "The portfolio has no table contacts, so no notice is ever proven: nobody"
            " is stopped for arrears here, and nobody would be in service."
        )
    for note in backtest.notes:
        said = without_code(note)
        yield f"{said[:1].upper()}{said[1:]}."


def assumed(backtest: Backtest) -> Iterator[str]:
    """Every other assumption in a sentence."""
    assumptions, days = backtest.assumptions, backtest.days
    if assumptions.notices == "simulated":
        yield (
            "Recorded notices belong to the old policy and do not count. Those the"
            " simulated policy finds due count as sent;"
            f" {assumptions.delivered_share:.0%} are delivered after"
            f" {assumptions.delivery_hours:g} hours, the others come back."
        )
    else:
        yield "Recorded notices count, whichever policy sent them; none are added."
    yield (
        "Recorded suspensions are taken out. Those the simulated policy recommends"
        " count as carried out at once; whoever must approve agrees."
    )
    if any(outcome.policy.latest.measures for outcome in backtest.outcomes):
        yield (
            "Recorded measures are taken out. Those the simulated policy recommends"
            " begin at once and stand until nothing is going on about the customer;"
            " each counts once in the horizon, by the numbers of the policy that lists"
            " it."
        )
    yield (
        "A reviewed customer is not reviewed again for"
        f" {counted(assumptions.review_rest_days, 'day')}, and a review changes no"
        " probability. A protective pause that expired is not repeated on the same"
        " signs."
    )
    yield (
        "Scores are made anew"
        f" {_rhythm(days.scored, len(days))} and hold until the next; decisions fall"
        " on 10:00 local time. Money that depends on usage is refreshed with the"
        " scores."
    )
    yield "The policy counts as in force on every day, whatever dates it states."


def _rhythm(scored: Sequence[int], n: int) -> str:
    if len(scored) >= n:
        return "on every decision day"
    return f"on {len(scored)} of {n} decision days"
