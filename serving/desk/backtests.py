"""A change of the policy tried on a portfolio's past, in a process of its own.

It is `forbear policy simulate`, by the change, against the policy in force. One at a
time in a state folder: it takes a core for minutes. The service that began it may end;
what came of it stands in files.
"""

import os
import shlex
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Literal

State = Literal["none", "running", "done", "failed"]
LONGEST_S = 6 * 3_600  # a mark that is older is of a machine that went down
DAYS_BETWEEN = 7  # between decisions and between scores: a look, not a judgement
_KEPT_BYTES = 4_000  # of what a failed run said last


class Backtests:
    """Begins backtests of changes and finds what came of them.

    Args:
        home: state folder; backtests stand in it under `desk/backtests`.
        portfolio: whose past they are tried on.
    """

    def __init__(self, home: Path, portfolio: Path) -> None:
        self._home, self._portfolio = home, portfolio
        self._folder = home / "desk" / "backtests"
        self._mark = self._folder / "running"

    def state(self, change_id: str) -> State:
        """What became of the backtest of a change."""
        if self.running() == change_id:
            return "running"
        place = self._folder / change_id
        if self.report(change_id) is not None:
            return "done"
        return "failed" if place.is_dir() else "none"

    def running(self) -> str | None:
        """The change whose backtest runs now; None: none does."""
        try:
            is_old = time.time() - self._mark.stat().st_mtime > LONGEST_S
            return None if is_old else self._mark.read_text().strip()
        except FileNotFoundError:
            return None

    def report(self, change_id: str) -> Path | None:
        """The page of a backtest that ended well."""
        page = self._folder / change_id / "out" / "report.html"
        is_ended = (self._folder / change_id / "ended").is_file()
        return page if is_ended and page.is_file() else None

    def said(self, change_id: str) -> str:
        """The last lines of a backtest that failed."""
        try:
            log = (self._folder / change_id / "log.txt").read_bytes()
        except FileNotFoundError:
            return ""
        return log[-_KEPT_BYTES:].decode(errors="replace")

    def begin(
        self, change_id: str, change: str, in_force: str, first: date, last: date
    ) -> bool:
        """Try a change, unless a backtest runs already; whether it was begun.

        Args:
            change_id: of the change.
            change: the policy file that is tried.
            in_force: the one it is compared with.
            first: the first day.
            last: the last day.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._is_ours(change_id):
            return False
        place = self._folder / change_id
        place.mkdir(mode=0o700, exist_ok=True)
        (place / "ended").unlink(missing_ok=True)
        files = {"change.yaml": change, "in-force.yaml": in_force}
        for name, text in files.items():
            (place / name).write_text(text, encoding="utf-8")
        command = [
            *(sys.executable, "-m", "cli.main", "policy", "simulate"),
            *(str(self._portfolio), "--out", str(place / "out")),
            *("--policy", str(place / "change.yaml")),
            *("--against", str(place / "in-force.yaml")),
            *("--from", first.isoformat(), "--to", last.isoformat()),
            *("--every", str(DAYS_BETWEEN), "--score-every", str(DAYS_BETWEEN)),
        ]
        ended, mark = (shlex.quote(str(p)) for p in (place / "ended", self._mark))
        # the shell says how it ended, also where the service has gone meanwhile
        script = f"(nice -n 10 {shlex.join(command)} && : > {ended}; rm -f {mark}) &"
        with (place / "log.txt").open("wb") as log:
            subprocess.run(
                ["/bin/sh", "-c", script],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "FORBEAR_HOME": str(self._home)},
                start_new_session=True,
            )
        return True

    def _is_ours(self, change_id: str) -> bool:
        """Takes the one place there is."""
        if self.running() is None:
            self._mark.unlink(missing_ok=True)
        try:
            with self._mark.open("x") as mark:
                mark.write(change_id)
        except FileExistsError:
            return False
        return True
