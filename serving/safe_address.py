"""Which addresses the service itself may call: they come from settings alone."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from serving.settings import BadSettingError


def require_safe_address(setting: str, url: str, *, may_be_plain: bool = False) -> None:
    """Plain http is for this machine, unless `may_be_plain`.

    Raises:
        BadSettingError: what is sent there could be read on the way, or `url` is none.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise BadSettingError(setting, url, "write https://host/path")
    if parts.username is not None or parts.password is not None:
        # not shown: it holds a password
        raise BadSettingError(setting, "…", "no name or password in an address")
    if parts.scheme == "http" and not (may_be_plain or _is_loopback(host)):
        raise BadSettingError(setting, url, "plain http is for this machine alone")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
