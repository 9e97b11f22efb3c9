"""Bearer tokens of an identity provider (OpenID Connect) beside API keys.

A token is checked with the issuer's public keys: signature, issuer, audience, time. Its
claims say what it may do, and about which customers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import jwt

from serving.errors import ProblemError
from serving.safe_address import require_safe_address
from serving.settings import BadSettingError, ServingSettings
from serving.token_keys import JsonWebKey, TokenKeys
from store.keys import GRANTS, ROLES, SCOPES, ApiKey, Scope

# signed with a private key: whoever knows the public one cannot make a token
ALGORITHMS = frozenset(
    f"{kind}{size}" for kind in ("RS", "PS", "ES") for size in (256, 384, 512)
) | {"EdDSA"}
_KEY_TYPE = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
SCOPE_PREFIX = "forbear:"
EVERY_CUSTOMER = "*"
_REQUIRED = "exp", "iss", "aud", "sub"
_WHY: Mapping[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "it has expired",
    jwt.ImmatureSignatureError: "it is not valid yet",
    jwt.InvalidAudienceError: "it is made out for another service",
    jwt.InvalidIssuerError: "another issuer made it",
    jwt.MissingRequiredClaimError: f"it needs the claims {', '.join(_REQUIRED)}",
}


@dataclass(frozen=True, slots=True)
class TokenKey(ApiKey):
    """Who holds a token, in the form of a key; several scopes at once."""

    scopes: frozenset[Scope] = frozenset()

    def may(self, scope: Scope) -> bool:
        """Whether one of its scopes grants this one."""
        return any(scope in GRANTS[one] for one in self.scopes)


class Tokens:
    """Checks tokens of one issuer.

    Raises:
        BadSettingError: settings that cannot be used, or would let anybody in.
    """

    def __init__(self, issuer: str, settings: ServingSettings) -> None:
        require_safe_address("oidc_issuer", issuer)
        if settings.oidc_jwks_url is not None:
            require_safe_address("oidc_jwks_url", settings.oidc_jwks_url)
        if not settings.oidc_audience:
            why = "needed with an issuer: it makes tokens for other services as well"
            raise BadSettingError("oidc_audience", "", why)
        self._algorithms = settings.oidc_algorithms.split()
        if not self._algorithms or not ALGORITHMS.issuperset(self._algorithms):
            stated, known = settings.oidc_algorithms, ", ".join(sorted(ALGORITHMS))
            raise BadSettingError("oidc_algorithms", stated, f"some of {known}")
        self._issuer, self._settings = issuer, settings
        self.keys = TokenKeys(issuer, settings.oidc_jwks_url)

    def verify(self, text: str) -> ApiKey:
        """Whoever holds this token.

        Raises:
            ProblemError: it is not valid, or grants nothing here.
        """
        try:
            claims: dict[str, Any] = jwt.decode(
                text,
                self._key_of(text),
                algorithms=self._algorithms,
                audience=self._settings.oidc_audience,
                issuer=self._issuer,
                leeway=self._settings.oidc_leeway_s,
                options={"require": list(_REQUIRED)},
            )
        except (jwt.PyJWTError, RecursionError, OverflowError) as error:
            why = next((_WHY[k] for k in _WHY if isinstance(error, k)), "")
            detail = why or "it is no token, or its signature is not the issuer's"
            raise ProblemError("invalid_token", detail) from error
        return self._holder(claims)

    def _key_of(self, text: str) -> jwt.PyJWK:
        """Raises PyJWTError where no key of the issuer can have signed it."""
        header = jwt.get_unverified_header(text)
        algorithm = header.get("alg")
        if algorithm not in self._algorithms:
            raise jwt.InvalidAlgorithmError
        key_id = header.get("kid")
        found = self.keys.find(key_id)
        if found is None:
            if self.keys.may_come():
                detail = "the issuer's keys are being fetched; send it again"
                raise ProblemError("token_keys_unavailable", detail)
            raise jwt.InvalidKeyError
        return _fitting(found, algorithm)

    def _holder(self, claims: Mapping[str, Any]) -> TokenKey:
        scopes = _scopes(claims.get(self._settings.oidc_scope_claim))
        if not scopes:
            detail = f"the token grants none of {SCOPE_PREFIX}{', '.join(SCOPES)}"
            raise ProblemError("scope_missing", detail)
        role = claims.get(self._settings.oidc_role_claim)
        subject = f"{self._issuer} {claims['sub']}".encode(errors="replace")
        # the name as well: it says which person overrode or reported something
        key_id = f"oidc-{sha256(subject).hexdigest()[:24]}"
        return TokenKey(
            key_id=key_id,
            name=key_id,
            scope=min(scopes),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            expires_at=_moment(claims["exp"]),
            role=next((r for r in ROLES if r == role), None),
            customers=self._customers(claims),
            scopes=scopes,
        )

    def _customers(self, claims: Mapping[str, Any]) -> str:
        claim = self._settings.oidc_customers_claim
        if claim is None:
            return ""
        begin = claims.get(claim)
        if not isinstance(begin, str) or not begin:
            detail = "it does not say about which customers it is"
            raise ProblemError("invalid_token", detail)
        return "" if begin == EVERY_CUSTOMER else begin


def _moment(seconds: float) -> str:
    """Seconds since 1970 UTC in ISO 8601, within what can be written."""
    latest = datetime.max.replace(tzinfo=UTC).timestamp()
    return datetime.fromtimestamp(min(seconds, latest - 1.0), UTC).isoformat()


def _fitting(key: JsonWebKey, algorithm: str) -> jwt.PyJWK:
    """Raises PyJWTError where the key is for another algorithm."""
    is_of_kind = key["kty"] == _KEY_TYPE[algorithm[:2]]
    if not is_of_kind or key.get("alg", algorithm) != algorithm:
        raise jwt.InvalidKeyError
    return jwt.PyJWK(dict(key), algorithm)


def _scopes(claim: object) -> frozenset[Scope]:
    """Of a claim that is a list, or words with blanks between."""
    listed = claim.split() if isinstance(claim, str) else claim
    named = listed if isinstance(listed, list) else []
    return frozenset(one for one in SCOPES if f"{SCOPE_PREFIX}{one}" in named)
