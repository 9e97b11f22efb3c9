"""What `decisions` raises on purpose; each error has a stable `code`."""


class DecisionError(Exception):
    """Ancestor of the errors of this room; the message says what to do."""

    code = "decision_error"


class ProbabilityRangeError(DecisionError):
    code = "probability_range"

    def __init__(self, name: str, value: float) -> None:
        super().__init__(
            f"{name} must be a probability in [0, 1], got {value!r}: "
            "pass the calibrated probability, or None when there is no model"
        )
        self.name, self.value = name, value


class PolicyFileError(DecisionError):
    """The policy file cannot be read, or says something that is not allowed.

    `where` and `reason` are of the first thing that is wrong; `others` hold the rest.
    """

    code = "policy_file"

    def __init__(
        self, where: str, reason: str, others: tuple[tuple[str, str], ...] = ()
    ) -> None:
        more = f" (and {len(others)} more: forbear policy check)" if others else ""
        super().__init__(f"{where}: {reason}{more}")
        self.where, self.reason, self.others = where, reason, others


class DominatedActionError(PolicyFileError):
    """An action costs more than another and does no more in any state (Elkan, 2001)."""

    code = "dominated_action"

    def __init__(self, where: str, worse: str, better: str) -> None:
        super().__init__(
            f"{where}: costs.actions.{worse}",
            f"costs no less and does no more than {better!r} in every state; "
            f"lower its cost, raise its effect, or make both rows equal",
        )
        self.worse, self.better = worse, better


class NaiveMomentError(DecisionError):
    code = "naive_moment"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has no timezone: pass an aware UTC datetime")
        self.name = name
