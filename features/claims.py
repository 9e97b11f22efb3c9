"""For the ledger: a credit note and a lost dispute about the same money count once."""

from collections.abc import Mapping


class Claims:
    """What disputes contested when they opened, and what notes and losses match."""

    __slots__ = ("_contested", "_granted", "_notes")

    def __init__(self) -> None:
        self._contested: dict[str, Mapping[str, int]] = {}  # by dispute, then invoice
        self._notes: dict[str, list[list[int]]] = {}  # by invoice: moment, unmatched
        self._granted: dict[str, int] = {}  # by invoice: lost, no note has matched it

    def open(self, dispute_id: str, contested: Mapping[str, int]) -> None:
        """A dispute that will be lost begins; `contested` is by invoice."""
        self._contested[dispute_id] = contested

    def close(self, dispute_id: str) -> Mapping[str, int]:
        """What a dispute that is lost now contested when it began, by invoice."""
        return self._contested.pop(dispute_id, {})

    def note(self, invoice_id: str, at: int, money: int) -> int:
        """A credit note; returns what of it a lost dispute has credited already."""
        granted = self._granted.get(invoice_id, 0)
        matched = min(money, granted)
        if matched:
            self._granted[invoice_id] = granted - matched
        self._notes.setdefault(invoice_id, []).append([at, money - matched])
        return matched

    def noted(self, invoice_id: str, since: int, most: int) -> int:
        """What credit notes of an invoice after `since` match; each counts once."""
        matched = 0
        for note in self._notes.get(invoice_id, ()):
            if note[0] > since:
                part = min(note[1], most - matched)
                note[1] -= part
                matched += part
        return matched

    def grant(self, invoice_id: str, money: int) -> None:
        """What a lost dispute credited, for later notes to match."""
        self._granted[invoice_id] = self._granted.get(invoice_id, 0) + money
