"""Headers by which a browser is told to do nothing with an answer but show it."""

from collections.abc import MutableSequence

RawHeader = tuple[bytes, bytes]

# sent with every answer, the server's own refusals included
OF_EVERY_ANSWER: tuple[tuple[str, str], ...] = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
# for a year: a browser that saw the service over TLS asks no other way
OVER_TLS = (("Strict-Transport-Security", "max-age=31536000"),)
_POLICY = b"content-security-policy"
_NOTHING = (_POLICY, b"default-src 'none'; frame-ancestors 'none'")


def add_content_policy(headers: MutableSequence[RawHeader]) -> None:
    """Nothing may be loaded or run, where the page does not say itself what may."""
    if all(name.lower() != _POLICY for name, _ in headers):
        headers.append(_NOTHING)
