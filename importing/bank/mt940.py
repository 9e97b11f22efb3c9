"""MT940, by the library `mt-940`: each statement line with its details on its own.

The mark says where money went: C and RD (a debit taken back) came in, D and RC went
out. Each line is handed over alone, for in a whole statement the library joins a line
without a transaction type to the next one.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from importing.bank.camt import given
from importing.bank.movements import Direction, Movement, Problem, Read, Statement
from importing.bank.values import (
    ISO_REASONS,
    METHOD_OF_GERMAN,
    RETURN_WORDS,
    RETURNED_GERMAN,
)

MARKS: dict[str, tuple[Direction, bool]] = {
    "C": ("in", False),
    "D": ("out", False),
    "RC": ("out", True),
    "RD": ("in", True),
}
_TAG = re.compile(r":(\d{2}[A-Z]?|NS):")
_ENVELOPE = re.compile(r"^\{.*\{4:|^-\}?.*$")  # of SWIFT
_REFERENCES = ("customer_reference", "bank_reference")
# banks that write the counterparty's account as the payer's reference (ASN, SNS)
_ACCOUNT_AS_REFERENCE = re.compile(r"NL\d\d(ASNB|SNSB)")
# what names the counterparty or a date stays out of the text
_TEXTS = ("extra_details", "purpose", "additional_purpose", "transaction_details")


@dataclass
class _Block:
    """One statement: its tags before the lines, each line, and its end.

    `row` is the line of its beginning, `closed` that of its last closing balance.
    """

    row: int
    closed: int | None = None
    head: list[str] = field(default_factory=list)
    lines: list[tuple[int, list[str]]] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)


def read_mt940(file: Path) -> Iterator[Read]:
    """Statement lines; row: the line of the file on which the tag stands."""
    import mt940

    # it logs its own patterns, which say nothing to who imports
    logging.getLogger("mt940").setLevel(logging.CRITICAL)
    options = mt940.Options.all()

    # a reference of more than the 16 characters that the standard allows
    long = {mt940.tags.StatementGLS.id: mt940.tags.StatementGLS()}

    def knowing(before: Mapping[str, Any], tags: Any = None) -> Any:
        """A parser that has read what a statement says before."""
        parser = mt940.models.Transactions(options=options, tags=tags)
        parser.data.update(before)
        return parser

    for block in _blocks(file):
        head = knowing({})
        try:
            head.parse("\n".join(block.head))
            whole = knowing(head.data)
            whole.parse("\n".join(block.tail))
        except (RuntimeError, ValueError, ArithmeticError) as error:
            yield Problem(block.row, ":20:", f"not MT940: {_first_line(error)}")
            continue
        currency = head.currency  # the same for all lines, and dear to ask for
        ways = [long] if _writes_accounts(head) else [None, long]
        for row, lines in block.lines:
            text = "\n".join(lines)
            for tags in ways:
                read = _line(row, whole, knowing(head.data, tags), currency, text)
                if not isinstance(read[0], Problem):
                    break
            yield from read
        yield _statement(block.closed or block.row, whole)


def _blocks(file: Path) -> Iterator[_Block]:
    """The statements, one at a time; the envelope of SWIFT is left out."""
    block: _Block | None = None
    target: list[str] = []
    with file.open("rb") as stream:
        for row, raw in enumerate(stream, 1):
            line = _decoded(raw).rstrip("\r\n")
            if line.startswith(("{", "-")):
                line = _ENVELOPE.sub("", line, count=1)
            tag = _TAG.match(line)
            if tag and tag[1] == "20":
                if block:
                    yield block
                block = _Block(row)
                target = block.head
            elif block and tag and tag[1] == "61":
                target = []
                block.lines.append((row, target))
            elif block and tag and tag[1][:2] in ("62", "64", "65"):
                target = block.tail
                if tag[1][:2] == "62":
                    block.closed = row
            if line.strip():
                target.append(line)
    if block:
        yield block


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _line(
    row: int, whole: Any, one: Any, currency: str | None, text: str
) -> list[Read]:
    try:
        [data] = [transaction.data for transaction in one.parse(text)]
        mark = MARKS[data["status"].upper()]
        amount = abs(Decimal(data["amount"].amount))
    except (RuntimeError, ValueError, ArithmeticError, KeyError) as error:
        problem = f"not a statement line: {_first_line(error)}"
        return [Problem(row, ":61:", problem)]
    german = data.get("transaction_code") or ""
    code = data.get("id") or german or None
    written = " ".join(str(data[name]) for name in _TEXTS if data.get(name))
    is_return = mark[1] or _is_return(data, mark[0], written)
    noted = f"{written} {data.get('return_debit_notes') or ''}"
    references = [given((data.get(name) or "").strip() or None) for name in _REFERENCES]
    if _writes_accounts(whole):
        references[0] = None
    movement = Movement(
        row=row,
        form="mt940",
        account=whole.data.get("account_identification"),
        amount=amount,
        currency=currency or one.currency or "",
        direction=mark[0],
        is_return=is_return,
        booked_on=_day(data.get("entry_date") or data["date"]),
        method=METHOD_OF_GERMAN.get(german) or _method(code),
        code=code,
        reason=_reason(noted) if is_return else None,
        entry=references[1],
        number=references[1],
        end_to_end=given(data.get("end_to_end_reference")),
        ids=tuple(reference for reference in references if reference),
        serials=tuple(filter(None, references[1:])),
        text=written or None,
    )
    returned = _original(data.get("original_amount")) if is_return else None
    if returned is None or not 0 < returned < amount:
        return [movement]
    # what the bank takes for it
    taken = amount - returned
    return [
        movement._replace(amount=returned),
        movement._replace(amount=taken, status="difference", is_return=False),
    ]


def _is_return(data: Any, direction: str, written: str) -> bool:
    """Whether a line gives money back, by its code or by its words."""
    german = data.get("transaction_code") or ""
    words = _first_words(data.get("transaction_details"))
    return (
        german in RETURNED_GERMAN
        or (data.get("id") or german)[1:] == "RTI"
        or "/RTRN/" in written
        or (direction == "out" and words in RETURN_WORDS)
    )


def _writes_accounts(statement: Any) -> bool:
    """Whether its bank writes the counterparty's account where a reference stands."""
    account = statement.data.get("account_identification") or ""
    return bool(_ACCOUNT_AS_REFERENCE.match(account))


def _first_words(details: str | None) -> str:
    """The first line of the bank's description."""
    return (details or "").partition("\n")[0].strip().upper()


def _original(text: str | None) -> Decimal | None:
    """The amount that was returned, without what the bank takes for it."""
    found = re.search(r"\d+(?:,\d*)?", text or "")
    return Decimal(found[0].replace(",", ".")) if found else None


def _method(code: str | None) -> str | None:
    """Of the types that SWIFT defines; others say nothing of the method."""
    types = {"TRF": "bank_transfer", "DDT": "direct_debit", "CHK": "cheque"}
    return types.get((code or "")[1:])


def _reason(text: str) -> str | None:
    """The one reason code of ISO 20022 that stands in the text as a word."""
    words = set(re.findall(r"\b[A-Z]{2}\d{2}\b", text)) & ISO_REASONS.keys()
    return words.pop() if len(words) == 1 else None


def _statement(row: int, whole: Any) -> Statement:
    data = whole.data
    opening = data.get("final_opening_balance") or data.get(
        "intermediate_opening_balance"
    )
    closing = data.get("final_closing_balance") or data.get(
        "intermediate_closing_balance"
    )
    return Statement(
        row=row,
        form="mt940",
        account=data.get("account_identification"),
        currency=whole.currency,
        closed_on=_day(closing.date) if closing else None,
        opening=Decimal(opening.amount.amount) if opening else None,
        closing=Decimal(closing.amount.amount) if closing else None,
    )


def _day(day: date) -> date:
    return date(day.year, day.month, day.day)


def _first_line(error: Exception) -> str:
    if isinstance(error, RuntimeError):  # the library's names its own objects
        return "it is cut off, or a field has another form"
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
