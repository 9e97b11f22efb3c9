"""A mail that a person sends, where a provider's API cannot be asked."""

from email.message import EmailMessage
from mimetypes import guess_type
from pathlib import Path

from execution.port import OpenedRequest, RequestText

# of an evidence pack: what was decided and why, and the hashes of all its files
TO_ATTACH = "evidence.pdf", "manifest.json"
UNKNOWN = "application/octet-stream"
_NOTE = """To do before {mail} is sent (this note is for you, and stays here):

1. forbear evidence {decision} --out FOLDER
2. attach {files} of that folder to the mail
3. read the mail, and send it
"""


def prepare_mail(
    folder: Path, text: RequestText, customer: str, name: str
) -> OpenedRequest:
    """Write `folder/name.eml`, for its owner's eyes only.

    Written again it takes the place of the one before. Files of the evidence pack that
    are at hand are attached. Where none is, `folder/name.note.txt` says to the person
    who sends it what to attach and how it is made; the mail itself claims nothing.
    """
    mail = EmailMessage()
    mail["Subject"] = f"{text.title} [{name}]"
    mail.set_content(f"{text.description}\n\nCustomer tenant: {customer}\n")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{name}.eml"
    for attached, content in text.attachments:
        kind, _, detail = (guess_type(attached)[0] or UNKNOWN).partition("/")
        mail.add_attachment(content, maintype=kind, subtype=detail, filename=attached)
    if text.evidence_of and not text.attachments:
        note = _NOTE.format(
            mail=file.name, decision=text.evidence_of, files=" and ".join(TO_ATTACH)
        )
        _write(folder / f"{name}.note.txt", note.encode())
    _write(file, mail.as_bytes())
    return OpenedRequest(file.name, is_draft=True)


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(content)
    unfinished.replace(file)
