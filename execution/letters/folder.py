"""Letters as files that somebody sends: a mail to open, and a page to print."""

from pathlib import Path

from execution.letters.carrier import Carrier, CarrierReceipt, Parcel, mail_of


class FolderCarrier(Carrier):
    """Writes each letter as `ID.eml` and `ID.html`, for their owner's eyes only.

    Args:
        folder: made where there is none.
        sender: as the customer sees it.
    """

    name = "folder"
    channels = None
    is_idempotent = True

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder, self._sender = folder, sender

    def send(self, parcel: Parcel) -> CarrierReceipt:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mail = mail_of(parcel, self._sender).as_bytes()
        self._write(f"{parcel.letter_id}.eml", mail)
        self._write(f"{parcel.letter_id}.html", parcel.letter.print.encode())
        return CarrierReceipt(is_out=False, stated=f"{parcel.letter_id}.eml")

    def _write(self, name: str, content: bytes) -> None:
        """Whole or not at all, however often."""
        unfinished = self._folder / f".{name}.unfinished"
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        unfinished.replace(self._folder / name)
