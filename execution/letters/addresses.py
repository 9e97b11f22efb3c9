"""Where letters go: a file of the reseller's, for Forbear itself keeps no addresses."""

import csv
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from execution.errors import ExecutionError
from execution.small_csv import filled_rows
from wording.messages import LANGUAGES

# one mailbox, in any letters (RFC 6531); no header can be begun in it
_MAILBOX = re.compile(r"[^\s@,;:<>()\[\]\"\\]+@[^\W_]([\w-]*[^\W_])?(\.[\w-]+)*")
NEEDED = "customer_id", "email"


class AddressFileError(ExecutionError):
    """A file of addresses that cannot be used."""

    code = "address_file"

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file}: {why}")


class Address(NamedTuple):
    """Of one customer.

    Args:
        email: empty where there is none that can be used.
        language: one of `LANGUAGES`, or empty.
        is_unusable: the file has a row of the customer that cannot be used.
    """

    email: str
    language: str = ""
    is_unusable: bool = False


class CustomerAddresses(NamedTuple):
    """What was read. `rejected`: a line for each row that cannot be used, and why."""

    by_customer: Mapping[str, Address]
    rejected: tuple[str, ...] = ()


def read_addresses(file: Path) -> CustomerAddresses:
    """Addresses by customer, from a CSV: customer_id, email, and maybe language.

    A row that cannot be used is of its customer alone: an address that is none, an
    unknown language, or a customer who is there twice.

    Raises:
        AddressFileError: a column is missing, or it is no CSV in UTF-8.
    """
    by_customer: dict[str, Address] = {}
    rejected: list[str] = []
    try:
        for line, row in filled_rows(file, NEEDED, partial(AddressFileError, file)):
            customer_id = (row["customer_id"] or "").strip()
            why = _why_unusable(row, is_known=customer_id in by_customer)
            if why is not None:
                rejected.append(f"line {line}: {why}")
            if customer_id:
                by_customer[customer_id] = _UNUSABLE if why else _address(row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise AddressFileError(file, "write it as CSV in UTF-8") from error
    return CustomerAddresses(by_customer, tuple(rejected))


def _address(row: Mapping[str, str | None]) -> Address:
    return Address(_cell(row, "email"), _cell(row, "language"))


def _why_unusable(row: Mapping[str, str | None], *, is_known: bool) -> str | None:
    """What is wrong with a row; None: nothing."""
    email, language = _address(row)[:2]
    if not _cell(row, "customer_id"):
        return "no customer_id"
    if is_known:
        return "this customer is there twice; keep one row"
    if email and not (email.isprintable() and _MAILBOX.fullmatch(email)):
        return "that is no e-mail address"
    if language and language not in LANGUAGES:
        return f"language is one of {', '.join(LANGUAGES)}"
    return None


def _cell(row: Mapping[str, str | None], column: str) -> str:
    return (row.get(column) or "").strip()


NOWHERE = Address("")
_UNUSABLE = Address("", is_unusable=True)
