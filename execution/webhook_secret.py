"""The secret that signs messages to a webhook, as Standard Webhooks asks.

Source: Standard Webhooks, specification 1.0.
"""

from base64 import b64decode
from collections.abc import Mapping

from execution.errors import MissingSettingError

_SHORTEST = 24  # bytes


def webhook_secret(environment: Mapping[str, str], name: str) -> bytes:
    """The bytes of a secret `whsec_…`.

    Args:
        environment: where it is set.
        name: of the setting.

    Raises:
        MissingSettingError: there is none, or it is none of Standard Webhooks.
    """
    secret = environment.get(name, "")
    encoded = secret.removeprefix("whsec_").rstrip("=")
    try:
        content = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        content = b""
    if not secret.startswith("whsec_") or len(content) < _SHORTEST:
        make = 'make one with echo "whsec_$(openssl rand -base64 32)"'
        raise MissingSettingError(name, f"the receiver knows us by it; {make}")
    return content
