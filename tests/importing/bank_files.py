"""Files of banks as tests need them; XML is valid by the schema of its message."""

import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xmlschema

from importing import SOURCES, ImportReport, ImportSettings, import_files

DATA = Path(__file__).parent / "data/bank"
INVOICES = """\
invoice_id,customer_id,event_at,due_at,amount
INV-2026-0001,acme,2026-01-05,2026-02-05,100
INV-2026-0002,acme,2026-02-05,2026-03-05,120
4711,beta,2026-01-05,2026-02-05,50
2027,beta,2026-01-05,2026-02-05,33
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry, with one transaction unless `batch` lists several."""

    amount: str
    direction: str = "CRDT"
    day: str = "2026-02-03"
    currency: str = "EUR"
    family: str = "RCDT"
    subfamily: str = "ESCT"
    is_reversal: bool = False
    status: str = "BOOK"
    reference: str = ""
    end_to_end: str = ""
    structured: str = ""
    text: str = ""
    reason: str = ""
    instructed: str = ""
    batch: tuple["Entry", ...] = ()


def iso(message: str, *entries: Entry, **said: str) -> str:
    """A statement or a notice, such as `camt.053.001.08`."""
    is_statement = message.startswith("camt.053")
    root, part = (
        ("BkToCstmrStmt", "Stmt")
        if is_statement
        else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    )
    made = said.get("made", "2026-02-04T06:00:00+01:00")
    sums = {"opening": "0", "closing": _moved(entries)} | said
    day = said.get("until", "2026-02-03")
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{sums[name].lstrip("-")}</Amt><CdtDbtInd>'
        f"{'DBIT' if sums[name].startswith('-') else 'CRDT'}</CdtDbtInd>"
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
        for code, name in (("OPBD", "opening"), ("CLBD", "closing"))
        if is_statement
    )
    account = said.get("account", "BE71096123456769")
    xml = (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{message}"><{root}>'
        f"<GrpHdr><MsgId>m1</MsgId><CreDtTm>{made}</CreDtTm></GrpHdr>"
        f"<{part}><Id>s1</Id><CreDtTm>{made}</CreDtTm>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id></Acct>{balances}"
        f"{''.join(_entry(entry, message[-2:]) for entry in entries)}"
        f"</{part}></{root}></Document>"
    )
    schema(message).validate(xml)
    return xml


def _moved(entries: Sequence[Entry]) -> str:
    cents = sum(
        round(float(e.amount) * 100) * (1 if e.direction == "CRDT" else -1)
        for e in entries
        if e.status == "BOOK"
    )
    return f"{cents / 100:.2f}"


def _entry(entry: Entry, version: str) -> str:
    state = entry.status if version == "02" else f"<Cd>{entry.status}</Cd>"
    parts = entry.batch or (entry,)
    return (
        f'<Ntry><Amt Ccy="{entry.currency}">{entry.amount}</Amt>'
        f"<CdtDbtInd>{entry.direction}</CdtDbtInd>"
        f"{'<RvslInd>true</RvslInd>' if entry.is_reversal else ''}"
        f"<Sts>{state}</Sts><BookgDt><Dt>{entry.day}</Dt></BookgDt>"
        f"{_tag('AcctSvcrRef', entry.reference)}"
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{entry.family}</Cd>"
        f"<SubFmlyCd>{entry.subfamily}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls>{''.join(_details(part, version) for part in parts)}</NtryDtls>"
        "</Ntry>"
    )


def _details(entry: Entry, version: str) -> str:
    amount = f'<Amt Ccy="{entry.currency}">{entry.amount}</Amt>'
    instructed = entry.instructed and (
        f'<InstdAmt><Amt Ccy="{entry.currency}">{entry.instructed}</Amt></InstdAmt>'
    )
    own, within = ("", f"<TxAmt>{amount}</TxAmt>")
    if version != "02":
        own, within = f"{amount}<CdtDbtInd>{entry.direction}</CdtDbtInd>", ""
    quoted = entry.structured and (
        f"<Strd><CdtrRefInf><Ref>{entry.structured}</Ref></CdtrRefInf></Strd>"
    )
    return (
        f"<TxDtls><Refs>{_tag('EndToEndId', entry.end_to_end or 'NOTPROVIDED')}</Refs>"
        f"{own}{_tag('AmtDtls', instructed + within)}"
        f"{_tag('RmtInf', _tag('Ustrd', entry.text) + quoted)}"
        f"{_tag('RtrInf', _tag('Rsn', _tag('Cd', entry.reason)))}"
        "</TxDtls>"
    )


def rejections(message: str, *entries: Entry, sent: str = "pain.008.001.02") -> str:
    """A report on collections: `status` of each, `reason`, and what it was."""
    reports = "".join(
        "<TxInfAndSts>"
        f"<OrgnlEndToEndId>{entry.end_to_end or 'NOTPROVIDED'}</OrgnlEndToEndId>"
        f"<TxSts>{entry.status}</TxSts>"
        f"{_tag('StsRsnInf', _tag('Rsn', _tag('Cd', entry.reason)))}"
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="{entry.currency}">{entry.amount}</InstdAmt>'
        f"</Amt>{_tag('RmtInf', _tag('Ustrd', entry.text))}</OrgnlTxRef></TxInfAndSts>"
        for entry in entries
    )
    xml = (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{message}"><CstmrPmtStsRpt>'
        "<GrpHdr><MsgId>m1</MsgId><CreDtTm>2026-02-03T06:00:00+01:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>o1</OrgnlMsgId><OrgnlMsgNmId>{sent}"
        "</OrgnlMsgNmId></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>p1"
        f"</OrgnlPmtInfId>{reports}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )
    schema(message).validate(xml)
    return xml


def _tag(name: str, text: str) -> str:
    return f"<{name}>{text}</{name}>" if text else ""


@cache
def schema(message: str) -> xmlschema.XMLSchema:
    """The schema that ISO 20022 publishes for a message."""
    packed = (DATA / f"xsd/{message}.xsd.gz").read_bytes()
    return xmlschema.XMLSchema(io.StringIO(gzip.decompress(packed).decode("utf-8")))


def write_portfolio(folder: Path, invoices: str = INVOICES) -> Path:
    """A portfolio that another source brought: customers and invoices."""
    folder.mkdir()
    (folder / "portfolio.yaml").write_text(
        "currency: EUR\nrates: {USD: 0.9, JPY: 0.006, KWD: 3.0}\n"
        "timezone: Europe/Brussels\n",
        "utf-8",
    )
    ids = sorted({line.split(",")[1] for line in invoices.splitlines()[1:]})
    rows = "".join(f"{customer},2025-12-01\n" for customer in ids)
    (folder / "customers.csv").write_text(f"customer_id,event_at\n{rows}", "utf-8")
    (folder / "invoices.csv").write_text(invoices, "utf-8")
    return folder


def write_billed_payment(portfolio: Path) -> None:
    """A payment that the billing system knows: 100 for the first invoice."""
    write_billed_payments(portfolio, {"2026-02-02": 100})


def write_billed_payments(
    portfolio: Path, amounts: Mapping[str, int], invoice: str | None = "INV-2026-0001"
) -> None:
    """Payments of one invoice that the billing system knows, by their day."""
    rows = [
        {
            "payment_id": f"p{nth}",
            "status": "succeeded",
            "customer_id": "acme",
            "event_at": datetime.fromisoformat(day).replace(tzinfo=UTC),
            "amount": float(amount),
            "invoice_id": invoice,
        }
        for nth, (day, amount) in enumerate(amounts.items(), 1)
    ]
    (portfolio / "payments").mkdir()
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, portfolio / "payments/billing.parquet")


def import_texts(portfolio: Path, *texts: str | bytes, **names: str) -> ImportReport:
    """Import texts, each as a file of its own; by name where the name matters."""
    named = {f"{n}.txt": text for n, text in enumerate(texts)} | {
        name.replace("_", "."): text for name, text in names.items()
    }
    files = []
    for name, text in named.items():
        file = portfolio.parent / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        files.append(file)
    return import_files(SOURCES["bank"], files, portfolio, ImportSettings())


def payments(portfolio: Path) -> list[dict[str, Any]]:
    """The rows of payments that banks told, the oldest first."""
    parts = (portfolio / "payments").glob("bank-*.parquet")
    read = [row for part in parts for row in pq.read_table(part).to_pylist()]
    order = ("pending", "failed", "succeeded", "returned", "refunded")
    told = (row for row in read if row["known_at"])  # others stand for what is left out
    return sorted(told, key=lambda row: (row["known_at"], order.index(row["status"])))


def became(portfolio: Path) -> list[tuple[str, float, str | None]]:
    """Status, amount and invoice of each payment row."""
    return [
        (row["status"], float(row["amount"]), row["invoice_id"])
        for row in payments(portfolio)
    ]
