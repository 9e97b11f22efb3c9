"""Links nobody else can make, mail servers as they are set, and what they report."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from smtplib import SMTP
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from execution.errors import MissingSettingError
from execution.letters.addresses import AddressFileError, read_addresses
from execution.letters.carrier import CarrierBusyError, Parcel
from execution.letters.delivery_reports import read_reports, report_of
from execution.letters.signed_link import BadLinkKeyError, LinkSigner
from execution.letters.smtp import BadMailSettingError, MailSettings, SmtpCarrier
from features.moments import microseconds
from tests.execution.letters.conftest import Mailbox, mail_server, mail_settings
from wording.letters import Letter

LETTER_ID = "l" + "0123456789abcdef0123456789abcde"
NOW = 1_782_000_000_000_000
PARCEL = Parcel(
    LETTER_ID,
    "acme",
    "email",
    "acme@customer.example",
    Letter("fr", "Rappel : échu", "texte", "<p>texte</p>", "<p>texte</p>"),
    NOW,
)


def test_a_link_is_good_until_it_ends_and_for_its_letter_alone() -> None:
    signer = LinkSigner(["k" * 32])
    token = signer.token(LETTER_ID, NOW + 10_000_000)
    assert signer.letter_id(token, NOW + 9_999_999) == LETTER_ID
    assert signer.letter_id(token, NOW + 10_000_000) is None
    longer = token.replace(f"{(NOW + 10_000_000) // 1_000_000:x}", "ffffffff")
    assert signer.letter_id(longer, NOW) is None
    assert LinkSigner(["j" * 32]).letter_id(token, NOW) is None
    # a key that is being replaced is good as well
    assert LinkSigner(["j" * 32, "k" * 32]).letter_id(token, NOW) == LETTER_ID


@given(st.text(max_size=90))
def test_no_text_is_a_link_by_chance(text: str) -> None:
    assert LinkSigner(["k" * 32]).letter_id(text, 0) is None


@given(st.integers(0, 87), st.sampled_from("0aAzZ_-."))
def test_a_link_that_was_changed_is_none(place: int, sign: str) -> None:
    signer = LinkSigner(["k" * 32])
    token = signer.token(LETTER_ID, NOW + 10_000_000)
    at = min(place, len(token) - 1)
    changed = token[:at] + sign + token[at + 1 :]
    is_same = changed == token
    assert (signer.letter_id(changed, NOW) is not None) is is_same


@pytest.mark.parametrize("keys", [[], ["short"], ["k" * 32, "short"], ["k" * 32] * 4])
def test_a_key_that_could_be_guessed_is_refused(keys: list[str]) -> None:
    with pytest.raises(BadLinkKeyError):
        LinkSigner(keys)


MAIL = {"FORBEAR_SMTP_HOST": "mail.example", "FORBEAR_SMTP_FROM": "a@b.example"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"HOST": ""}, MissingSettingError),
        ({"FROM": ""}, MissingSettingError),
        ({"FROM": "nobody"}, BadMailSettingError),
        ({"TLS": "maybe"}, BadMailSettingError),
        ({"TLS": "none"}, BadMailSettingError),
        ({"PORT": "0"}, BadMailSettingError),
        ({"PORT": "mail"}, BadMailSettingError),
    ],
)
def test_mail_settings_that_cannot_be(
    changes: dict[str, str], error: type[Exception]
) -> None:
    stated = MAIL | {f"FORBEAR_SMTP_{name}": text for name, text in changes.items()}
    with pytest.raises(error):
        MailSettings.of_environment(stated)


def test_mail_settings_encrypt_unless_it_is_this_machine() -> None:
    usual = MailSettings.of_environment(MAIL)
    assert (usual.tls, usual.port) == ("starttls", 587)
    plain = MAIL | {"FORBEAR_SMTP_TLS": "none", "FORBEAR_SMTP_HOST": "127.0.0.1"}
    assert MailSettings.of_environment(plain).port == 25
    secret = MailSettings.of_environment(MAIL | {"FORBEAR_SMTP_PASSWORD": "hush"})
    assert "hush" not in repr(secret)


def a_certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server of 127.0.0.1, and of who trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "both.pem").write_bytes(private + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    trust = ssl.create_default_context(cadata=pem.decode())
    return server, trust


def test_a_mail_server_is_spoken_to_encrypted(tmp_path: Path) -> None:
    server, trust = a_certificate(tmp_path)
    mailbox = Mailbox()
    with mail_server(mailbox, tls_context=server, require_starttls=True) as port:
        settings = mail_settings(port, host="localhost", tls="starttls")
        SmtpCarrier(settings, lambda: trust).send(PARCEL)
        with pytest.raises(CarrierBusyError, match="SSL"):  # whom nobody vouches for
            SmtpCarrier(settings).send(PARCEL)
    [mail] = mailbox.mails
    assert mail["Subject"] == "Rappel : échu"
    assert mail["Message-ID"] == f"<{LETTER_ID}@reseller.example>"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_nobody_there_is_asked_again() -> None:
    with pytest.raises(CarrierBusyError):
        SmtpCarrier(mail_settings(9)).send(PARCEL)


def test_a_server_that_reports_is_asked_to() -> None:
    asked: list[Any] = []

    class Reporting:
        def has_extn(self, name: str) -> bool:
            return name == "dsn"

        def mail(self, sender: str, options: tuple[str, ...]) -> tuple[int, bytes]:
            asked.append((sender, *options))
            return 250, b""

        rcpt = mail

    server = cast("SMTP", Reporting())
    SmtpCarrier(mail_settings(25))._address(server, PARCEL)
    assert asked == [
        ("billing@reseller.example", f"ENVID={LETTER_ID}", "RET=HDRS"),
        ("acme@customer.example", "NOTIFY=SUCCESS,FAILURE"),
    ]


def a_report(action: str, envelope: str = "", returned: str = "") -> bytes:
    """As RFC 3464 shows them in its appendix."""
    named = f"Original-Envelope-Id: {envelope}\n" if envelope else ""
    third = (
        f"--b\nContent-Type: text/rfc822-headers\n\n{returned}\n" if returned else ""
    )
    return (
        "From: MAILER-DAEMON@mx.example\nTo: billing@reseller.example\n"
        "Date: Fri, 08 Jul 2026 10:00:00 +0200\nMIME-Version: 1.0\n"
        "Subject: Undelivered Mail Returned to Sender\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nSorry.\n"
        "--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example\n{named}\n"
        f"Final-Recipient: rfc822; acme@customer.example\nAction: {action}\n"
        f"Status: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n\n{third}--b--\n"
    ).encode()


FILE = Path("report.eml")


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (a_report("failed", LETTER_ID), "bounced"),
        (a_report("Delivered", LETTER_ID), "delivered"),
        (
            a_report("failed", returned=f"Message-ID: <{LETTER_ID}@reseller.example>"),
            "bounced",
        ),
        (a_report("failed", returned=f"X-Forbear-Letter: {LETTER_ID}"), "bounced"),
    ],
    ids=["returned", "delivered", "by message id", "by our own header"],
)
def test_a_report_of_a_mail_server(content: bytes, state: str) -> None:
    report = report_of(content, FILE)
    assert report is not None
    assert (report.letter_id, report.state, report.status) == (
        LETTER_ID,
        state,
        "5.1.1",
    )
    assert report.at == microseconds(datetime(2026, 7, 8, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    "content",
    [
        a_report("delayed", LETTER_ID),
        a_report("relayed", LETTER_ID),
        a_report("failed"),
        b"From: somebody\n\nhello",
        b"",
        b"\xff\xfe\x00 no mail at all",
    ],
    ids=["delayed", "relayed", "not ours", "mail", "empty", "no mail"],
)
def test_other_messages_say_nothing(content: bytes) -> None:
    assert report_of(content, FILE) is None


def test_a_maildir_is_read_with_its_folders(tmp_path: Path) -> None:
    for name in ("new", "cur"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1").write_bytes(a_report("failed", LETTER_ID))
    assert [one.file.parent.name for one in read_reports(tmp_path)] == ["cur", "new"]


@given(st.binary(max_size=300))
def test_no_message_breaks_the_reading(content: bytes) -> None:
    report_of(content, FILE)
    report_of(a_report("failed", LETTER_ID)[:-40] + content, FILE)


def test_addresses_by_customer(tmp_path: Path) -> None:
    file = tmp_path / "addresses.csv"
    file.write_text(
        "customer_id,email,language\nacme,a@b.example,fr\nbrix,,\n,,\n"
    )  # and a line that a spreadsheet left
    read, rejected = read_addresses(file)
    assert rejected == ()
    assert (read["acme"].email, read["acme"].language) == ("a@b.example", "fr")
    assert read["brix"].email == ""


@pytest.mark.parametrize(
    "rows",
    [
        "acme,a@b.example,en\nacme,a@b.example,en\n",
        'acme,"a@b.example\nBcc: x@y.example",en\n',
        "acme,a@b.example>,en\n",
        "acme,a\0@b.example,en\n",
        "acme,a@-b.example,en\n",
        "acme,a@b.example,xx\n",
    ],
)
def test_a_row_that_cannot_be_used_is_of_its_customer_alone(
    tmp_path: Path, rows: str
) -> None:
    file = tmp_path / "addresses.csv"
    rows = f"customer_id,email,language\n{rows},a@b.example,\nbrix,mö@b.example,de\n"
    file.write_text(rows, encoding="utf-8")
    read, rejected = read_addresses(file)
    assert len(rejected) == 2
    assert (read["acme"].email, read["acme"].is_unusable) == ("", True)
    assert read["brix"].email == "mö@b.example"


@pytest.mark.parametrize(
    "content", [b"customer_id,mail\nacme,a@b.example\n", b"customer_id,email\na,\xfc@b"]
)
def test_a_file_that_holds_no_addresses(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "addresses.csv"
    file.write_bytes(content)
    with pytest.raises(AddressFileError):
        read_addresses(file)
