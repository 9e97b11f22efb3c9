"""The page of documentation about the tables of the store, made from the store itself.

Names and types are those of an empty store of this release; what a column means stands
beside it in the revision that made it.
"""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from store.opening import open_database, upgrade
from store.schema import DECISIONS, EVENTS, Schema

# of a revision: where a table begins; a column, with what stands beside it; more of it
_TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)")
_COLUMN = re.compile(
    r"\s+(\w+) (?:TEXT|INTEGER|NUMBERED|BIGINT|BLOB)\b[^-]*(?:-- (.*))?"
)
_MORE = re.compile(r"\s+-- (.*)")
_RENAMED = {"sealed_decisions": "decisions"}
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
_TYPES = 'SELECT name, type, "notnull", pk FROM pragma_table_info(?) ORDER BY cid'
# of columns that later revisions added, and of names that mean the same everywhere
_MEANS = {
    "acts.amount": "of a spending limit, ten-thousandths",
    "letters.kind": "notice, answer, restoration",
    "letters.about_id": "the decision, the reply that it answers, or the run",
    "monitoring_alarms.portfolio": "that was watched",
    "outbox.endpoint": "to which it goes",
    "outbox.queued_at": "since when it waits, where it is delivered again",
    "waiting.measure": "recommended beside the action; null: none",
    "shadows.position": "of the chain, up to which decisions were looked at",
    "ballast": "held back, so that a full disk can still be told of",
    "leased_until": "nobody else takes it up before",
    "n_attempts": "that came to nothing",
    "sequence": "number of the batch that brought it",
}
_HEAD = """\
# The tables of the store

<!-- made by `make docs`; change the code, not this page -->

What `decisions.sqlite` and `events.sqlite`, or a PostgreSQL, hold ([store.md](store.md)
says how it is kept). Moments are microseconds since 1970 UTC, unless said. Rows of the
portfolio's own tables are listed in [contract.md](contract.md). On PostgreSQL `INTEGER`
is `BIGINT` and `BLOB` is `BYTEA`. Read it, and change nothing: decisions are chained.
"""


class TableNote(NamedTuple):
    """What a table is for, and the decision record that brought it.

    Args:
        about: in a sentence.
        adr: file under docs/adr, without its ending.
    """

    about: str
    adr: str


_EVENTS_ADR = "0014-events-are-kept-beside-decisions"
_STORE = "0010-a-store-protocol"
_CHAIN = "0016-one-chain-over-sealed-records"
_OUTBOX = "0017-an-outbox-with-leases"
_ACTS = "0023-an-act-is-checked-again-by-the-service"
_LETTERS = "0024-a-mail-goes-once-or-a-person-looks"
_POLICIES = "0028-a-published-policy-is-of-the-store"
_DESK = "0030-what-waits-for-people-lies-with-decisions"
NOTES: dict[str, TableNote] = {
    "access_log": TableNote("Who read what, and who changed keys.", _CHAIN),
    "act_approvals": TableNote("Who agreed to an act.", _ACTS),
    "acts": TableNote("What is to be done at the provider.", _ACTS),
    "alembic_version": TableNote("The form of these tables.", _STORE),
    "budget_slots": TableNote("Units taken of budgets that customers share.", _STORE),
    "chain": TableNote("One entry for each decision, and for each removal.", _CHAIN),
    "customers": TableNote("What a customer's decisions are sealed by.", _CHAIN),
    "decisions": TableNote("What was decided, sealed.", _CHAIN),
    "desk_sessions": TableNote("Who is signed in at the desk.", _DESK),
    "documents": TableNote("Policies and settings that decisions name.", _STORE),
    "event_alembic_version": TableNote("The form of these tables.", _EVENTS_ADR),
    "event_batches": TableNote("What was sent together.", _EVENTS_ADR),
    "event_dismissed": TableNote("Rejected rows that a person dismissed.", _EVENTS_ADR),
    "event_erasures": TableNote("When customers' rows were erased.", _EVENTS_ADR),
    "event_numbers": TableNote("Numbers that rows bear or name.", _EVENTS_ADR),
    "event_observed": TableNote("Up to when a table is vouched for.", _EVENTS_ADR),
    "event_rows": TableNote("Rows of the portfolio's tables, as sent.", _EVENTS_ADR),
    "event_shared": TableNote("Numbers of documents of two customers.", _EVENTS_ADR),
    "event_state": TableNote("How much is kept, and that it can be.", _EVENTS_ADR),
    "keys": TableNote("API keys, as hashes.", _STORE),
    "letters": TableNote("Letters to customers, and what came of each.", _LETTERS),
    "monitoring_alarms": TableNote("What stops automation meanwhile.", _DESK),
    "monitoring_runs": TableNote("What monitoring saw.", _DESK),
    "outbox": TableNote("Messages that wait for other systems.", _OUTBOX),
    "policies": TableNote("Policies that were in force.", _LETTERS),
    "policy_changes": TableNote("Changes of the policy that people tried.", _POLICIES),
    "policy_versions": TableNote("Policies that were published.", _POLICIES),
    "proofs": TableNote("That the store can be written.", _STORE),
    "provider_alerts": TableNote("Alerts that were read at the provider.", _ACTS),
    "replies": TableNote("What customers wrote by the link of a letter.", _LETTERS),
    "request_changes": TableNote("How far a service request is.", _ACTS),
    "shadows": TableNote("What a challenger would have decided, in sums.", _DESK),
    "snoozes": TableNote("Customers whom people put off.", _DESK),
    "waiting": TableNote("Customers who wait for a person, ranked.", _DESK),
}


def tables_page() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for schema, title in ((DECISIONS, "Decisions"), (EVENTS, "Events")):
        parts.append(f"# {title}\n")
        means = _meanings(schema)
        for table, columns in columns_of(schema).items():
            parts.append(_section(table, columns, means))
    return "\n".join(parts)


def columns_of(schema: Schema) -> dict[str, list[tuple[str, str]]]:
    """By table, its columns with their types, of an empty store of this release."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        upgrade(home)
        with closing(open_database(home, None, schema)) as database:
            tables = [str(name) for (name,) in database.rows(_TABLES)]
            return {
                table: [
                    (str(name), _type(*stated))
                    for name, *stated in database.rows(_TYPES, table)
                ]
                for table in tables
            }


def _type(name: str, is_required: int, place_in_key: int) -> str:
    if place_in_key:
        return f"{name}, key"
    return name if is_required else f"{name} or null"


def _meanings(schema: Schema) -> Mapping[str, str]:
    """By `table.column`, what the revision says beside it."""
    means: dict[str, list[str]] = defaultdict(list)
    for file in sorted(schema.folder.glob("r*.py")):
        for key, text in _told(file.read_text(encoding="utf-8")):
            means[key].append(text)
    return {key: " ".join(texts) for key, texts in means.items()}


def _told(revision: str) -> Iterator[tuple[str, str]]:
    table = column = ""
    for line in revision.splitlines():
        if begun := _TABLE.match(line):
            table, column = _RENAMED.get(begun[1], begun[1]), ""
        elif found := _COLUMN.match(line):
            column = found[1]
            if found[2]:
                yield f"{table}.{column}", found[2].strip()
        elif column and (more := _MORE.match(line)):
            yield f"{table}.{column}", more[1].strip()


def _section(
    table: str, columns: list[tuple[str, str]], means: Mapping[str, str]
) -> str:
    note = NOTES[table]
    number = int(note.adr[:4])
    rows = "\n".join(
        f"| {name} | {kind} | {_meaning(table, name, means)} |"
        for name, kind in columns
    )
    return (
        f"## {table}\n\n{note.about} Decided in [ADR {number}](adr/{note.adr}.md).\n\n"
        f"| column | type | meaning |\n|---|---|---|\n{rows}\n"
    )


def _meaning(table: str, column: str, means: Mapping[str, str]) -> str:
    key = f"{table}.{column}"
    text = _MEANS.get(key) or means.get(key) or _MEANS.get(column, "")
    return text.replace("|", "\\|")
