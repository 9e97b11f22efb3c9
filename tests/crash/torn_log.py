"""What a power cut may leave of SQLite's log: bytes that were never flushed, torn.

Flushed is what an acknowledged commit rests on. Behind the last commit of the log lies
what was being written when the process died, and that may be anything.
"""

from pathlib import Path
from random import Random

_HEADER, _FRAME = 32, 24  # bytes, by the file format of SQLite's write-ahead log


def tear(log: Path, chance: Random) -> bool:
    """Overwrite or add bytes behind the last commit; whether there was a log."""
    content = bytearray(log.read_bytes()) if log.is_file() else bytearray()
    if len(content) < _HEADER:
        return False
    end = _end_of_last_commit(content)
    torn = chance.randbytes(chance.randint(1, 20_000))
    content[end : end + len(torn)] = torn
    log.write_bytes(content)
    return True


def _end_of_last_commit(content: bytearray) -> int:
    page_size = int.from_bytes(content[8:12], "big")
    salts, end, begin = content[16:24], _HEADER, _HEADER
    while begin + _FRAME + page_size <= len(content):
        frame = content[begin : begin + _FRAME]
        if frame[8:16] != salts:  # left from before the log began anew
            break
        begin += _FRAME + page_size
        if int.from_bytes(frame[4:8], "big"):  # the last frame of a commit
            end = begin
    return end
