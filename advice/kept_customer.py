"""One customer's account and rows, kept to be looked at at more than one moment."""

from collections.abc import Sequence

from advice.advice import Row
from features.account import KeptAccount
from features.facts import AccountFacts
from features.online import KeptRows


class KeptCustomer:
    """Reads facts and features together: how the customer stands is found once.

    Later moments are cheaper than earlier ones. Not for two threads at once.

    Args:
        account: of the customer.
        rows: of the customer, with the targets whose features are read from them.
    """

    def __init__(
        self, account: KeptAccount, rows: Sequence[tuple[KeptRows, Sequence[str]]]
    ) -> None:
        self._account, self._rows = account, rows

    def look(self, moment: int) -> tuple[AccountFacts, dict[str, Row]]:
        """The customer's facts, and one row of features per target."""
        standing, facts = self._account.look(moment)
        features: dict[str, Row] = {}
        for rows, targets in self._rows:
            features |= dict.fromkeys(targets, rows.row(moment, standing))
        return facts, features
