"""What `forbear score` says to whoever works with the list."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cli.moments import moment_of
from cli.output import say, waiting
from features.counted import counted

if TYPE_CHECKING:
    from advice.advised import AdvisedParts
    from advice.advisor import Advisor
    from features.portfolio import Portfolio
    from features.targets import Target
    from scoring.bundle import Bundle

MOST_AGE = timedelta(days=7)  # of the data, before a list made today is warned of


def show_cautions(
    advisor: "Advisor",
    read: "Portfolio",
    moment: int | None,
    home: Path,
    alarm: str | None,
) -> None:
    """What whoever works with the list should know."""
    from features.moments import DAY_US

    for note in (*_of_advisor(advisor), *_of_today(read, moment)):
        say(f"note: {note}")
    _show_what_stops(home, alarm)
    is_past = moment is not None and read.observed_until - moment > DAY_US
    if not is_past:
        _show_early_warning(advisor, read)  # it tells of now, not of a day in the past


def show_unmet_fraud(advised: "AdvisedParts", advisor: "Advisor") -> None:
    """Last of all: what stands in for a model of fraud, and what that costs."""
    from advice.unmet_fraud import unmet_fraud_note

    fraud, currency = advisor.bundles.get("fraud"), advisor.settings.currency
    note = unmet_fraud_note(advised, advisor.policy, fraud, currency)
    if note is not None:
        say(note)


def warn_of_age(read: "Portfolio", as_of: str | None, day: date) -> None:
    """Notices are of the day they are sent, the list of the last day of the data."""
    from features.moments import to_datetime

    known = to_datetime(moment_of(read, as_of)).astimezone(read.settings.zone).date()
    if day - known > MOST_AGE:
        say(
            f"warning: the notices are dated {day}, but the data end {known}: whoever"
            " has paid since is asked again; add newer rows first"
        )


def _of_advisor(advisor: "Advisor") -> Iterator[str]:
    """What models and policy mean for this portfolio."""
    yield from advisor.notes
    if any(bundle.is_starter for bundle in advisor.bundles.values()):
        yield (
            "the starter's level is moved to the outcomes that this portfolio shows so"
            " far, if any; the service does not know them, so its probabilities of the"
            " same customers differ"
        )


def _of_today(read: "Portfolio", moment: int | None) -> Iterator[str]:
    """What is known only once the day of the list is over, once for all customers."""
    from features.moments import end_of_day, local_day
    from features.reading.ahead import n_rows_known_at

    if moment is None:
        return
    day_end = end_of_day(local_day(moment, read.settings.zone), read.settings.zone)
    n = n_rows_known_at(read.connection.con, day_end) if day_end > moment else 0
    if n:
        yield (
            f"dated_today: {counted(n, 'payment or dispute', 'payments or disputes')}"
            " of the day of the list without a time of day: known only once that day"
            " is over, so notices may still go; stops wait"
        )


def _show_what_stops(home: Path, alarm: str | None) -> None:
    """What keeps everybody from a new stop, where something does."""
    from advice.assembly import STOP_FILE, is_stopped

    if is_stopped(home):
        say(f"note: {home / STOP_FILE} lies there: nobody new is suspended or blocked")
    if alarm is not None:
        say(
            f"ALARM of monitoring ({alarm.replace('_', ' ')}): nobody new is suspended"
            " or blocked until somebody releases it; `forbear monitor alarms` says why"
        )


def _show_early_warning(advisor: "Advisor", read: "Portfolio") -> None:
    """Where more or less happens than the models learnt; nothing where all is well."""
    from advice.drawn_snapshots import DrawnSnapshots
    from advice.young_dates import early_warning, sentence, strongest

    models: dict[Target, Bundle | None] = {"fraud": None}  # seen without a model, too
    looked_at = models | advisor.bundles
    drawn = DrawnSnapshots(read, models=looked_at)
    for target, bundle in looked_at.items():
        with waiting(f"looking for an early warning of {target}", "score"):
            found = strongest(early_warning(read, bundle, drawn))
        if found is not None:
            one, n_alone = found
            has_model = bundle is not None
            zone = read.settings.zone
            text = sentence(one, target, zone, has_model=has_model, n_alone=n_alone)
            say(f"ALARM: {text}")
