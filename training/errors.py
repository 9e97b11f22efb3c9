"""What training refuses on purpose."""


class TrainingError(Exception):
    """Base of the refusals of this room. `code` is stable, the message is not."""

    code = "training_error"


class TooFewPositivesError(TrainingError):
    code = "too_few_positives"


class NoBetterThanConstantError(TrainingError):
    code = "no_better_than_constant"


class UnknownTargetError(TrainingError):
    code = "unknown_target"


class NoSuchVersionError(TrainingError):
    code = "no_such_version"
