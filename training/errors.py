"""What training refuses on purpose."""

from collections.abc import Iterable
from datetime import UTC, datetime

from features.reading.source_url import without_login


class TrainingError(Exception):
    """Base of the refusals of this room. `code` is stable, the message is not."""

    code = "training_error"


class TooFewPositivesError(TrainingError):
    code = "too_few_positives"


class OneKindOfLabelError(TrainingError):
    """Everybody is positive: nothing tells them from anybody."""

    code = "one_kind_of_label"

    def __init__(self, target: str, n: int) -> None:
        super().__init__(
            f"it happened to all {n:,} of whom an outcome of {target} is known, so"
            " nothing can be learnt of those it does not happen to; `customers` must"
            " hold them, too, with their payments where labels come from invoices, and"
            " `outcomes` only whom it happened to"
        )


class UnknownTargetError(TrainingError):
    code = "unknown_target"


class NoSuchVersionError(TrainingError):
    code = "no_such_version"


class RegistryUnavailableError(TrainingError):
    code = "registry_unavailable"

    def __init__(self, reason: object) -> None:
        # below its first line a database's error quotes the statement
        first = str(reason).partition("\n")[0]
        super().__init__(
            "the registry did not answer, or could not write; try again when"
            " MLFLOW_TRACKING_URI can be reached and its disk has room: what was begun"
            f" is completed then ({without_login(first)})"
        )


class NotSuspectedError(TrainingError):
    code = "not_suspected"

    def __init__(self, names: Iterable[str], suspected: Iterable[str]) -> None:
        super().__init__(
            f"--accept-leak {', '.join(names)}: not suspected in this version;"
            f" suspected: {', '.join(suspected) or 'nothing'}"
        )


class NoReasonGivenError(TrainingError):
    code = "no_reason_given"

    def __init__(self) -> None:
        super().__init__(
            'say why with --because "…"; it is recorded with the promotion'
        )


class NothingToRollBackError(TrainingError):
    code = "nothing_to_roll_back"

    def __init__(self, target: str) -> None:
        super().__init__(
            f"no champion of {target} is known to have served before what is in force;"
            f" `forbear promote {target} --version N` takes a version of the registry,"
            f" `forbear rollback {target} --to-starter` the starter"
        )


class ProtectedFileError(TrainingError):
    code = "protected_file"

    def __init__(
        self,
        file: object,
        why: str = "a CSV with a column customer_id and one column per attribute is"
        " needed",
    ) -> None:
        super().__init__(f"{file}: {why}")


class UnknownFeatureAcceptedError(TrainingError):
    code = "unknown_feature_accepted"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"--accept-leak {name}: no such feature here; name one that the audit named"
        )


class NothingToRecalibrateError(TrainingError):
    code = "nothing_to_recalibrate"

    def __init__(
        self,
        target: str,
        next_at: int | None,
        n_positives: int,
        n_negatives: int,
        *,
        is_starter: bool = False,
    ) -> None:
        if is_starter:
            why = "the starter stands in: `forbear train` makes a model of your own"
        elif next_at is None and n_positives + n_negatives == 0:
            why = "no date came after the outcomes that it has learnt"
        elif n_positives and not n_negatives:
            why = (
                f"all {n_positives} outcomes that are mature since its training are"
                f" positive, and negative ones are needed, too{_next(next_at)}"
            )
        else:
            why = (
                f"{n_positives} positive outcomes are mature since its training, and 20"
                f" are needed{_next(next_at)}"
            )
        super().__init__(f"{target}: {why}")


def _next(next_at: int | None) -> str:
    if next_at is None:
        return ""
    day = datetime.fromtimestamp(next_at / 1e6, UTC).date()
    return f"; those of the next date are known on {day}"
