"""The bundles and the policy in force, taken up anew when they change.

A new state is loaded whole beside the old one and then replaces it in one
assignment: no request ever sees half of each. What cannot be loaded is reported and
the old state stays.
"""

import asyncio
import gc
import logging
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from advice.advisor import Advisor
from advice.assembly import DEFAULT_POLICY, assemble, champion_ids
from advice.errors import NoBundleError
from decisions.policy.load import parse_policy
from scoring.shelf import TARGETS
from serving.answer import Versions, versions_of
from serving.metrics import Metrics
from serving.settings import ServingSettings

log = logging.getLogger("forbear.serving")
Stamp = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class InForce:
    """What answers requests from now on."""

    advisor: Advisor
    versions: Versions
    policy_text: str
    n_customers: int | None  # the base of budgets stated as a share


def put_in_force(
    home: Path,
    bundle_ids: dict[str, str],
    policy_text: str,
    n_customers: int | None = None,
) -> InForce:
    """Load bundles from the shelf and put them together with a policy.

    `n_customers` absent: as many as the bundles' portfolio had in training.

    Raises:
        ScoringError, DecisionError, AdviceError: naming what does not fit.
    """
    advisor = assemble(home, bundle_ids, parse_policy(policy_text))
    hashes = {
        target: sha256(bundle.files["manifest.json"]).hexdigest()
        for target, bundle in advisor.bundles.items()
    }
    versions = versions_of(advisor, hashes)
    return InForce(advisor, versions, policy_text, n_customers or advisor.n_customers)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why what lies there now is not in force."""

    code: str
    sentence: str

    @classmethod
    def of(cls, error: Exception) -> "Refusal":
        code = getattr(error, "code", None)
        if isinstance(code, str):
            return cls(code, str(error))
        if isinstance(error, OSError):
            return cls("file_problem", str(error))
        if isinstance(error, UnicodeDecodeError):
            return cls("file_problem", f"not UTF-8 text: {error}")
        return cls("not_usable", f"{type(error).__name__}: {error}")


class Champions:
    """Watches the shelf and the policy file."""

    def __init__(self, settings: ServingSettings, metrics: Metrics) -> None:
        self._home = settings.home
        self._policy_file = settings.policy or DEFAULT_POLICY
        self._n_customers = settings.customers
        self._poll_s = settings.poll_s
        self._metrics = metrics
        self._loaded: Stamp | None = None
        self._failed: Stamp | None = None
        self.in_force: InForce | None = None
        self.refusal: Refusal | None = Refusal.of(NoBundleError())

    async def watch(self) -> None:
        """Look again and again, off the event loop."""
        while True:
            await asyncio.sleep(self._poll_s)
            await asyncio.to_thread(self._look_again)

    def _look_again(self) -> None:
        if self._stamp() not in (self._loaded, self._failed):
            self.look()

    def look(self) -> None:
        """Take up what is in force now; keep the old state if that fails."""
        stamp = self._stamp()
        try:
            ids = champion_ids(self._home)
            text = self._policy_file.read_text(encoding="utf-8")
            found = put_in_force(self._home, ids, text, self._n_customers)
        except Exception as error:
            # whatever a file holds, the service goes on with what it has
            self._failed, self.refusal = stamp, Refusal.of(error)
            if not isinstance(error, NoBundleError):  # an empty shelf is no failure
                self._metrics.count_reload_failure()
                log.error("kept what was in force: %s", self.refusal.sentence)  # noqa: TRY400 - the place says nothing
            return
        self._loaded, self._failed, self.refusal = stamp, None, None
        self.in_force = found
        for note in found.advisor.notes:
            log.warning("%s", note)
        self._metrics.show_bundles(
            (target, bundle.bundle_id)
            for target, bundle in found.advisor.bundles.items()
        )
        # models live as long as the process: keep the collector from walking them,
        # which is what makes the slowest answers slow
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def _stamp(self) -> Stamp:
        pointers = (self._home / "bundles" / target / "champion" for target in TARGETS)
        return tuple(_stamp(file) for file in (*pointers, self._policy_file))


def _stamp(file: Path) -> Stamp:
    """Changes when the file does; replacing a file gives it another inode."""
    try:
        seen = file.stat()
    except OSError:
        return ("absent",)
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino)
