"""Account facts, computed: what a customer owes, contests and promised, as of a moment.

One kernel: `account_facts` for people and policies (`facts_over_time` for many
moments), `fact_row` for one customer's numbers, `fact_table` for those of many
snapshots, `looks` both at once. `Accounts` gives one standing to compiler and policy
alike. CONTRACT section 2 is the law.
"""

from features.account.accounts import Accounts, KeptAccount
from features.account.columns import (
    FACT_COLUMNS,
    FACT_NAMES,
    FactColumn,
    fact_values,
)
from features.account.facts import account_facts, facts_over_time
from features.account.look_back import shortened
from features.account.looks import AccountTable, looks
from features.account.table import (
    PassingFacts,
    debt_table,
    fact_numbers,
    fact_row,
    fact_table,
    snapshot_keys,
)

__all__ = [
    "FACT_COLUMNS",
    "FACT_NAMES",
    "AccountTable",
    "Accounts",
    "FactColumn",
    "KeptAccount",
    "PassingFacts",
    "account_facts",
    "debt_table",
    "fact_numbers",
    "fact_row",
    "fact_table",
    "fact_values",
    "facts_over_time",
    "looks",
    "shortened",
    "snapshot_keys",
]
