#!/bin/sh
# zstandard 0.25.0: stream_reader reads a stream that was cut as if it were whole.
#
# Of an upload that broke off gzip raises EOFError at its end, and zstandard's own
# decompress() raises ZstdError. A good engineer unpacks the same bytes step by step, to
# bound the memory, and trusts that read() raises as well where the last frame has no
# end. It returns what came so far, then b"" as at the end of a whole stream. Of lines
# of text that is a shorter file which looks complete; no flag of the reader tells.
# Have the sender state the length or a hash, or use decompressobj() and look at `eof`.
#
# Seen with Python 3.11 on 2026-11-30:
#   whole: 2000000 bytes | cut in the middle: 1179648 bytes, no error | gzip: EOFError | decompressobj: eof False
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check zstandard==0.25.0
"$folder/venv/bin/python" - <<'PYTHON'
import gzip
import io
import random

import zstandard

dice = random.Random(1)
lines = bytes(dice.choices(b"0123456789,\n", k=2_000_000))
packed, zipped = zstandard.compress(lines), gzip.compress(lines)


def read(stream: bytes) -> int:
    reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(stream))
    total = 0
    while chunk := reader.read(65_536):
        total += len(chunk)
    return total


half = packed[: len(packed) * 6 // 10]
whole, cut = read(packed), read(half)
try:
    gzip.decompress(zipped[: len(zipped) // 2])
    told = "nothing"
except EOFError:
    told = "EOFError"
unpacker = zstandard.ZstdDecompressor().decompressobj()
unpacker.decompress(half)
print(
    f"whole: {whole} bytes | cut in the middle: {cut} bytes, no error"
    f" | gzip: {told} | decompressobj: eof {unpacker.eof}"
)
assert whole == len(lines), "changed"
assert 0 < cut < whole, "changed"
assert (told, unpacker.eof) == ("EOFError", False), "changed"
PYTHON
