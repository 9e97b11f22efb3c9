"""Settings that have no default: of the environment, or a clear error."""

from collections.abc import Mapping

from execution.errors import MissingSettingError


def required(environment: Mapping[str, str], name: str, what: str) -> str:
    """The value of a setting.

    Args:
        environment: usually `os.environ`.
        name: of the variable.
        what: the sentence that says what it is for.

    Raises:
        MissingSettingError: it is not there, or empty.
    """
    value = environment.get(name, "")
    if not value:
        raise MissingSettingError(name, what)
    return value
