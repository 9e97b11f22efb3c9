"""camt.053 and camt.054: the bank's statement, and its notice of single bookings.

Versions 02 to 14 differ in where a status stands and in what a transaction says of its
own amount; both forms are read. Facts: the message definition reports of ISO 20022.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from xml.etree.ElementTree import Element

from importing.bank.movements import Direction, Movement, Problem, Read, Statement
from importing.bank.values import (
    METHOD_OF_FAMILY,
    METHOD_OF_GERMAN,
    RETURNED_GERMAN,
    RETURNED_SUBFAMILIES,
)
from importing.bank.xml_files import (
    amount_at,
    child,
    code_at,
    day_of,
    elements,
    moment_of,
    text_at,
    texts_at,
)

DIRECTIONS: dict[str, Direction] = {"CRDT": "in", "DBIT": "out"}
_STATES = {"BOOK": "booked", "PDNG": "pending", "FUTR": "pending", "INFO": "apart"}
_PARTS = ("Stmt", "Ntfctn", "Rpt")
_WANTED = frozenset({"CreDtTm", "Acct", "Bal", "TxDtls", "Ntry", *_PARTS})
_INSIDE = frozenset({"GrpHdr", "Ntry", "NtryDtls", *_PARTS})
_NO_REFERENCE = {"NOTPROVIDED", "NONREF", "NOTAVAILABLE"}


@dataclass
class _Account:
    """What stands before the entries of one statement."""

    form: str
    name: str | None = None
    currency: str | None = None
    opening: Decimal | None = None
    closing: Decimal | None = None
    closing_day: str | None = None


@dataclass
class _Details:
    """The transactions of the entry that is being read."""

    amounts: list[tuple[Decimal, str] | None] = field(default_factory=list)
    booked: list[tuple[Decimal, str] | None] = field(default_factory=list)
    returned: list[tuple[Decimal, str] | None] = field(default_factory=list)
    facts: list[dict[str, object]] = field(default_factory=list)


def read_camt(file: Path, form: str) -> Iterator[Read]:
    """Entries, or the transactions that they list; row: number of the entry."""
    account, details, made, row = _Account(form), _Details(), None, 0
    for name, element in elements(file, _WANTED, _INSIDE):
        if name == "CreDtTm":
            made = element.text
        elif name == "Acct":
            account = _account(element, form)
        elif name == "Bal":
            _take_balance(account, element)
        elif name == "TxDtls":
            _take_details(details, element)
        elif name == "Ntry":
            row += 1
            yield from _entry(row, account, element, details)
            details = _Details()
        elif name in _PARTS:
            yield _statement(row, account, element, made)


def _account(element: Element, form: str) -> _Account:
    name = text_at(element, "Id/IBAN") or text_at(element, "Id/Othr/Id")
    return _Account(form, name, text_at(element, "Ccy"))


def _take_balance(account: _Account, element: Element) -> None:
    code = text_at(element, "Tp/CdOrPrtry/Cd")
    try:
        amount = amount_at(element, "Amt")
    except ValueError:
        return  # then the entries are compared with nothing
    if amount is None:
        return
    is_owed = text_at(element, "CdtDbtInd") == "DBIT"
    signed = -amount[0] if is_owed else amount[0]
    account.currency = account.currency or amount[1]
    if code in ("OPBD", "PRCD"):
        account.opening = signed
    elif code == "CLBD":
        account.closing = signed
        account.closing_day = text_at(element, "Dt/Dt") or text_at(element, "Dt/DtTm")


def _statement(
    row: int, account: _Account, element: Element, made: str | None
) -> Statement:
    until = text_at(element, "FrToDt/ToDtTm")
    return Statement(
        row=row,
        form=account.form,
        account=account.name,
        currency=account.currency,
        made_at=moment_of(made),
        closed_on=day_of(account.closing_day) or day_of(until) or day_of(made),
        opening=account.opening,
        closing=account.closing,
    )


def _entry(
    row: int, account: _Account, entry: Element, details: _Details
) -> Iterator[Read]:
    try:
        amount = amount_at(entry, "Amt")
    except ValueError as error:
        yield Problem(row, "Amt", str(error))
        return
    direction = DIRECTIONS.get(text_at(entry, "CdtDbtInd") or "")
    state = text_at(entry, "Sts/Cd") or text_at(entry, "Sts") or "BOOK"
    moment = text_at(entry, "BookgDt/DtTm")
    day = day_of(text_at(entry, "BookgDt/Dt") or moment or text_at(entry, "ValDt/Dt"))
    for column, value in (("Amt", amount), ("CdtDbtInd", direction), ("BookgDt", day)):
        if value is None:
            yield Problem(row, column, "missing, or not as ISO 20022 writes it")
            return
    if state not in _STATES:
        yield Problem(row, "Sts", f"the status {state!r} has no meaning here")
        return
    whole: dict[str, object] = {
        "row": row,
        "form": account.form,
        "account": account.name,
        "direction": direction,
        "status": _STATES[state],
        "booked_on": day,
        # midnight is how some banks write a plain day
        "booked_at": None if "T00:00:00" in (moment or "") else moment_of(moment),
        "entry": text_at(entry, "AcctSvcrRef") or text_at(entry, "NtryRef"),
        "number": text_at(entry, "AcctSvcrRef"),
        "is_return": text_at(entry, "RvslInd") in ("true", "1"),
        **_kind(entry),
    }
    assert amount is not None  # noqa: S101  for mypy: looked at above
    yield from _parts(whole, amount, details, text_at(entry, "AddtlNtryInf"))


def _parts(
    whole: dict[str, object],
    amount: tuple[Decimal, str],
    details: _Details,
    text: str | None,
) -> Iterator[Movement]:
    """The entry, or its transactions where all of a batch say their amounts."""
    if not details.facts:
        yield _made(whole | {"text": text, "ids": ()}, amount)
    elif len(details.facts) == 1:
        yield from _single(_joined(whole, details.facts[0], text), amount, details)
    elif any(part is None or part[1] != amount[1] for part in details.amounts):
        yield _made(whole | {"text": text, "is_whole": True}, amount)
    else:
        total = Decimal(0)
        for part, facts in zip(details.amounts, details.facts, strict=True):
            assert part is not None  # noqa: S101  for mypy: looked at above
            one = _made(_joined(whole, facts, None), part)
            total += part[0] if one.direction == whole["direction"] else -part[0]
            yield one
        if rest := amount[0] - total:
            yield _rest(whole, rest, amount[1])


def _single(
    facts: dict[str, object], amount: tuple[Decimal, str], details: _Details
) -> Iterator[Movement]:
    """Booked in the account's currency, which the transaction's own need not be.

    What a bank takes for a return may be in the entry's amount: it is no part of what
    the customer had paid. As in a batch the transaction's own amount counts, and what
    the entry is more or less is a difference.
    """
    returned, booked = details.returned[0], details.booked[0]
    part = amount
    if facts["is_return"] and returned and returned[0] < amount[0]:
        part = returned if returned[1] == amount[1] else amount
    elif booked and booked[0] > 0:
        part = booked if booked[1] == amount[1] else amount
    yield _made(facts, part)
    if rest := amount[0] - part[0]:
        yield _rest(facts, rest, amount[1])


def _rest(whole: dict[str, object], rest: Decimal, currency: str) -> Movement:
    other: Direction = "out" if whole["direction"] == "in" else "in"
    direction = whole["direction"] if rest > 0 else other
    facts = whole | {"status": "difference", "direction": direction, "is_return": False}
    return _made(facts, (abs(rest), currency))


def _made(facts: dict[str, object], amount: tuple[Decimal, str]) -> Movement:
    return Movement(amount=amount[0], currency=amount[1], **facts)  # type: ignore[arg-type]


def _joined(
    whole: dict[str, object], facts: dict[str, object], text: str | None
) -> dict[str, object]:
    """What a transaction says goes before what its entry says."""
    said = {name: value for name, value in facts.items() if value is not None}
    is_return = bool(whole["is_return"]) or bool(facts["is_return"])
    joined = whole | said | {"is_return": is_return}
    return joined if joined.get("text") else joined | {"text": text}


def _take_details(details: _Details, element: Element) -> None:
    own = [_amount(element, path) for path in ("Amt", "AmtDtls/TxAmt/Amt")]
    instructed = _amount(element, "AmtDtls/InstdAmt/Amt")
    details.booked.append(own[0] or own[1])
    details.amounts.append(own[0] or own[1] or instructed)
    details.returned.append(instructed)
    details.facts.append(_facts(element))


def _amount(element: Element, path: str) -> tuple[Decimal, str] | None:
    try:
        return amount_at(element, path)
    except ValueError:
        return None


def _facts(element: Element) -> dict[str, object]:
    references = child(element, "Refs")
    reason = code_at(element, "RtrInf/Rsn")
    kind = _kind(element)
    ids = [
        text
        for name in ("AcctSvcrRef", "TxId", "InstrId", "ClrSysRef", "MndtId")
        if (text := given(text_at(references, name)))
    ]
    remittance = child(element, "RmtInf")
    quoted, added = [], []
    if child(remittance, "Strd") is not None:
        quoted = [
            *texts_at(remittance, "Strd/CdtrRefInf/Ref"),
            *texts_at(remittance, "Strd/RfrdDocInf/Nb"),
        ]
        added = texts_at(remittance, "Strd/AddtlRmtInf")
    written = [
        *texts_at(remittance, "Ustrd"),
        *added,
        *texts_at(element, "AddtlTxInf"),
    ]
    return {
        **{name: value for name, value in kind.items() if value},
        "direction": DIRECTIONS.get(text_at(element, "CdtDbtInd") or ""),
        "is_return": bool(kind.get("is_return"))
        or child(element, "RtrInf") is not None,
        "reason": reason,
        "end_to_end": given(text_at(references, "EndToEndId")),
        "ids": tuple(ids),
        "serials": tuple(filter(None, [text_at(references, "AcctSvcrRef")])),
        "structured": tuple(quoted),
        "text": " ".join(written) or None,
    }


def given(reference: str | None) -> str | None:
    """A reference, unless it is one of the words that say there is none."""
    return None if (reference or "").upper() in _NO_REFERENCE else reference


def _kind(element: Element) -> dict[str, object]:
    """Code, method and whether it is a return, of the bank transaction code.

    Without a code nothing is said; a code of the bank's own is kept, and read where it
    is that of German banks (`NTRF+166+…`).
    """
    code = child(element, "BkTxCd")
    if code is None:
        return {}
    family = text_at(code, "Domn/Fmly/Cd")
    subfamily = text_at(code, "Domn/Fmly/SubFmlyCd")
    own = text_at(code, "Prtry/Cd")
    german = next((p for p in re.split(r"\+", own or "") if len(p) == 3), "")
    kind: dict[str, object] = {}
    if family or own:
        kind["code"] = "/".join(filter(None, (family, subfamily))) or own
    if method := METHOD_OF_FAMILY.get(family or "") or METHOD_OF_GERMAN.get(german):
        kind["method"] = method
    if subfamily in RETURNED_SUBFAMILIES or german in RETURNED_GERMAN:
        kind["is_return"] = True
    return kind
