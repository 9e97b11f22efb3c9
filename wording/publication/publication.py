"""The published policy as a text in one of the formats."""

from datetime import datetime
from typing import Literal

from decisions.errors import DecisionError
from decisions.policy_file.load import Policy
from wording.publication.composition import compose
from wording.templates import render

Format = Literal["html", "md", "print"]
FORMATS: tuple[Format, ...] = ("html", "md", "print")
_TEMPLATES = {"html": "page.html", "md": "page.md", "print": "print.html"}


class UnknownFormatError(DecisionError):
    code = "unknown_format"

    def __init__(self, format_name: str) -> None:
        super().__init__(f"no format {format_name!r}: use one of {', '.join(FORMATS)}")
        self.given = format_name


def publish(
    policy: Policy,
    lang: str,
    format: Format = "html",  # noqa: A002  the name people type
    at: datetime | None = None,
) -> str:
    """The collections policy as customers read it, from the values that decide.

    Args:
        policy: a policy that was read.
        lang: one of `wording.explanation.LANGUAGES`.
        format: `html` for a screen, `md`, or `print`: HTML laid out for A4, ready to
            become a PDF.
        at: aware moment whose version is written; None means the first one. Later
            versions follow as announced changes.

    Raises:
        UnknownLanguageError: when there is no such translation.
        UnknownFormatError: when there is no such format.
    """
    if format not in FORMATS:
        raise UnknownFormatError(format)
    page = compose(policy, lang, at)
    return render(_TEMPLATES[format], page=page)
