"""Each customer looked at once: numbers for features and facts for rules."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.account.accounts import Accounts
from features.account.columns import FACT_NAMES, fact_values
from features.account.look_back import shortened
from features.account.standing import Standing
from features.arrays import FloatArray
from features.events import FOREVER
from features.facts import AccountFacts

if TYPE_CHECKING:
    from features.portfolio import Portfolio


class AccountTable(NamedTuple):
    """How customers stand at their moments, a row each.

    Args:
        customer_ids: (n,).
        moments: (n,) µs since 1970 UTC.
        facts: (n,) as `account_facts` has them.
        numbers: (n, facts) as `fact_table` has them.
    """

    customer_ids: list[str]
    moments: list[int]
    facts: list[AccountFacts]
    numbers: FloatArray


def looks(
    portfolio: Portfolio,
    moments: Mapping[str, Sequence[int]],
    is_wanted: Callable[[Standing], bool],
) -> AccountTable:
    """Customers in the order of their ids, each at its moments in their order.

    Args:
        portfolio: whose customers.
        moments: by customer, µs since 1970 UTC.
        is_wanted: by how a customer stands, whether there is a row.
    """
    accounts = Accounts(portfolio.settings)
    numbers = array("d")
    seen = AccountTable([], [], [], np.empty(0))
    first = min((at for each in moments.values() for at in each), default=FOREVER)
    for events in portfolio.iter_events(moments, shortened(first, portfolio.settings)):
        account = accounts.kept(events)
        for moment in moments[events.customer_id]:
            look = account.look_if(moment, is_wanted)
            if look is not None:
                standing, facts = look
                seen.customer_ids.append(events.customer_id)
                seen.moments.append(moment)
                seen.facts.append(facts)
                numbers.extend(fact_values(standing))
    shape = (len(seen.facts), len(FACT_NAMES))
    return seen._replace(numbers=np.array(numbers).reshape(shape))
