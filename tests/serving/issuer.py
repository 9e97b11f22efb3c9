"""An identity provider for tests: keys, a discovery document, tokens."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Document = dict[str, Any]


@dataclass
class Issuer:
    """`documents` are what it serves, by path; `status` is what it answers."""

    url: str = ""
    status: int = 200
    documents: dict[str, Document] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    keys: dict[str, PrivateKey] = field(default_factory=dict)

    def make_key(self, key_id: str, *, is_rsa: bool = True) -> None:
        self.keys[key_id] = (
            rsa.generate_private_key(65_537, 2_048)
            if is_rsa
            else ec.generate_private_key(ec.SECP256R1())
        )

    def publish(self, *key_ids: str) -> None:
        """These keys, and no other, and where they are."""
        listed = [self.public(key_id) for key_id in key_ids]
        jwks_uri = f"{self.url}/keys"
        self.documents = {
            "/keys": {"keys": listed},
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": jwks_uri,
            },
        }

    def public(self, key_id: str) -> Document:
        key = self.keys[key_id]
        if isinstance(key, rsa.RSAPrivateKey):
            made = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        else:
            made = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        return {**made, "kid": key_id, "use": "sig"}

    def pem(self, key_id: str) -> bytes:
        """The public key as an attacker may know it."""
        public = self.keys[key_id].public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def token(self, key_id: str, algorithm: str = "RS256", **claims: object) -> str:
        """None as the value of a claim leaves it out."""
        now = int(time.time())
        stated: Document = {
            "iss": self.url,
            "aud": "forbear",
            "sub": "billing",
            "iat": now,
            "exp": now + 300,
            "scope": "openid forbear:score",
        }
        named = {k: v for k, v in (stated | claims).items() if v is not None}
        return jwt.encode(named, self.keys[key_id], algorithm, {"kid": key_id})


@contextmanager
def issuing() -> Iterator[Issuer]:
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            content = json.dumps(issuer.documents.get(self.path, {})).encode()
            self.send_response(issuer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as it is declared
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
