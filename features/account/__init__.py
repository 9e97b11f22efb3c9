"""Account facts: what a customer owes, contests and promised, as of a moment.

One kernel, three doors: `account_facts` for people and policies, `fact_row` for the
online compiler, `fact_table` for many snapshots. CONTRACT section 2 is the law.
"""

from features.account.columns import FACT_COLUMNS, FACT_NAMES, FactColumn
from features.account.facts import account_facts
from features.account.table import fact_row, fact_table

__all__ = [
    "FACT_COLUMNS",
    "FACT_NAMES",
    "FactColumn",
    "account_facts",
    "fact_row",
    "fact_table",
]
