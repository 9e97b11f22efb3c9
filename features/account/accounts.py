"""Accounts of one portfolio: what its settings say is worked out once."""

from collections.abc import Callable

from features.account.account import Account
from features.account.facts import facts_at, facts_of, standing_at
from features.account.history import account_columns, history_of
from features.account.standing import Rules, Standing
from features.account.stops import Stops
from features.account.values import KnownTables
from features.events import Events
from features.facts import AccountFacts
from features.settings import PortfolioSettings


class KeptAccount:
    """One customer's account, kept to be looked at more than once.

    Later moments are cheaper than earlier ones. Not for two threads at once.
    """

    def __init__(self, events: Events, account: Account) -> None:
        self._known, self._account = KnownTables(events), account
        self._stops = Stops(events, account)

    def look(self, as_of: int) -> tuple[Standing, AccountFacts]:
        """The standing at `as_of` and the same as `account_facts` has it."""
        return facts_at(as_of, self._known, self._account, self._stops)

    def look_if(
        self, as_of: int, is_wanted: Callable[[Standing], bool]
    ) -> tuple[Standing, AccountFacts] | None:
        """As `look`; None, for part of the price, where the standing is not wanted."""
        known, stops = self._known, self._stops
        standing, done = standing_at(as_of, known, self._account, stops)
        if not is_wanted(standing):
            return None
        return standing, facts_of(standing, known, stops, done)


class Accounts:
    """How customers stand, one after the other, and their facts.

    A standing is dear and serves twice: the online compiler reads numbers from it, and
    facts are the same in the words of policies.
    """

    def __init__(self, settings: PortfolioSettings) -> None:
        self._rules = Rules(settings)
        self._columns = account_columns(settings)

    def standing(self, events: Events, as_of: int) -> Standing:
        """How the customer stands, by what was known at `as_of` (µs since 1970)."""
        account = Account(history_of(events, self._columns), self._rules)
        return account.at(as_of)

    def kept(self, events: Events) -> KeptAccount:
        """The account of these rows, for several moments."""
        account = Account(history_of(events, self._columns), self._rules)
        return KeptAccount(events, account)
