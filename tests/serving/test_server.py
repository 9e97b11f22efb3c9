"""Several processes at one address, and TLS."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from serving.listening import (
    AddressNotFreeError,
    TlsFiles,
    TlsFilesError,
    listening,
)
from tests.serving.processes import Service, running

pytestmark = pytest.mark.slow


def workers(service: Service) -> list[int]:
    """Of the processes below the supervisor those that serve."""
    pid = service.process.pid
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    named = {int(one): Path(f"/proc/{one}/cmdline").read_bytes() for one in below}
    return [one for one, line in named.items() if b"spawn_main" in line]


def test_a_killed_worker_is_started_anew_and_nothing_answered_is_lost(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    with running(tmp_path, "--workers", "2") as service:
        first = workers(service)
        assert len(first) == 2

        def score(n: int) -> str:
            for _ in range(600):
                with suppress(httpx.TransportError), service.client() as client:
                    body = {**asked, "customer_id": f"c{n}"}
                    said = client.post("/v1/score", json=body)
                    if said.status_code == 200:
                        return str(said.json()["decision_id"])
                    assert said.status_code == 503
                time.sleep(0.1)
            raise TimeoutError

        with ThreadPoolExecutor(4) as pool:
            asking = pool.map(score, range(60))
            time.sleep(0.3)
            os.kill(first[0], signal.SIGKILL)
            ids = list(asking)
        with service.client() as client:
            read = [client.get(f"/v1/decisions/{one}").status_code for one in ids]
        assert set(read) == {200}
        ends = time.monotonic() + 180
        while len(workers(service)) < 2 and time.monotonic() < ends:
            time.sleep(0.2)
        assert len(workers(service)) == 2
        service.terminate()
        assert service.process.wait(60) is not None
        assert not any(Path(f"/proc/{one}").exists() for one in first)


def test_it_speaks_tls(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    flags = "--tls-cert", str(certificate), "--tls-key", str(key)
    with running(tmp_path, *flags, scheme="https") as service:
        with service.client() as client:
            answer = client.get("/healthz")
            assert answer.status_code == 200
            assert "max-age" in answer.headers["strict-transport-security"]
        log = service.log.read_text()
        assert f"listening at https://127.0.0.1:{service.port}\n" in log
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{service.port}/healthz")


def test_what_it_cannot_listen_by_is_named_with_what_to_do(tmp_path: Path) -> None:
    """In a line each, before anything is loaded."""
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    (certificate, key), (_, other) = map(self_signed, folders)
    TlsFiles(certificate, key).require_usable()
    locked = tmp_path / "locked.pem"
    secret = serialization.load_pem_private_key(key.read_bytes(), None)
    locked.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"word"),
        )
    )
    whys = "key values mismatch", "pem lib", "pem lib"
    for wrong, why in zip((other, certificate, locked), whys, strict=True):
        told = rf"{wrong} do not fit or are no PEM \({why}\)"
        with pytest.raises(TlsFilesError, match=told):
            TlsFiles(certificate, wrong).require_usable()
    with (
        listening("127.0.0.1", 0) as taken,
        pytest.raises(AddressNotFreeError, match=r"address already in use\): end what"),
    ):
        listening(*taken.getsockname())


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = folder / "cert.pem", folder / "key.pem"
    pem = serialization.Encoding.PEM
    files[0].write_bytes(made.public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(pem, *plain))
    return files
