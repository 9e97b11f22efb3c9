"""What `decisions` raises on purpose; each error has a stable `code`."""

from decisions.policy.finding import Finding


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

    Args:
        source: the name of the file.
        findings: everything that is wrong with it, one at least.
    """

    code = "policy_file"

    def __init__(self, source: str, *findings: Finding) -> None:
        super().__init__(source, *findings)
        self.source, self.findings = source, findings

    def __str__(self) -> str:
        """The first of them, with its place in the file."""
        first, *others = self.findings
        line = "" if first.line is None else f"line {first.line}"
        parts = (self.source, line, first.place, first.message)
        more = f" (and {len(others)} more: forbear policy check)" if others else ""
        return ": ".join(part for part in parts if part) + more


class DominatedActionError(PolicyFileError):
    """An action costs more than another and does no more in any state (Elkan, 2001)."""

    code = "dominated_action"

    def __init__(self, source: str, worse: str, better: str) -> None:
        message = (
            f"costs no less and does no more than {better!r} in every state; "
            f"lower its cost, raise its effect, or make both rows equal"
        )
        where = f"costs.actions.{worse}"
        super().__init__(source, Finding(self.code, "error", where, message))
        self.worse, self.better = worse, better


class NaiveMomentError(DecisionError):
    code = "naive_moment"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has no timezone: pass an aware UTC datetime")
        self.name = name
