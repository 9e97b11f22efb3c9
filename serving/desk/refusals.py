"""What the desk refuses, told in the language of whoever reads the page."""

from zoneinfo import ZoneInfo

from serving.errors import ProblemError
from wording.messages import Wording


class DeskRefusalError(ProblemError):
    """A refusal with a sentence of its own.

    Args:
        code: of the kind of problem.
        reason: names the sentence among the messages, after `desk.refusal.`.
        values: that stand in the sentence.
    """

    def __init__(self, code: str, reason: str, **values: object) -> None:
        super().__init__(code, _in_english(f"desk.refusal.{reason}", values))
        self.reason, self.values = reason, values


def invalid(name: str, rule: str, **values: object) -> ProblemError:
    """The refusal of a field.

    Args:
        name: of the field.
        rule: names what may stand in it, after `desk.problem_rule.`.
        values: that stand in the sentence.
    """
    message = _in_english(f"desk.problem_rule.{rule}", values)
    error = {"pointer": f"/{name}", "rule": rule, "message": message, "filled": values}
    return ProblemError("invalid_request", "see `errors`", errors=[error])


def _in_english(key: str, values: dict[str, object]) -> str:
    return Wording("en", "EUR", ZoneInfo("UTC")).say(key, **values)
