"""What people take from a portfolio run: the list of the day, and notices to send."""

from advice.lists.daily import COLUMNS, MEANING
from advice.lists.long import first_of_list, long_list
from advice.lists.notices import CONTACT_COLUMNS, notices_due
from advice.lists.sheets import (
    as_text_cell,
    csv_beside,
    write_csv,
    write_table,
    write_workbook,
)
from advice.lists.what_to_add import IN_GENERAL, NO_DECISION, WITHHELD

__all__ = [
    "COLUMNS",
    "CONTACT_COLUMNS",
    "IN_GENERAL",
    "MEANING",
    "NO_DECISION",
    "WITHHELD",
    "as_text_cell",
    "csv_beside",
    "first_of_list",
    "long_list",
    "notices_due",
    "write_csv",
    "write_table",
    "write_workbook",
]
