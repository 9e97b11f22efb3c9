"""pain.002: what became of the collections (pain.008) that we sent to the bank.

Only a rejection is money that failed; what the bank goes on with will be on a
statement. Facts: the message definition reports of ISO 20022, versions 02 to 14.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from xml.etree.ElementTree import Element

from importing.bank.camt import given
from importing.bank.movements import Movement, Problem, Read, Statement
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

REJECTED = "RJCT"
_GOES_ON = "ACCC ACCP ACFC ACIS ACPD ACSC ACSP ACTC ACWC ACWP PART PATC PDNG PRES RCVD"
GOES_ON = frozenset(_GOES_ON.split())
_PARTS = ("OrgnlPmtInfAndSts", "CstmrPmtStsRpt")
_WANTED = frozenset({"GrpHdr", "OrgnlMsgNmId", "GrpSts", "TxInfAndSts", *_PARTS})
_INSIDE = frozenset(
    {"OrgnlGrpInf", "OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts", "TxInfAndSts"}
)
CANCELLED = "CANC"  # taken back by us before it was booked


def read_pain(file: Path) -> Iterator[Read]:
    """The reports on single collections; row: their number in the file."""
    made, sent, group, row, n_named = None, None, None, 0, 0
    for name, element in elements(file, _WANTED, _INSIDE):
        if name == "GrpHdr":
            made = text_at(element, "CreDtTm")
        elif name == "OrgnlMsgNmId":
            sent = element.text
        elif name == "GrpSts":
            group = element.text
        elif name == "TxInfAndSts":
            row, n_named = row + 1, n_named + 1
            yield _report(row, element, made, sent)
        elif name in _PARTS:
            state = text_at(element, "PmtInfSts") or group
            if state == REJECTED and n_named == 0:
                yield Problem(
                    row + 1,
                    "TxInfAndSts",
                    "all of it was rejected, and its collections are not listed: "
                    "ask the bank for a report that lists them",
                )
            n_named = 0 if name == "OrgnlPmtInfAndSts" else n_named
            group = None if name == "OrgnlPmtInfAndSts" else group
    yield Statement(row=row, form="pain.002", account=None, made_at=moment_of(made))


def _report(row: int, element: Element, made: str | None, sent: str | None) -> Read:
    state = text_at(element, "TxSts")
    if state != REJECTED and state != CANCELLED and state not in GOES_ON:
        return Problem(row, "TxSts", f"the status {state!r} has no meaning here")
    original = child(element, "OrgnlTxRef")
    try:
        amount = amount_at(original, "Amt/InstdAmt") or amount_at(
            original, "IntrBkSttlmAmt"
        )
    except ValueError as error:
        return Problem(row, "InstdAmt", str(error))
    day = _day(element, made)
    if amount is None or day is None:
        column = "InstdAmt" if amount is None else "CreDtTm"
        return Problem(row, column, "missing: ask the bank for reports with OrgnlTxRef")
    names = ("OrgnlInstrId", "OrgnlTxId", "AcctSvcrRef")
    ids = [text for name in names if (text := given(text_at(element, name)))]
    return Movement(
        row=row,
        form="pain.002",
        account=None,
        amount=amount[0],
        currency=amount[1],
        direction="out" if (sent or "").startswith("pain.001") else "in",
        status="rejected" if state == REJECTED else "accepted",
        booked_on=day,
        method="direct_debit",
        code=state,
        reason=code_at(element, "StsRsnInf/Rsn"),
        end_to_end=given(text_at(element, "OrgnlEndToEndId")),
        ids=tuple(ids),
        serials=tuple(filter(None, [text_at(element, "AcctSvcrRef")])),
        structured=tuple(texts_at(original, "RmtInf/Strd/CdtrRefInf/Ref")),
        text=" ".join(texts_at(original, "RmtInf/Ustrd")) or None,
    )


def _day(element: Element, made: str | None) -> date | None:
    return day_of(text_at(element, "AccptncDtTm")) or day_of(made)
