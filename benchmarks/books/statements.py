"""Books of banks: statements that pay invoices that are there, and returns."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from xml.etree.ElementTree import Element

from benchmarks.books import Book, duckdb_copies
from tests.importing.bank_files import write_portfolio

PAYMENTS_PER_CUSTOMER = 20
Entry = tuple[str | None, ...]
_DETAILS = ("NtryDtls", "TxDtls")
_PATHS = (
    *(("Amt",), ("CdtDbtInd",), ("BookgDt", "Dt"), ("AcctSvcrRef",)),
    *((*_DETAILS, "Refs", "EndToEndId"), (*_DETAILS, "RmtInf", "Ustrd")),
)
_FIELDS = "l[1:1] AS kind, l[4:6] AS reason, l[30:39] AS cents, l[40:54] AS id"
_LINES = "columns = {'l': 'VARCHAR'}, header = false, delim = chr(1)"
ROUTING = 23138010
SENT_BACK = 50  # of so many Nacha returns one names no invoice


def camt(folder: Path, rows: int) -> Book:
    """One camt.053 statement; against `xml.etree`, and DuckDB that writes the rows."""
    file = folder / "statement.xml"
    with file.open("w", encoding="utf-8") as out:
        out.writelines(_camt(rows))
    return _of_library(folder, rows, file, lambda: _entries(file))


def _camt(rows: int) -> Iterator[str]:
    total = sum(_cents(i) for i in range(rows)) / 100
    yield (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        "<BkToCstmrStmt><GrpHdr><MsgId>m1</MsgId><CreDtTm>2026-02-04T06:00:00+01:00"
        "</CreDtTm></GrpHdr><Stmt><Id>s1</Id><Acct><Id><IBAN>BE71096123456769</IBAN>"
        "</Id></Acct>"
    )
    for code, balance in (("OPBD", 0.0), ("CLBD", total)):
        yield (
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="EUR">{balance:.2f}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
            "<Dt><Dt>2026-02-03</Dt></Dt></Bal>"
        )
    for i in range(rows):
        amount = (
            f'<Amt Ccy="EUR">{_cents(i) / 100:.2f}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        )
        yield (
            f"<Ntry>{amount}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-02-03</Dt>"
            f"</BookgDt><AcctSvcrRef>bank-{i}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd>"
            "<Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
            f"<NtryDtls><TxDtls><Refs><EndToEndId>e2e-{i}</EndToEndId></Refs>{amount}"
            f"<RmtInf><Ustrd>{_wording(i)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
        )
    yield "</Stmt></BkToCstmrStmt></Document>"


def _entries(file: Path) -> Iterator[Entry]:
    from xml.etree.ElementTree import iterparse

    parents = []
    for event, element in iterparse(file, ("start", "end")):  # noqa: S314  our own file
        if event == "start":
            parents.append(element)
            continue
        parents.pop()
        namespace, _, name = element.tag.rpartition("}")
        if name == "Ntry":
            yield tuple(_text(element, f"{namespace}}}", path) for path in _PATHS)
            parents[-1].remove(element)


def _text(element: Element | None, namespace: str, path: tuple[str, ...]) -> str | None:
    for name in path:
        element = None if element is None else element.find(namespace + name)
    return None if element is None else element.text


def _write(entries: Iterable[Entry], out: Path) -> None:
    """What a library read, as Parquet by DuckDB."""
    import duckdb
    import numpy as np

    connection = duckdb.connect()
    rest = iter(entries)
    while part := list(islice(rest, 10_000)):
        columns = {}
        for n, values in enumerate(zip(*part, strict=True)):
            columns[f"c{n}"] = np.empty(len(part), dtype=object)
            columns[f"c{n}"][:] = values
        connection.register("part", columns)
        connection.execute("CREATE TABLE IF NOT EXISTS entry AS FROM part LIMIT 0")
        connection.execute("INSERT INTO entry FROM part")
        connection.unregister("part")
    connection.execute(f"COPY entry TO '{out}/entry.parquet'")


def mt940(folder: Path, rows: int) -> Book:
    """Statements of 200 lines each; against the library `mt-940`, and DuckDB."""
    file = folder / "statement.sta"
    with file.open("w", encoding="utf-8") as out:
        for first in range(0, rows, 200):
            out.write(_mt940(first, min(first + 200, rows)))
    return _of_library(folder, rows, file, lambda: _lines(file))


def _mt940(first: int, last: int) -> str:
    def amount(cents: int) -> str:
        return f"{cents // 100},{cents % 100:02}"

    lines = "".join(
        f":61:2602030203C{amount(_cents(i))}NTRFNONREF//B{i}\n:86:{_wording(i)}\n"
        for i in range(first, last)
    )
    total = sum(_cents(i) for i in range(first, last))
    return (
        f":20:S{first}\n:25:BE71096123456769\n:28C:{first}/1\n:60F:C260202EUR0,00\n"
        f"{lines}:62F:C260203EUR{amount(total)}\n-\n"
    )


def _lines(file: Path) -> Iterator[Entry]:
    import mt940

    for statement in file.read_text().split("-\n:20:"):
        for line in mt940.parse(f":20:{statement}"):
            said = line.data
            yield (
                *(str(said[name]) for name in ("amount", "status", "date")),
                *(said[name] for name in ("bank_reference", "transaction_details")),
            )


def bai2(folder: Path, rows: int) -> Book:
    """One account; against the library `bai2`, and DuckDB that writes the rows."""
    file = folder / "statement.bai"
    total = sum(_cents(i) for i in range(rows))
    with file.open("w", encoding="utf-8") as out:
        out.write("01,122099999,123456789,260204,0200,1,,,2/\n")
        out.write("02,123456789,122099999,1,260203,2359,EUR,2/\n")
        out.write(f"03,975312468,EUR,010,0,,,015,{total},,/\n")
        out.writelines(
            f"16,195,{_cents(i)},Z,B{i},e2e-{i},{_wording(i)}/\n" for i in range(rows)
        )
        out.write(f"49,{2 * total},{rows + 2}/\n98,{2 * total},1,{rows + 4}/\n")
        out.write(f"99,{2 * total},1,{rows + 6}/\n")

    return _of_library(folder, rows, file, lambda: _details(file))


def _details(file: Path) -> Iterator[Entry]:
    from bai2 import bai2 as library

    with file.open() as lines:
        whole = library.parse_from_file(lines, check_integrity=False)
    for group in whole.children:
        for account in group.children:
            for row in account.children:
                yield (
                    *(str(value) for value in (row.type_code.code, row.amount)),
                    *(row.bank_reference, row.customer_reference, row.text),
                )


def nacha(folder: Path, rows: int) -> Book:
    """Returns of collections; no library here reads them: against DuckDB's lines."""
    file = folder / "returns.ach"
    with file.open("w", encoding="ascii") as out:
        out.writelines(_nacha(rows))
    query = f"SELECT {_FIELDS} FROM read_csv('{file}', {_LINES})"  # noqa: S608
    return _joining(folder, rows, file, duckdb_copies([query]))


def _nacha(rows: int) -> Iterator[str]:
    yield f"{'101 121042882 2313801042602040200A094101BANK':<94}\n"
    yield f"{'5200RESELLER':<50}{'WEBPAYMENT   260203260203   1121042880000001':<44}\n"
    total = 0
    for i in range(rows):
        total += _cents(i)
        name = f"INV{i:08}" if i % SENT_BACK else f"X{i:08}"
        yield (
            f"626{ROUTING}412345678{'':9}{_cents(i):010}{name:<15}{'PAYER':<22}  1"
            f"{i:015}\n"
        )
        yield f"799R01{i:015}{'':6}{ROUTING}{'':44}{i:015}\n"
    sums = f"{ROUTING * rows % 10**10:010}{total:012}{0:012}"
    yield f"{f'8200{2 * rows:06}{sums}':<87}0000001\n"
    yield f"9000001{0:06}{2 * rows:08}{sums}{'':39}\n"


def _of_library(
    folder: Path, rows: int, file: Path, entries: Callable[[], Iterable[Entry]]
) -> Book:
    book = _joining(folder, rows, file, lambda out: _write(entries(), out))
    return replace(book, entries=entries)


def _joining(
    folder: Path, rows: int, file: Path, yardstick: Callable[[Path], None]
) -> Book:
    lines = (
        f"INV{i:08},customer-{i // PAYMENTS_PER_CUSTOMER},2026-01-05,2026-02-05,"
        f"{_cents(i) / 100:.2f}\n"
        for i in range(rows)
    )
    invoices = "invoice_id,customer_id,event_at,due_at,amount\n" + "".join(lines)
    portfolio = write_portfolio(folder / "portfolio", invoices)
    return Book(files=[file], yardstick=yardstick, portfolio=portfolio)


def _cents(i: int) -> int:
    return 10_000 + i


def _wording(i: int) -> str:
    return f"Payment of invoice INV{i:08} thank you"
