"""How letters go out, as options and environment say."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from execution.letters.carrier import Carrier
    from execution.letters.notice_values import Addresses

CARRIERS = SMTP, FOLDER, WEBHOOK = "smtp", "folder", "webhook"


def addresses_of_environment() -> "Addresses":
    """FORBEAR_PUBLIC_URL, FORBEAR_PAY_URL and FORBEAR_LINK_KEY."""
    from execution.letters.notice_values import Addresses
    from execution.letters.signed_link import LINK_KEY, LinkSigner
    from serving.safe_address import require_safe_address

    public = os.environ.get("FORBEAR_PUBLIC_URL", "").rstrip("/")
    pay = os.environ.get("FORBEAR_PAY_URL", "")
    for name, url in (("public_url", public), ("pay_url", pay)):
        if url:
            require_safe_address(name, url)
    signer = LinkSigner.of(os.environ.get(LINK_KEY))
    return Addresses(public_url=public, pay_url=pay, signer=signer)


def carrier_of(by: str, out: Path | None, stack: ExitStack) -> "Carrier":
    """What `--by` names; it is closed with `stack`."""
    from execution.letters.folder import FolderCarrier
    from execution.letters.smtp import MailSettings, SmtpCarrier, sender_of

    if by == SMTP:
        return SmtpCarrier(MailSettings.of_environment(os.environ))
    if by == FOLDER:
        if out is None:
            raise typer.BadParameter("--out: say where letters are written")
        return FolderCarrier(out, sender_of(os.environ))
    if by == WEBHOOK:
        return _webhook(stack)
    raise typer.BadParameter(f"--by: write one of {', '.join(CARRIERS)}")


def _webhook(stack: ExitStack) -> "Carrier":
    """By the environment. Raises MissingSettingError where it names no address."""
    import httpx

    from execution.errors import MissingSettingError
    from execution.letters.hook import TIMEOUT_S, WebhookCarrier
    from execution.webhook_secret import webhook_secret
    from serving.safe_address import require_safe_address

    url = os.environ.get("FORBEAR_LETTER_WEBHOOK_URL", "")
    if not url:
        raise MissingSettingError(
            "FORBEAR_LETTER_WEBHOOK_URL", "where letters are posted"
        )
    secret = webhook_secret(os.environ, "FORBEAR_LETTER_WEBHOOK_SECRET")
    require_safe_address("letter_webhook_url", url)
    client = stack.enter_context(httpx.Client(timeout=TIMEOUT_S))
    return WebhookCarrier(client, url, secret)
