"""What a page's form sends: text fields, and the token that proves whose page it was.

Another site can make a browser send a form, but cannot read the token on our page.
"""

from collections.abc import Mapping
from hashlib import sha256
from secrets import compare_digest

from fastapi import Request

from serving.errors import ProblemError
from serving.incoming import read_fields

CSRF_FIELD = "csrf"
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
    fields = await read_fields(request, _LARGEST_BYTES, _MOST_FIELDS)
    sent = fields.pop(CSRF_FIELD, "")
    if not token or not compare_digest(sent.encode(), csrf_of(token).encode()):
        detail = "open the page again and send the form from there"
        raise ProblemError("form_expired", detail)
    return fields
