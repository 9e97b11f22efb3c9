"""What a page's form sends: text fields, and the token that proves whose page it was.

Another site can make a browser send a form, but cannot read the token on our page.
"""

from collections.abc import Mapping
from hashlib import sha256
from secrets import compare_digest
from urllib.parse import parse_qsl

from fastapi import Request

from serving.errors import ProblemError

CSRF_FIELD = "csrf"
_MEDIA_TYPE = "application/x-www-form-urlencoded"
_LARGEST_BYTES = 200_000
_MOST_FIELDS = 100
Form = Mapping[str, str]


def csrf_of(token: str) -> str:
    """What forms bear on the pages of the browser that holds this token."""
    return sha256(f"csrf\n{token}".encode()).hexdigest()


async def read_form(request: Request, token: str) -> Form:
    """The fields of a form, blanks around them removed; the last of a name counts.

    Raises:
        ProblemError: it is no form, too large, or of no page of this browser.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type.lower() != _MEDIA_TYPE:
        raise ProblemError("unsupported_media_type", f"send {_MEDIA_TYPE}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BYTES:
            raise ProblemError("body_too_large", f"at most {_LARGEST_BYTES} bytes")
    try:
        text = body.decode()
        pairs = parse_qsl(
            text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise ProblemError("invalid_request", "the form cannot be read") from error
    fields = {name: value.strip() for name, value in pairs}
    sent = fields.pop(CSRF_FIELD, "")
    if not token or not compare_digest(sent.encode(), csrf_of(token).encode()):
        detail = "open the page again and send the form from there"
        raise ProblemError("form_expired", detail)
    return fields
