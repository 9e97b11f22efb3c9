"""Headers by which a browser is told to do nothing with an answer but show it."""

from collections.abc import MutableSequence

RawHeader = tuple[bytes, bytes]

# sent with every answer, the server's own refusals included
OF_EVERY_ANSWER: tuple[tuple[str, str], ...] = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
)
# for a year: a browser that saw the service over TLS asks no other way
OVER_TLS = (("Strict-Transport-Security", "max-age=31536000"),)
# nothing is kept, and nothing may be loaded or run
OTHERWISE: tuple[RawHeader, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


def complete(headers: MutableSequence[RawHeader]) -> None:
    """What holds where an answer does not say itself what may be kept or loaded."""
    stated = {name.lower() for name, _ in headers}
    headers.extend(header for header in OTHERWISE if header[0] not in stated)
