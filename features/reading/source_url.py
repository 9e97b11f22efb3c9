"""The URL that `source` of portfolio.yaml states, and what of it is told to people."""

import os
import re
from urllib.parse import quote, unquote

from features.errors import VariableNotSetError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# to the last @: a password that was not escaped may hold a slash or another @
_LOGIN = re.compile(r"(?<=://)[^:@/?]*:(.*)@")
# a part of the query, or of a query-like end: its name and its value
_OPTION = re.compile(r"(?<=[?&])([^=&#\s]+)=([^&#\s]*)")
# options that hold no secret, and that help whoever reads a message
_HARMLESS = frozenset({"sslmode", "region", "scheme", "anonymous", "at"})
_BLANK = "***"
_SHORTEST_BLANKED = 3  # characters; a shorter piece of a password is in every sentence


def with_variables(source: str) -> str:
    """A URL of portfolio.yaml with the values of the environment variables it names.

    Raises:
        VariableNotSetError: if a variable is not set.
    """

    def value(name: re.Match[str]) -> str:
        """Of a variable; quoted where it stands in a login."""
        setting = os.environ.get(name.group(1))
        if setting is None:
            raise VariableNotSetError(name.group(1))
        is_login = "@" in source[name.end() :]
        return quote(setting, safe="") if is_login else setting

    return _VARIABLE.sub(value, source)


def without_login(url: str) -> str:
    """A URL as it is told to people: without user, password and values of its query.

    >>> without_login("postgresql://reader:secret@db.example.org/billing")
    'postgresql://***@db.example.org/billing'
    >>> without_login("abfs://container@account.dfs.core.windows.net/place")
    'abfs://container@account.dfs.core.windows.net/place'
    >>> without_login("postgresql://h/b?sslmode=require&sslpassword=secret")
    'postgresql://h/b?sslmode=require&sslpassword=***'
    >>> without_login("delta:lake/billing?at=2026-06-30T00:00:00Z")
    'delta:lake/billing?at=2026-06-30T00:00:00Z'
    """
    return _OPTION.sub(_blanked, _LOGIN.sub(f"{_BLANK}@", url))


def _blanked(option: re.Match[str]) -> str:
    name, _ = option.groups()
    return option[0] if name.lower() in _HARMLESS else f"{name}={_BLANK}"


def without_secret(reason: str, url: str, stated: str) -> str:
    """What a driver or a store says of a URL, without the password in it.

    Args:
        reason: its own words.
        url: with which it was asked.
        stated: the same as it is told to people.
    """
    reason = reason.replace(url, stated)
    pieces: set[str] = set()
    if (login := _LOGIN.search(url)) is not None:
        password = login.group(1)
        pieces |= {password, unquote(password), *re.split(r"[:/?#@]", password)}
    for name, value in _OPTION.findall(_LOGIN.sub("", url)):
        if name.lower() not in _HARMLESS:
            pieces |= {value, unquote(value)}
    for piece in sorted(pieces, key=len, reverse=True):
        if len(piece) >= _SHORTEST_BLANKED:
            reason = reason.replace(piece, _BLANK)
    return reason


def password_warning(source: str) -> str | None:
    """A password in a file is read by whoever reads the file."""
    password = re.search(r"://[^/@]*:([^/@]+)@", source)
    if password is None or _VARIABLE.fullmatch(password.group(1)):
        return None
    return "portfolio.yaml: write the password of `source` as ${A_VARIABLE}"
