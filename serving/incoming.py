"""What routes take from a request: its body, its idempotency key, what is in force.

A body is of a bounded size, and unpacked where it came packed.
"""

import re
import zlib
from collections.abc import Iterator
from typing import TypeVar
from urllib.parse import parse_qsl

import zstandard
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import Request

from advice.errors import ChampionGoneError
from serving.champions import NOT_LOOKED_YET, Champions, InForce
from serving.errors import ProblemError, form_problem
from serving.settings import ServingSettings
from serving.turnstile import Turnstile

Model = TypeVar("Model", bound=BaseModel)
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PACKED_ENCODINGS = ("gzip", "zstd")
LONGEST_IDEMPOTENCY_KEY = 200
# a PostgreSQL keeps no NUL
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CHUNK = 65_536  # bytes unpacked at a time
_GZIP = 16 + zlib.MAX_WBITS
# memory of an unpacker: what a stream of the usual levels asks for
_LARGEST_ZSTD_WINDOW = 8 * 2**20


def in_force_of(request: Request) -> InForce:
    """What decides now. Raises ProblemError where nothing does."""
    champions: Champions = request.app.state.champions
    if champions.in_force is None:
        refusal = champions.refusal or NOT_LOOKED_YET
        is_gone = refusal.code == ChampionGoneError.code
        raise ProblemError(
            ChampionGoneError.code if is_gone else "not_ready", refusal.sentence
        )
    return champions.in_force


def idempotency_key_of(request: Request) -> str | None:
    """The header Idempotency-Key. Raises ProblemError where it cannot be used."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_IDEMPOTENCY_KEY:
        detail = f"it has 1 to {LONGEST_IDEMPOTENCY_KEY} characters"
        raise ProblemError("idempotency_key_invalid", detail)
    return key


async def read_body(request: Request, limit: int) -> bytes:
    """The JSON body as sent, `limit` bytes at most.

    Raises:
        ProblemError: another media type, a packed body, or too large.
    """
    _require_json(request)
    if request.headers.get("content-encoding", "identity") != "identity":
        raise ProblemError("unsupported_media_type", "send the body uncompressed")
    return await _received(request, limit)


async def read_packed_body(request: Request, limit: int, unpacked_limit: int) -> bytes:
    """The JSON body, unpacked where it came as gzip or zstd.

    Args:
        request: its header Content-Encoding says how it is packed.
        limit: bytes as sent.
        unpacked_limit: bytes after unpacking. Unpacking stops there, so a small body
            that unpacks to a huge one costs no more than this.

    Raises:
        ProblemError: another media type or encoding, not what it says, or too large.
    """
    _require_json(request)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", *PACKED_ENCODINGS):
        detail = f"Content-Encoding may be {' or '.join(PACKED_ENCODINGS)}"
        raise ProblemError("unsupported_media_type", detail)
    received = await _received(request, limit)
    if encoding == "identity":
        return received
    chunks = _unzipped(received) if encoding == "gzip" else _unzstd(received)
    unpacked = bytearray()
    try:
        for chunk in chunks:
            unpacked += chunk
            if len(unpacked) > unpacked_limit:
                detail = f"at most {unpacked_limit} bytes after unpacking"
                raise ProblemError("body_too_large", detail)
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        detail = f"the body is not complete {encoding}: send it again"
        raise ProblemError("malformed_encoding", detail) from error
    return bytes(unpacked)


async def read_model(request: Request, model: type[Model]) -> tuple[bytes, Model]:
    """The body, as sent and as it is read; packed ones within the limits of the app.

    Raises:
        ProblemError: it cannot be read, is no JSON or has another form.
    """
    settings: ServingSettings = request.app.state.settings
    body = await read_packed_body(
        request, settings.max_body_bytes, settings.max_unpacked_bytes
    )
    try:
        return body, model.model_validate(from_json(body, allow_inf_nan=False))
    except ValidationError as error:
        raise form_problem(error) from error
    except ValueError as error:
        raise ProblemError("malformed_json", str(error)) from error


async def read_fields(request: Request, limit: int, most: int) -> dict[str, str]:
    """The fields of a page's form without blanks around; the last of a name counts.

    Args:
        request: of a browser.
        limit: bytes.
        most: fields.

    Raises:
        ProblemError: it is no form, or too large.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type.lower() != FORM:
        raise ProblemError("unsupported_media_type", f"send {FORM}")
    body = await _received(request, limit)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=most, errors="strict"
        )
    except ValueError as error:
        raise ProblemError("invalid_request", "the form cannot be read") from error
    fields = {name: value.strip() for name, value in pairs}
    if any(_CONTROL.search(value) for value in fields.values()):
        raise ProblemError("invalid_request", "it has characters that nobody types")
    return fields


def _require_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type.lower() != JSON:
        raise ProblemError("unsupported_media_type", f"send Content-Type: {JSON}")


async def _received(request: Request, limit: int) -> bytes:
    stated = request.headers.get("content-length", "0")
    too_large = ProblemError("body_too_large", f"at most {limit} bytes")
    if stated.isdigit() and int(stated) > limit:
        raise too_large
    turnstile: Turnstile = request.app.state.turnstile
    received = bytearray()
    with turnstile.receiving():
        async for chunk in request.stream():
            received += chunk
            if len(received) > limit:
                raise too_large
    return bytes(received)


def _unzipped(packed: bytes) -> Iterator[bytes]:
    """A gzip file may have several members."""
    while packed:
        unpacker = zlib.decompressobj(_GZIP)
        while not unpacker.eof:
            chunk = unpacker.decompress(packed, _CHUNK)
            packed = unpacker.unconsumed_tail
            if not chunk and not packed and not unpacker.eof:
                raise EOFError
            yield chunk
        packed = unpacker.unused_data


def _unzstd(packed: bytes) -> Iterator[bytes]:
    """A zstd file may have several frames."""
    if not packed:
        raise EOFError
    unpacker = zstandard.ZstdDecompressor(max_window_size=_LARGEST_ZSTD_WINDOW)
    with unpacker.stream_reader(packed, read_across_frames=True) as reader:
        while chunk := reader.read(_CHUNK):
            yield chunk
