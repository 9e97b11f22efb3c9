"""Where the service listens, and by which certificate; refused before models load."""

import socket
from dataclasses import dataclass
from pathlib import Path

_UNREAD_ANSWER_MS = 30_000


class AddressNotFreeError(Exception):
    """Nothing can listen there: something else does, or this machine may not."""

    code = "address_not_free"

    def __init__(self, address: str, why: str) -> None:
        super().__init__(
            f"cannot listen at {address} ({why}): end what listens there, or choose"
            " another --host or --port"
        )


class TlsFilesError(Exception):
    """The certificate and the key cannot be used together."""

    code = "tls_files"

    def __init__(self, files: "TlsFiles", why: str) -> None:
        super().__init__(
            f"--tls-cert {files.certificate} and --tls-key {files.key} do not fit or"
            f" are no PEM ({why}): the first holds the certificate with its chain, the"
            " second the key it was made for, without a passphrase"
        )


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: the certificate with its chain, and the private key."""

    certificate: Path
    key: Path

    def require_usable(self) -> None:
        """Raises TlsFilesError where no connection could be answered by them."""
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:  # with an empty passphrase, else one is asked for at the terminal
            context.load_cert_chain(self.certificate, self.key, password="")
        except OSError as error:  # ssl.SSLError is one
            why = getattr(error, "reason", None) or error.strerror or str(error)
            told = str(why).partition(" (")[0].removeprefix("[SSL] ")
            raise TlsFilesError(self, told.lower().replace("_", " ")) from error


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Taken before models are loaded; uvicorn's own exit codes mean other things.

    Raises:
        AddressNotFreeError: the address is taken, or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (")[0].lower()
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise AddressNotFreeError(shown, why) from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        # a client that reads no answer, or is gone: connections inherit it
        listener.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_ANSWER_MS
        )
    return listener


def address_of(listener: socket.socket) -> str:
    """Where it listens; the port is one that the system chose where 0 was asked for."""
    host, port, *_ = listener.getsockname()
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
