"""A mail that a person sends, where a provider's API cannot be asked."""

from email.message import EmailMessage
from pathlib import Path

from execution.port import OpenedRequest, RequestText


def prepare_mail(
    folder: Path, text: RequestText, customer: str, name: str
) -> OpenedRequest:
    """Write `folder/name.eml`, for its owner's eyes only.

    Written twice it is the same mail.
    """
    mail = EmailMessage()
    mail["Subject"] = f"{text.title} [{name}]"
    mail.set_content(f"{text.description}\n\nCustomer tenant: {customer}\n")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{name}.eml"
    unfinished = folder / f".{name}.unfinished"
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(mail.as_bytes())
    unfinished.replace(file)
    return OpenedRequest(file.name, is_draft=True)
