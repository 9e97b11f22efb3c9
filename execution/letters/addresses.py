"""Where letters go: a file of the reseller's, for Forbear itself keeps no addresses."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from execution.errors import ExecutionError
from wording.messages import LANGUAGES

# one mailbox in plain ASCII; no header can be begun in it
_MAILBOX = re.compile(r"[^\s@,;:<>()\[\]\"\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
NEEDED = "customer_id", "email"


class AddressFileError(ExecutionError):
    """A file of addresses that cannot be used."""

    code = "address_file"

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file}: {why}")


class Address(NamedTuple):
    """Of one customer. `language`: one of `LANGUAGES`, or empty."""

    email: str
    language: str = ""


def read_addresses(file: Path) -> Mapping[str, Address]:
    """Addresses by customer, from a CSV: customer_id, email, and maybe language.

    Raises:
        AddressFileError: a column is missing, a customer is there twice, an address is
            none, or a language is unknown.
    """
    by_customer: dict[str, Address] = {}
    with file.open(newline="", encoding="utf-8-sig") as rows:
        read = csv.DictReader(rows)
        if not set(NEEDED) <= set(read.fieldnames or ()):
            raise AddressFileError(file, f"the columns {', '.join(NEEDED)} are needed")
        for row in read:
            where = f"line {read.line_num}"
            customer_id = row["customer_id"] or ""
            if not customer_id or customer_id in by_customer:
                raise AddressFileError(file, f"{where}: no customer_id, or there twice")
            email = (row["email"] or "").strip()
            if email and not (email.isascii() and _MAILBOX.fullmatch(email)):
                raise AddressFileError(file, f"{where}: that is no e-mail address")
            language = (row.get("language") or "").strip()
            if language and language not in LANGUAGES:
                known = ", ".join(LANGUAGES)
                raise AddressFileError(file, f"{where}: language is one of {known}")
            by_customer[customer_id] = Address(email, language)
    return by_customer


NOWHERE = Address("")
