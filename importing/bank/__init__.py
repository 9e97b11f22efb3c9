"""Banks: statements, notices, status reports and returns, recognised by their content.

They say who paid, not what is owed: so they join a portfolio that has the invoices.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from features.money import CURRENCY_PLACES
from importing.bank.bai2 import read_bai2
from importing.bank.camt import read_camt
from importing.bank.movements import Read, make_tables, write_movements
from importing.bank.mt940 import read_mt940
from importing.bank.nacha import INNER_RECORD, LENGTH, lacking_records, stage_nacha
from importing.bank.pain import read_pain
from importing.bank.reference_list import make_references, read_references
from importing.bank.references import without_check
from importing.bank.values import MAPS
from importing.bank.xml_files import message_of
from importing.errors import UnreadableFileError
from importing.report import BadRow
from importing.source import Source, StagedSource
from importing.staging import staged
from importing.underway import quoted

STATEMENTS = ("camt.053", "mt940", "bai2")  # they hold all of an account
_FORMS = "camt.053, camt.054, pain.002, MT940, BAI2, returns of Nacha"
# a statement looks no further than its last day, nor than the moment it was written;
# of several accounts the one that ends first says how far all of them look
_LATEST = f"""
SELECT epoch(CASE WHEN count(*) FILTER (WHERE is_whole) > 0
    THEN min(until) FILTER (WHERE is_whole) ELSE max(until) END) FROM (
    SELECT form IN {STATEMENTS} AS is_whole, account, max(CASE
        WHEN form IN {STATEMENTS} THEN least(made_at, end_of_day(closed_on))
        ELSE coalesce(made_at, end_of_day(closed_on)) END) AS until
    FROM statement GROUP BY ALL)
"""
_UNBALANCED = """
SELECT s.file, s.row, s.opening, coalesce(sum(CASE m.direction WHEN 'in' THEN m.amount
    ELSE -m.amount END), 0) AS moved, s.closing
FROM statement AS s LEFT JOIN movement AS m ON m.file = s.file
    AND m.statement = s.statement AND m.status IN ('booked', 'difference')
GROUP BY s.file, s.row, s.statement, s.opening, s.closing
HAVING s.opening + moved <> s.closing
    -- where no entry could be read, those are named already
    AND (count(m.row) > 0 OR (s.file, s.statement) NOT IN (FROM unread_of))
ORDER BY s.file, s.row
"""


def stage(
    connection: Any, files: Sequence[Path], exported_at: datetime | None
) -> StagedSource:
    """Read the files into `movement`, `statement` and `reference`."""
    connection.execute(
        "CREATE MACRO plain(reference) AS "
        "regexp_replace(upper(reference), '[^0-9A-Z]', '', 'g')"
    )
    connection.create_function(
        "checked",
        lambda text: without_check(text or ""),
        ["VARCHAR"],
        "VARCHAR",
        null_handling="special",
    )
    # few references are of such a form, and Python looks at each by itself
    connection.execute(
        "CREATE MACRO without_check(reference) AS CASE WHEN regexp_full_match("
        "plain(reference), 'RF[0-9]{2}[0-9A-Z]{1,21}|[0-9]{12}|[0-9]{27}') "
        "THEN checked(reference) END"
    )
    # the zone as a word: to ask for it would join a table to all movements
    [(zone,)] = connection.execute("SELECT timezone FROM setting").fetchall()
    connection.execute(
        f"CREATE MACRO end_of_day(day) AS timezone({quoted(zone)}, "
        "(day + INTERVAL 1 DAY)::TIMESTAMP) - INTERVAL 1 MICROSECOND"
    )
    units = {name: 10**places for name, places in CURRENCY_PLACES.items()}
    cases = " ".join(f"WHEN '{name}' THEN {n}" for name, n in units.items())
    connection.execute(
        f"CREATE MACRO units_of(currency) AS CASE currency {cases} ELSE 100 END"
    )
    make_tables(connection)
    make_references(connection)
    bad: list[BadRow] = []
    for file in files:
        if file.suffix.lower() == ".csv":
            bad.extend(read_references(connection, file))
        else:
            bad.extend(write_movements(connection, file, _read(connection, file)))
    bad.extend(_unbalanced(connection))
    forms = connection.execute("SELECT DISTINCT form FROM statement").fetchall()
    looked_at = frozenset({"statement"} & {_kind(form) for (form,) in forms})
    return staged(connection, exported_at, [_LATEST], looked_at, bad)


def _kind(form: str) -> str:
    return "statement" if form in STATEMENTS else "message"


def _read(connection: Any, file: Path) -> Iterator[Read]:
    """What is in a file, as what its beginning says it is.

    Raises:
        UnreadableFileError: none of the forms.
    """
    with file.open("rb") as stream:
        start = stream.read(400).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        return _read_xml(file)
    if start.startswith(b"01,"):
        return read_bai2(file)
    if start.startswith((b":20:", b"{1:")) or b"\n:20:" in start:
        return read_mt940(file)
    first = start.split(b"\n")[0].rstrip(b"\r")
    if start.startswith(b"101") and len(first) >= LENGTH - 8:
        return stage_nacha(connection, file)
    if INNER_RECORD.match(first):
        lacking = ", ".join(lacking_records(file))
        if "(1)" not in lacking:
            raise UnreadableFileError(
                f"{file.name} has records of Nacha, but its file header (1) is not the "
                "first of them: lines were moved, so fetch it again"
            )
        raise UnreadableFileError(
            f"{file.name} has records of Nacha without {lacking}: it is cut off, and "
            "its first line would say on which day it was made; fetch it again"
        )
    what = "no file of a bank that is read here" if start else "empty"
    raise UnreadableFileError(
        f"{file.name} is {what}; read are {_FORMS}, and a CSV with the columns "
        "reference and invoice_id"
    )


def _read_xml(file: Path) -> Iterator[Read]:
    message = message_of(file)
    form = message[:8]
    if form in ("camt.053", "camt.054"):
        return read_camt(file, form)
    if form == "pain.002":
        return read_pain(file)
    hint = " (a report of the day in course: export camt.053)" * (form == "camt.052")
    raise UnreadableFileError(
        f"{file.name} is {message or 'XML of another kind'}{hint}; read are {_FORMS}"
    )


def _unbalanced(connection: Any) -> Iterator[BadRow]:
    """Statements whose entries do not lead from the opening to the closing balance."""
    for file, row, opening, moved, closing in connection.execute(
        _UNBALANCED
    ).fetchall():
        yield BadRow(
            file,
            row,
            "closing balance",
            f"{opening.normalize():f} and {moved.normalize():f} of entries are not "
            f"{closing.normalize():f}: an entry is missing, or went the other way",
        )


BANK = Source(
    name="bank",
    title="bank statements",
    stage=stage,
    sql=Path(__file__).parent / "sql",
    maps=MAPS,
    looks={"payments": frozenset({"statement"})},
    joins=("invoices",),
    shares=frozenset({"payments"}),
    lists=("unmatched", "matched"),
    told_once=frozenset({"movement"}),
)
