"""What public pages share: no script, one style on the page itself, and limits."""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

from fastapi import Request
from starlette.responses import HTMLResponse

from serving.access import RateLimits
from serving.language import Language, language_of
from serving.settings import ServingSettings
from wording.messages import LANGUAGES, messages

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def page_language(request: Request, lang: str | None) -> Language:
    """Of the address, else what the browser wants most, else English."""
    chosen = next((one for one in LANGUAGES if one == lang), None)
    return language_of(chosen, request.headers.get("accept-language"))  # type: ignore[arg-type]  # one of them


def require_visit(request: Request) -> None:
    """Count a request. Raises ProblemError where its place sent too many."""
    limits: RateLimits = request.app.state.rate_limits
    settings: ServingSettings = request.app.state.settings
    address = request.client.host if request.client else ""
    limits.require_visit(address, settings.public_rate_limit)


def html_page(
    content: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """A page that may load nothing, and use the style that stands on it."""
    policy = {"Content-Security-Policy": content_policy(content)}
    return HTMLResponse(content, status, {**policy, **(headers or {})})


def content_policy(content: str) -> str:
    """What a browser may do with the page.

    >>> content_policy("<style>b {}</style>").split("; ")[1]
    "style-src 'sha256-zy87ZYlZV4kMyp51wB+3ABJeEclAGRFupKDmlDS9DAw='"
    """
    digests = [
        f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
        for style in _STYLE.findall(content)
    ]
    styles = " ".join(digests) or "'none'"
    return (
        f"default-src 'none'; style-src {styles};"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def message(lang: str, key: str) -> str:
    """A sentence without places."""
    return str(messages(lang)[key])
