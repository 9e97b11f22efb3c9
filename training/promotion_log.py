"""Who made which model champion, when and why; whole also after a kill.

A promotion changes two places: the alias in the registry and the champion on the shelf.
So it is written down first (`pending.json`), then carried out, then moved to
`history.jsonl`. Whoever is killed in between leaves the intent behind, and the next one
completes it. A lock lets one at a time at both; the system ends it with its process.
"""

import getpass
import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from features.targets import Target
from scoring.shelf import make_home
from scoring.starter import is_a_starter

_log = logging.getLogger("forbear.training")
Kind = Literal["first", "promotion", "rollback", "pull"]


@dataclass(frozen=True)
class PromotionRecord:
    """One change of champion.

    Args:
        kind: `first` of its target, a `promotion`, a `rollback`, or a `pull`.
        version: of the registry; None: the starter, which is in no registry.
        before_version: None where nothing of the registry served, or it is not known.
        at: ISO 8601, UTC.
        who: the account that asked for it.
        because: the reason given; needed where a gate was not passed.
        gates: name, is_passed and text of what was measured.
        accepted: suspected leaks signed off, by feature, with the reason.
    """

    kind: Kind
    target: Target
    version: str | None
    bundle_id: str
    before_version: str | None
    before: str | None
    at: str
    who: str
    because: str | None = None
    is_forced: bool = False
    gates: tuple[dict[str, object], ...] = ()
    accepted: dict[str, str] = field(default_factory=dict)


class PromotionLog:
    """The promotions of one state folder."""

    def __init__(self, home: Path) -> None:
        self._home, self._folder = home, home / "promotions"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else trains to the end or promotes while the block lasts.

        Whoever must wait says so in the log, once, and for which process.
        """
        make_home(self._home)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        lock = FileLock(self._folder / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _log.warning("waiting until %s has trained or promoted", self._whoever())
            lock.acquire()
        try:
            with suppress(OSError):  # a courtesy to who waits
                moment = datetime.now(UTC).isoformat(timespec="seconds")
                told = f"process {os.getpid()} of {account()} (since {moment})"
                self._holder.write_text(told, encoding="utf-8")
            yield
        finally:
            with suppress(OSError):
                self._holder.unlink()
            lock.release()

    def _whoever(self) -> str:
        """The process that holds the lock, as it says itself."""
        with suppress(OSError):  # it goes with the lock
            return self._holder.read_text(encoding="utf-8")
        return "another process"

    def begin(self, record: PromotionRecord) -> None:
        """Write down what is about to be done."""
        draft = self._folder / "pending.new"
        _write_through(draft, _line(record))
        draft.replace(self._pending)

    def pending(self) -> PromotionRecord | None:
        """What was begun and not completed."""
        if not self._pending.is_file():
            return None
        return _record(self._pending.read_text(encoding="utf-8"))

    def complete(self) -> None:
        """Move what was begun to the history; once, however often it is tried."""
        record = self.pending()
        if record is None:
            return
        done = self.history()
        if record not in done[-1:]:
            _write_through(
                self._history, "".join(map(_line, done)) + _line(record), replace=True
            )
        self._pending.unlink()

    def history(self, target: str | None = None) -> list[PromotionRecord]:
        """All changes of champion so far, the oldest first."""
        if not self._history.is_file():
            return []
        lines = self._history.read_text(encoding="utf-8").splitlines()
        records = [_record(line) for line in lines]
        return [one for one in records if target in (None, one.target)]

    @property
    def _pending(self) -> Path:
        return self._folder / "pending.json"

    @property
    def _holder(self) -> Path:
        return self._folder / "holder.txt"

    @property
    def _history(self) -> Path:
        return self._folder / "history.jsonl"


def account() -> str:
    """Who runs this process: the login name, or the user id where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as an id without an entry
        return f"uid {os.getuid()}"


def to_take_back(changes: Sequence[PromotionRecord]) -> PromotionRecord | None:
    """The change that a rollback takes back; None where none is left.

    Each rollback takes back one change that is not a rollback, so a second one goes
    further back, and never to what was rolled back; one to the starter takes back all.
    To promote what serves already changes nothing that could be taken back.
    """
    left: list[PromotionRecord] = []
    for change in changes:
        if change.kind == "rollback":
            del left[-1 if change.version is not None else 0 :]
        elif change.version != change.before_version:
            left.append(change)
    return left[-1] if left else None


def was_unserved(home: Path, change: PromotionRecord) -> bool:
    """Whether a starter stood in before a change, or nothing of its target did.

    Of whatever release: an upgrade may bring another starter.
    """
    if change.before_version is not None:
        return False
    return change.before is None or is_a_starter(home, change.target, change.before)


def is_back_at_starter(changes: Sequence[PromotionRecord]) -> bool:
    """Whether somebody took back every model of a target: the starter serves since."""
    return bool(changes) and changes[-1].version is None


def _line(record: PromotionRecord) -> str:
    return json.dumps(asdict(record), ensure_ascii=False) + "\n"


def _record(line: str) -> PromotionRecord:
    document = json.loads(line)
    return PromotionRecord(**{**document, "gates": tuple(document["gates"])})


def _write_through(path: Path, text: str, *, replace: bool = False) -> None:
    """Write and flush to the disk; with `replace` whole or not at all."""
    place = path.with_name(path.name + ".new") if replace else path
    with place.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if replace:
        place.replace(path)
