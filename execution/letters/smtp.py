"""Letters by mail server: TLS, one letter at a time, and sure of what was refused when.

Up to the last word of a mail nothing has gone out, and it may be tried again. When the
answer to the last word is missing, nobody knows: a person looks.
"""

import smtplib
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
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
# of one answer, and of all before the last ones: less than the lease of who sends it
_TIMEOUT_S, _DEADLINE_S = 60.0, 240.0
_PREFIX = "FORBEAR_SMTP_"


class BadMailSettingError(ExecutionError):
    """A setting of the mail server that cannot be used."""

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

        if not stated("HOST"):
            raise MissingSettingError(_PREFIX + "HOST", "the mail server")
        sender = sender_of(environment)
        tls = stated("TLS") or "starttls"
        if tls not in ("starttls", "tls", "none"):
            raise BadMailSettingError("TLS", "write starttls, tls or none")
        if tls == "none" and not _is_this_machine(stated("HOST")):
            raise BadMailSettingError("TLS", "without TLS only on this machine")
        port = stated("PORT") or {"starttls": "587", "tls": "465", "none": "25"}[tls]
        if not port.isdecimal() or not 0 < int(port) < 65_536:
            raise BadMailSettingError("PORT", "write a number, such as 587")
        return cls(
            host=stated("HOST"),
            port=int(port),
            sender=sender,
            tls=tls,  # type: ignore[arg-type]  # looked at above
            user=stated("USER"),
            password=environment.get(_PREFIX + "PASSWORD", ""),
        )


def sender_of(environment: Mapping[str, str]) -> str:
    """Whom mail is from, FORBEAR_SMTP_FROM: `Name <name@example.org>`.

    Raises:
        MissingSettingError: it is not set.
        BadMailSettingError: it holds no address that every mail server takes.
    """
    sender = environment.get(_PREFIX + "FROM", "").strip()
    if not sender:
        raise MissingSettingError(_PREFIX + "FROM", "whom mail is from")
    address = parseaddr(sender)[1]
    if "@" not in address:
        raise BadMailSettingError("FROM", "write Name <name@example.org>")
    if not address.isascii():
        raise BadMailSettingError("FROM", "write the address in ASCII (xn--…)")
    return sender


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
        ends_s = time.monotonic() + _DEADLINE_S
        try:
            server = self._connected(ends_s)
        except (OSError, smtplib.SMTPException) as error:
            raise CarrierBusyError(_told(error)) from error
        try:
            return self._hand_over(server, parcel, content, ends_s)
        finally:  # what the server says to the farewell changes nothing
            with suppress(OSError, smtplib.SMTPException):
                _limit(server, ends_s)
                server.quit()
            server.close()

    def _hand_over(
        self, server: smtplib.SMTP, parcel: Parcel, content: bytes, ends_s: float
    ) -> CarrierReceipt:
        try:
            self._address(server, parcel)
            _limit(server, ends_s)
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

    def _connected(self, ends_s: float) -> smtplib.SMTP:
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
                _limit(server, ends_s)
                server.login(settings.user, settings.password)
            _limit(server, ends_s)
            server.ehlo_or_helo_if_needed()
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server

    def _address(self, server: smtplib.SMTP, parcel: Parcel) -> None:
        """Who sends to whom; the server is asked to report what becomes of it.

        Raises:
            CarrierRefusedError: one is refused, or the address needs RFC 6531 and the
                server does not offer it.
        """
        reports = server.has_extn("dsn")
        sender = parseaddr(self._settings.sender)[1]
        named = [f"ENVID={parcel.letter_id}", "RET=HDRS"] if reports else []
        if not parcel.email.isascii():
            if not server.has_extn("smtputf8"):
                raise CarrierRefusedError("address_not_ascii", is_of_address=False)
            named += ["BODY=8BITMIME", "SMTPUTF8"]
        code, _ = server.mail(sender, named)
        if code != 250:
            raise _refusal(code, is_of_address=False)
        wanted = ("NOTIFY=SUCCESS,FAILURE",) if reports else ()
        code, _ = server.rcpt(parcel.email, wanted)
        if code not in (250, 251):
            raise _refusal(code, is_of_address=True)


def _limit(server: smtplib.SMTP, ends_s: float) -> None:
    """Before each step: it waits no longer than all of them may.

    Raises:
        TimeoutError: that time is over.
    """
    left_s = ends_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    if server.sock is not None:
        server.sock.settimeout(min(_TIMEOUT_S, left_s))


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
