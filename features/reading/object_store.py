"""Tables that lie in a bucket: `source: s3://…`, `gs://…`, `abfs://…` or `az://…`.

Arrow's own file systems read them: Amazon S3 and what speaks its language, Google
Cloud Storage, Azure Blob Storage. Who we are they find as those clouds' own tools do
(environment, configuration, the machine's role).
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.fs as pafs

from features.errors import ObjectStoreError, PortfolioNotFoundError
from features.reading.source_url import without_secret

SCHEMES = frozenset({"s3", "gs", "gcs", "abfs", "abfss", "az"})
AZURE_ACCOUNT = "AZURE_STORAGE_ACCOUNT"
_MEANINGS = {  # words of the stores' answers, as Arrow 25 passes them on
    "NO_SUCH_BUCKET": "bucket_not_found",
    "ContainerNotFound": "bucket_not_found",
    "ACCESS_DENIED": "access_denied",
    "INVALID_ACCESS_KEY_ID": "access_denied",
    "SIGNATURE_DOES_NOT_MATCH": "access_denied",
    "HTTP status 403": "access_denied",
    "AuthorizationFailure": "access_denied",
    "PERMISSION_DENIED": "access_denied",
}
_WHAT_TO_DO = {
    "bucket_not_found": "there is no such bucket: correct the name or the region",
    "access_denied": "the store refuses these credentials, or they may not list and "
    "read there",
    "store_unreachable": "the store does not answer, or stopped answering: nothing "
    "was decided from what was read so far; try again",
}


def is_in_store(source: str) -> bool:
    """Whether a source of portfolio.yaml names a bucket."""
    return urlsplit(source).scheme in SCHEMES


class BucketFolder:
    """The files under a URL of an object store.

    Args:
        url: with the bucket, the place in it, and options such as `?region=`.
        stated: the same as it is told to people, without secrets.

    Raises:
        ObjectStoreError: if the bucket cannot be read.
        PortfolioNotFoundError: if nothing lies there.
    """

    def __init__(self, url: str, stated: str) -> None:
        self._url, self._stated = url, stated
        with self._asking():
            try:
                self._store, base = pafs.FileSystem.from_uri(_for_arrow(url))
            except pa.ArrowInvalid as error:
                reason = self._said(error)
                raise ObjectStoreError(
                    "store_url_invalid", f"source {stated}: {reason}"
                ) from None
            self._base = PurePosixPath(base)
            self._paths = self._listed()
        if not self._paths:
            raise PortfolioNotFoundError(f"source {stated}: nothing lies there")

    def _listed(self) -> list[PurePosixPath]:
        wanted = pafs.FileSelector(str(self._base), recursive=True)
        try:  # `allow_not_found` would take a bucket that is not there for an empty one
            entries = self._store.get_file_info(wanted)
        except FileNotFoundError:
            return []
        return [
            PurePosixPath(entry.path).relative_to(self._base)
            for entry in entries
            if entry.type == pafs.FileType.File
        ]

    def names(self) -> tuple[frozenset[str], frozenset[str]]:
        """Of the files and of the folders that lie there directly."""
        files = frozenset(path.name for path in self._paths if len(path.parts) == 1)
        folders = (path.parts[0] for path in self._paths if len(path.parts) > 1)
        return files, frozenset(folders)

    def below(self, folder: str) -> list[str]:
        """Paths of all files in a folder that lies there, and in its folders."""
        return [str(path) for path in self._paths if path.parts[0] == folder]

    @contextmanager
    def on_disk(self, path: str) -> Iterator[Path]:
        """A copy that goes with the block."""
        with TemporaryDirectory(prefix="forbear-") as folder:
            copy = Path(folder) / PurePosixPath(path).name
            with (
                self._asking(),
                self._store.open_input_stream(str(self._base / path)) as bytes_there,
                copy.open("wb") as bytes_here,
            ):
                shutil.copyfileobj(bytes_there, bytes_here)
            yield copy

    @contextmanager
    def opened(self, path: str) -> Iterator[Path | IO[bytes]]:
        """The file in its place; only the pieces that are read are fetched."""
        with (
            self._asking(),
            self._store.open_input_file(str(self._base / path)) as file,
        ):
            yield file

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """What a store answers badly becomes one of our errors.

        Raises:
            ObjectStoreError: with the code of what is wrong.
        """
        try:
            yield
        except OSError as error:
            raise self._meaning(error) from error

    def _said(self, error: Exception) -> str:
        return without_secret(str(error), self._url, self._stated)

    def _meaning(self, error: OSError) -> Exception:
        text = self._said(error)
        if isinstance(error, FileNotFoundError):
            code, what = "file_gone", "a file went while the portfolio was read"
            return ObjectStoreError(code, f"source {self._stated}: {what}; try again")
        known = (code for word, code in _MEANINGS.items() if word in text)
        code = next(known, "store_unreachable")
        if code == "store_unreachable" and not _is_of_store(text):
            return error  # a damaged file
        what = f"{_WHAT_TO_DO[code]} ({text[:300]})"
        return ObjectStoreError(code, f"source {self._stated}: {what}")


def _is_of_store(text: str) -> bool:
    """Whether the store failed, and not whoever makes sense of a file's bytes."""
    return any(word in text for word in ("AWS Error", "curl", "google::", "Azure"))


def _for_arrow(url: str) -> str:
    """Arrow's own spelling: `az://container/place` needs the account beside it."""
    parts = urlsplit(url)
    if not parts.netloc:
        raise ObjectStoreError(
            "store_url_invalid", f"source {parts.scheme}://: name the bucket"
        )
    if parts.scheme != "az":
        return url
    account = os.environ.get(AZURE_ACCOUNT)
    if account is None:
        raise ObjectStoreError(
            "store_url_invalid",
            f"source az://: set the environment variable {AZURE_ACCOUNT}, or write "
            "abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PLACE",
        )
    there = f"{parts.netloc}@{account}.dfs.core.windows.net"
    return parts._replace(scheme="abfs", netloc=there).geturl()
