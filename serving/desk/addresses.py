"""Addresses of customers and decisions.

An id may be any text: with slashes, dots or none of our letters. In an address it is
written as base64url of its UTF-8, which no browser or proxy normalises.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from serving.errors import ProblemError

CUSTOMERS, DECISIONS = "/desk/customers", "/desk/decisions"


def customer_path(customer_id: str) -> str:
    """Where the page of a customer is.

    >>> customer_path("a/../b")
    '/desk/customers/YS8uLi9i'
    """
    encoded = urlsafe_b64encode(customer_id.encode(errors="surrogatepass"))
    return f"{CUSTOMERS}/{encoded.decode().rstrip('=')}"


def customer_of(encoded: str) -> str:
    """The id in an address. Raises ProblemError where it is none.

    >>> customer_of("YS8uLi9i")
    'a/../b'

    No customer's id holds NUL, which PostgreSQL cannot be asked about.
    """
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        text = urlsafe_b64decode(padded.encode("ascii")).decode(errors="surrogatepass")
    except (Error, UnicodeError) as error:
        raise ProblemError("not_found", "this is no address of a customer") from error
    if "\0" in text or customer_path(text) != f"{CUSTOMERS}/{encoded}":
        raise ProblemError("not_found", "this is no address of a customer")
    return text


def decision_path(decision_id: str) -> str:
    """Where the page of a decision is."""
    return f"{DECISIONS}/{decision_id}"
