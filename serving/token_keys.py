"""The public keys of a token issuer, fetched beside the answers and kept."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx

from serving.guard import surviving
from serving.safe_address import require_safe_address
from serving.settings import BadSettingError

JsonWebKey = Mapping[str, Any]
_DISCOVERY = "/.well-known/openid-configuration"
_TIMEOUT_S = 10.0
_LARGEST_BYTES = 1_000_000
_FRESH_S = 300.0  # then they are fetched again
_SOONEST_S = 10.0  # however many tokens name keys that are not there
_FIRST_PAUSE_S = 1.0  # after a failure; twice as long after each further one
_LONGEST_PAUSE_S = 300.0
_log = logging.getLogger("forbear.serving")


class TokenKeysError(Exception):
    """What an issuer answers is no set of keys."""

    code = "token_keys"


class TokenKeys:
    """Kept until newer ones are there: an issuer that is down ends no session.

    Args:
        issuer: its discovery document says where the keys are, unless `jwks_url` does.
    """

    def __init__(self, issuer: str, jwks_url: str | None) -> None:
        self._issuer, self._jwks_url = issuer, jwks_url
        self._key_by_id: dict[str | None, JsonWebKey] = {}
        self._fetched_at: float | None = None
        self._is_wanted = asyncio.Event()

    def find(self, key_id: str | None) -> JsonWebKey | None:
        """A key by the `kid` of a token; without one the only key there is."""
        if key_id is None and len(self._key_by_id) == 1:
            return next(iter(self._key_by_id.values()))
        return self._key_by_id.get(key_id)

    def may_come(self) -> bool:
        """Whether a key that is not there may be there in a moment; fetches if so."""
        fetched_at = self._fetched_at
        if fetched_at is not None and time.monotonic() - fetched_at < _SOONEST_S:
            return False
        self._is_wanted.set()
        return True

    async def watch(self) -> None:
        """Fetch now, whenever keys are old, and when one is wanted; until cancelled."""
        pause_s = _FIRST_PAUSE_S
        # proxies are obeyed; redirects are not followed
        async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
            while True:
                self._is_wanted.clear()
                fetched: dict[str | None, JsonWebKey] | None = None
                with surviving(_tell):  # whatever it answers, we ask again
                    fetched = self._key_by_id = await self._fetch(client)
                if fetched is None:
                    await self._pause(pause_s)
                    pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                    continue
                pause_s, self._fetched_at = _FIRST_PAUSE_S, time.monotonic()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._is_wanted.wait(), _FRESH_S)

    async def _pause(self, pause_s: float) -> None:
        """Until it is over, or a key is wanted, but not sooner than `_SOONEST_S`."""
        soonest_s = min(pause_s, _SOONEST_S)
        await asyncio.sleep(soonest_s)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_wanted.wait(), pause_s - soonest_s)

    async def _fetch(self, client: httpx.AsyncClient) -> dict[str | None, JsonWebKey]:
        url = self._jwks_url or await self._discovered(client)
        listed = (await _json(client, url)).get("keys")
        if not isinstance(listed, list):
            raise TokenKeysError("no `keys`")
        # others encrypt, or are secrets that both sides know
        usable = [
            one
            for one in listed
            if isinstance(one, dict)
            and one.get("use", "sig") == "sig"
            and one.get("kty") in ("RSA", "EC", "OKP")
        ]
        if not usable:
            raise TokenKeysError("no key for signatures")
        return {one.get("kid"): one for one in usable}

    async def _discovered(self, client: httpx.AsyncClient) -> str:
        document = await _json(client, self._issuer.rstrip("/") + _DISCOVERY)
        url = document.get("jwks_uri")
        if document.get("issuer") != self._issuer or not isinstance(url, str):
            raise TokenKeysError("the discovery document is another issuer's")
        require_safe_address("oidc_issuer", url)
        return url


async def _json(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    content = bytearray()
    async with client.stream("GET", url) as answer:
        if not answer.is_success:
            raise TokenKeysError(f"status {answer.status_code}")
        async for part in answer.aiter_bytes():
            content += part
            if len(content) > _LARGEST_BYTES:
                raise TokenKeysError("the answer is too large")
    try:
        document = json.loads(content)
    except ValueError as error:
        raise TokenKeysError("no JSON") from error
    if not isinstance(document, dict):
        raise TokenKeysError("no JSON object")
    return document


def _tell(error: Exception) -> None:
    is_ours = isinstance(error, TokenKeysError | BadSettingError)
    why = str(error) if is_ours else type(error).__name__
    _log.warning("no keys from the token issuer: %s", why)
