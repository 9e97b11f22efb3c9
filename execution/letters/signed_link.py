"""The link of a letter: it names the letter, ends, and nobody else can make one.

The address holds no personal data: whose letter it is, the store alone knows.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256

from execution.errors import ExecutionError

_SHORTEST_KEY = 32  # characters
_MOST_KEYS = 3
_TOKEN = re.compile(r"(l[0-9a-f]{31})\.([0-9a-f]{1,12})\.([A-Za-z0-9_-]{43})")
LINK_KEY = "FORBEAR_LINK_KEY"


class BadLinkKeyError(ExecutionError):
    """The key that signs the links of letters is too short."""

    code = "bad_link_key"

    def __init__(self) -> None:
        super().__init__(
            f"{LINK_KEY} holds one to {_MOST_KEYS} random keys of at least"
            f" {_SHORTEST_KEY} characters, with a blank between:"
            " `openssl rand -hex 32` makes one"
        )


class LinkSigner:
    """Makes and reads the tokens of links.

    Args:
        keys: the first signs, all of them are good, so that a key can be changed.

    Raises:
        BadLinkKeyError: there is none, or one could be guessed.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        is_short = any(len(key) < _SHORTEST_KEY for key in keys)
        if not 1 <= len(keys) <= _MOST_KEYS or is_short:
            raise BadLinkKeyError
        self._keys = [key.encode() for key in keys]

    @classmethod
    def of(cls, text: str | None) -> "LinkSigner | None":
        """From the environment's text; None: no links are made, and none is good."""
        return None if not text else cls(text.split())

    def token(self, letter_id: str, ends_at: int) -> str:
        """For the link of a letter.

        Args:
            letter_id: of the letter.
            ends_at: the link is good until then, microseconds since 1970 UTC.
        """
        stated = f"{letter_id}.{ends_at // 1_000_000:x}"
        return f"{stated}.{_signature(self._keys[0], stated)}"

    def letter_id(self, token: str, now: int) -> str | None:
        """Whose link it is; None: it was not made here, was changed, or has ended."""
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        letter_id, ends_s, signature = match.groups()
        stated = f"{letter_id}.{ends_s}"
        is_ours = any(
            hmac.compare_digest(signature, _signature(key, stated))
            for key in self._keys
        )
        return letter_id if is_ours and now < int(ends_s, 16) * 1_000_000 else None


def _signature(key: bytes, stated: str) -> str:
    digest = hmac.new(key, f"forbear form {stated}".encode(), sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")
