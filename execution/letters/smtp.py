"""Letters by mail server: TLS, one letter at a time, and sure of what was refused when.

Up to the last word of a mail nothing has gone out, and it may be tried again. When the
answer to the last word is missing, nobody knows: a person looks.
"""

import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Literal

from execution.errors import ExecutionError, MissingSettingError
from execution.letters.carrier import (
    EMAIL,
    Carrier,
    CarrierBusyError,
    CarrierReceipt,
    CarrierRefusedError,
    CarrierUncertainError,
    Parcel,
    mail_of,
)

Tls = Literal["starttls", "tls", "none"]
_TIMEOUT_S = 60.0
_PREFIX = "FORBEAR_SMTP_"


class BadMailSettingError(ExecutionError):
    code = "bad_mail_setting"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{_PREFIX}{name}: {why}")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How the mail server is reached.

    Args:
        sender: as the customer sees it, such as `Billing <billing@example.org>`.
        tls: `starttls`, `tls` from the first byte, or `none` on this machine alone.
        user, password: empty: the server asks for none.
    """

    host: str
    port: int
    sender: str
    tls: Tls = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "MailSettings":
        """From FORBEAR_SMTP_HOST, _PORT, _FROM, _TLS, _USER and _PASSWORD.

        Raises:
            MissingSettingError: host or sender are not set.
            BadMailSettingError: one cannot be used.
        """

        def stated(name: str) -> str:
            return environment.get(_PREFIX + name, "").strip()

        for name, what in (("HOST", "the mail server"), ("FROM", "whom mail is from")):
            if not stated(name):
                raise MissingSettingError(_PREFIX + name, what)
        tls = stated("TLS") or "starttls"
        if tls not in ("starttls", "tls", "none"):
            raise BadMailSettingError("TLS", "write starttls, tls or none")
        if tls == "none" and not _is_this_machine(stated("HOST")):
            raise BadMailSettingError("TLS", "without TLS only on this machine")
        port = stated("PORT") or {"starttls": "587", "tls": "465", "none": "25"}[tls]
        if not port.isdecimal() or not 0 < int(port) < 65_536:
            raise BadMailSettingError("PORT", "write a number, such as 587")
        if "@" not in parseaddr(stated("FROM"))[1]:
            raise BadMailSettingError("FROM", "write Name <name@example.org>")
        return cls(
            host=stated("HOST"),
            port=int(port),
            sender=stated("FROM"),
            tls=tls,  # type: ignore[arg-type]  # looked at above
            user=stated("USER"),
            password=environment.get(_PREFIX + "PASSWORD", ""),
        )


class SmtpCarrier(Carrier):
    """Hands letters to a mail server.

    Args:
        settings: how it is reached.
        trust: which certificates are good; those of the system.
    """

    name = "smtp"
    channels = frozenset({EMAIL})
    is_idempotent = False

    def __init__(
        self,
        settings: MailSettings,
        trust: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._settings, self._trust = settings, trust

    def send(self, parcel: Parcel) -> CarrierReceipt:
        content = mail_of(parcel, self._settings.sender).as_bytes()
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            raise CarrierBusyError(_told(error)) from error
        with server:
            try:
                self._address(server, parcel)
            except (OSError, smtplib.SMTPServerDisconnected) as error:
                raise CarrierBusyError(_told(error)) from error
            try:
                code, answer = server.data(content)
            except smtplib.SMTPDataError as error:  # refused before the first line
                raise _refusal(error.smtp_code, is_of_address=False) from error
            except (OSError, smtplib.SMTPException) as error:
                raise CarrierUncertainError(_told(error)) from error
            if code != 250:
                raise _refusal(code, is_of_address=False)
            return CarrierReceipt(is_out=True, stated=_words(code, answer))

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        place = settings.host, settings.port
        if settings.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                *place, timeout=_TIMEOUT_S, context=self._trust()
            )
        else:
            server = smtplib.SMTP(*place, timeout=_TIMEOUT_S)
        try:
            if settings.tls == "starttls":
                server.starttls(context=self._trust())
            if settings.user:
                server.login(settings.user, settings.password)
            server.ehlo_or_helo_if_needed()
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server

    def _address(self, server: smtplib.SMTP, parcel: Parcel) -> None:
        """Who sends to whom; the server is asked to report what becomes of it."""
        reports = server.has_extn("dsn")
        sender = parseaddr(self._settings.sender)[1]
        named = (f"ENVID={parcel.letter_id}", "RET=HDRS") if reports else ()
        code, _ = server.mail(sender, named)
        if code != 250:
            raise _refusal(code, is_of_address=False)
        wanted = ("NOTIFY=SUCCESS,FAILURE",) if reports else ()
        code, _ = server.rcpt(parcel.email, wanted)
        if code not in (250, 251):
            raise _refusal(code, is_of_address=True)


def _refusal(code: int, *, is_of_address: bool) -> ExecutionError:
    """4xx is for now, 5xx for good (RFC 5321, section 4.2.1)."""
    if 400 <= code < 500:
        return CarrierBusyError(f"SMTP {code}")
    return CarrierRefusedError(f"smtp_{code}", is_of_address=is_of_address)


def _told(error: Exception) -> str:
    """Without a server's words, which may quote an address."""
    code = getattr(error, "smtp_code", None)
    name = type(error).__name__
    return name if code is None else f"{name} {code}"


def _words(code: int, answer: bytes) -> str:
    return f"{code} {answer.decode('ascii', 'replace')}"[:500]


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
