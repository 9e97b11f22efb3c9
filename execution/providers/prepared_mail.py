"""A mail that a person sends, where a provider's API cannot be asked."""

from email.message import EmailMessage
from pathlib import Path

from execution.port import OpenedRequest, RequestText

# of an evidence pack: what was decided and why, and the hashes of all its files
ATTACHED = "evidence.pdf", "manifest.json"


def prepare_mail(
    folder: Path, text: RequestText, customer: str, name: str
) -> OpenedRequest:
    """Write `folder/name.eml`, for its owner's eyes only.

    Written twice it is the same mail. What is to be attached is named in it, and how it
    is made in its header `X-Attach`: a person looks at it before it leaves the house.
    """
    mail = EmailMessage()
    mail["Subject"] = f"{text.title} [{name}]"
    parts = [text.description, f"Customer tenant: {customer}"]
    if text.evidence_of:
        mail["X-Attach"] = f"forbear evidence {text.evidence_of} --out FOLDER"
        parts.append(f"Attached: {', '.join(ATTACHED)}.")
    mail.set_content("\n\n".join(parts) + "\n")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{name}.eml"
    unfinished = folder / f".{name}.unfinished"
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(mail.as_bytes())
    unfinished.replace(file)
    return OpenedRequest(file.name, is_draft=True)
