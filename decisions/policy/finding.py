"""What the linter says about a policy."""

from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Finding(NamedTuple):
    """Something wrong with a policy; `code` is stable, `message` is not."""

    code: str
    severity: Severity
    where: str
    message: str
