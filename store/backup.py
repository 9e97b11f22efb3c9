"""A backup is one SQLite file, whatever it was made of and is restored to.

It holds one moment of the decisions and, taken after it, one of the events, so that
every event a decision rests on is there; then the models of the state folder. The
service may run meanwhile. What was written is read again: a backup nobody read is none.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from store.audit import Audit, audit
from store.database import Database
from store.errors import (
    BackupFileError,
    StoreFileError,
    StoreNotEmptyError,
)
from store.opening import open_database, require_recorded, upgrade
from store.schema import DECISIONS, EVENTS, Schema
from store.sqlite import SqliteDatabase, make_private
from store.state_files import keep_files, put_files_back
from store.upgrade import upgrade_file

_STEP = 500  # rows read at a time
_NOT_WRITTEN = "cannot be written: give it more room, or name a file on another disk"
# by which columns the rows of a table are told apart and read in order
KEPT: dict[Schema, dict[str, tuple[str, ...]]] = {
    DECISIONS: {
        "customers": ("customer_id",),
        "documents": ("document_hash",),
        "decisions": ("decision_id",),
        "chain": ("position",),
        "budget_slots": ("slot_id",),
        "keys": ("number",),
        "outbox": ("position",),
        "access_log": ("entry_id",),
        "acts": ("position",),
        "act_approvals": ("act_id", "by_whom"),
        "monitoring_runs": ("run_id",),
        "monitoring_alarms": ("alarm_id",),
        "letters": ("position",),
        "replies": ("position",),
        "policies": ("policy_hash",),
        "waiting": ("customer_id",),
        "snoozes": ("customer_id", "at"),
        "provider_alerts": ("provider", "alert_id", "status"),
        "request_changes": ("act_id", "state"),
        "policy_changes": ("change_id",),
        "shadows": ("shadow_id",),
        "policy_versions": ("version",),
    },
    EVENTS: {
        "event_batches": ("sequence",),
        "event_rows": ("customer_id", "table_name", "digest"),
        "event_numbers": ("number", "customer_id", "table_name", "digest"),
        "event_shared": ("customer_id", "number", "sequence"),
        "event_observed": ("customer_id", "table_name", "sequence"),
        "event_dismissed": ("customer_id", "digest"),
        "event_erasures": ("sequence",),
    },
}


def back_up(home: Path, url: str | None, file: Path) -> Audit:
    """Write a backup to `file`, for its owner's eyes only, whole or not at all.

    Raises:
        BackupFileError: there is something of that name, or it cannot be written.
        NoDecisionsError: nothing was ever recorded there.
        StoreUnavailableError: the store cannot be read.
    """
    if file.exists():
        raise BackupFileError(file, "is there already; name another file")
    require_recorded(home, url)
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        make_private(unfinished)
        for schema in KEPT:
            upgrade_file(unfinished, schema)
            with closing(open_database(home, url, schema)) as source:
                _copy_into_file(schema, source, unfinished)
        with closing(SqliteDatabase(unfinished)) as written:
            keep_files(home, written)
            audited = audit(written)
        unfinished.rename(file)
    except StoreFileError as error:
        if error.file != unfinished:
            raise
        raise BackupFileError(file, f"{_NOT_WRITTEN} ({error.cause})") from error
    except OSError as error:
        raise BackupFileError(file, f"{_NOT_WRITTEN} ({error.strerror})") from error
    finally:
        for left in file.parent.glob(f"{unfinished.name}*"):
            left.unlink()
    return audited


def restore(home: Path, url: str | None, file: Path) -> Audit:
    """Put a backup into a store that holds nothing yet, and check it there.

    Raises:
        BackupFileError: `file` is no backup, or damaged; nothing is made then.
        StoreNotEmptyError: there is something in the store.
        NewerSchemaError: a later release made the backup.
        DecisionsGoneError: events lie there without decisions.
    """
    with _of_this_release(file) as copy:
        if url is None:
            open_database(home).close()  # decisions are never missing beside events
        else:
            upgrade(home, url)
        with closing(SqliteDatabase(copy)) as source:
            put_files_back(home, source)
        for schema in (EVENTS, DECISIONS):
            with (
                closing(SqliteDatabase(copy)) as source,
                closing(open_database(home, url, schema)) as target,
                target.transaction(),
            ):
                for table in KEPT[schema]:
                    if target.rows(f"SELECT 1 FROM {table} LIMIT 1"):  # noqa: S608 - literals
                        raise StoreNotEmptyError
                _copy(schema, source, target)
    with closing(open_database(home, url)) as restored:
        return audit(restored)


def _copy_into_file(schema: Schema, source: Database, file: Path) -> None:
    with (
        closing(SqliteDatabase(file)) as target,
        target.transaction(),
        source.snapshot(),
    ):
        _copy(schema, source, target)


def _copy(schema: Schema, source: Database, target: Database) -> None:
    for table, key in KEPT[schema].items():
        columns = source.columns(table)
        for rows in _pages(source, table, columns, key):
            target.insert(table, columns, rows)
    if schema is EVENTS:
        target.run("UPDATE event_state SET n_rows = (SELECT count(*) FROM event_rows)")


def _pages(
    source: Database, table: str, columns: Sequence[str], key: Sequence[str]
) -> Iterator[list[Any]]:
    names, order = ", ".join(columns), ", ".join(key)
    places = [columns.index(name) for name in key]
    begin = f"SELECT {names} FROM {table}"  # noqa: S608 - literals
    end = f"ORDER BY {order} LIMIT {_STEP}"
    rows = source.rows(f"{begin} {end}")
    while rows:
        yield rows
        last = [rows[-1][place] for place in places]
        marks = ", ".join("?" * len(last))
        rows = source.rows(f"{begin} WHERE ({order}) > ({marks}) {end}", *last)


@contextmanager
def _of_this_release(file: Path) -> Iterator[Path]:
    """A copy of a backup with tables of this release's form."""
    with file.open("rb") as opened:
        if not opened.read(16).startswith(b"SQLite format 3"):
            raise BackupFileError(file, "is no backup of `forbear db backup`")
    with tempfile.TemporaryDirectory(prefix="forbear-") as folder:
        copy = Path(folder) / "backup.sqlite"
        shutil.copy(file, copy)
        _require_whole(file, copy)
        for schema in KEPT:
            with closing(SqliteDatabase(copy)) as database:
                if schema.is_absent(database):
                    raise BackupFileError(file, f"holds no tables of {schema.name}")
            upgrade_file(copy, schema)
            with closing(SqliteDatabase(copy)) as database:
                schema.check(database)
        yield copy


def _require_whole(file: Path, copy: Path) -> None:
    """Raises BackupFileError where SQLite does not find `copy` of `file` in order."""
    try:
        with closing(SqliteDatabase(copy)) as database:
            [(verdict,)] = database.rows("PRAGMA integrity_check(1)")
            [(n_pages,)] = database.rows("PRAGMA page_count")
            [(page_bytes,)] = database.rows("PRAGMA page_size")
        # SQLite itself fills up a last page that was cut off
        if file.stat().st_size < n_pages * page_bytes:
            verdict = "its end is missing"
    except StoreFileError as error:
        verdict = error.cause
    if verdict != "ok":
        raise BackupFileError(file, f"is damaged ({verdict}): restore another backup")
