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
from advice.errors import AdviceError, NoBundleError
from decisions.errors import DecisionError
from decisions.policy.load import parse_policy
from scoring.errors import ScoringError
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


def put_in_force(home: Path, bundle_ids: dict[str, str], policy_text: str) -> InForce:
    """Load bundles from the shelf and put them together with a policy.

    Raises:
        ScoringError, DecisionError, AdviceError: naming what does not fit.
    """
    advisor = assemble(home, bundle_ids, parse_policy(policy_text))
    hashes = {
        target: sha256(bundle.files["manifest.json"]).hexdigest()
        for target, bundle in advisor.bundles.items()
    }
    return InForce(advisor, versions_of(advisor, hashes), policy_text)


class Champions:
    """Watches the shelf and the policy file."""

    def __init__(self, settings: ServingSettings, metrics: Metrics) -> None:
        self._home = settings.home
        self._policy_file = settings.policy or DEFAULT_POLICY
        self._poll_s = settings.poll_s
        self._metrics = metrics
        self._loaded: Stamp | None = None
        self._failed: Stamp | None = None
        self.in_force: InForce | None = None
        self.failure = "nothing was published yet: `forbear train PORTFOLIO`"

    async def watch(self) -> None:
        """Look again and again, off the event loop."""
        while True:
            await asyncio.sleep(self._poll_s)
            if self._has_changed():
                await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Take up what is in force now; keep the old state if that fails."""
        stamp = self._stamp()
        try:
            ids = champion_ids(self._home)
            text = self._policy_file.read_text(encoding="utf-8")
            found = put_in_force(self._home, ids, text)
        except (ScoringError, DecisionError, AdviceError, OSError) as error:
            self._failed, self.failure = stamp, str(error)
            if not isinstance(error, NoBundleError):  # an empty shelf is no failure
                self._metrics.count_reload_failure()
                log.exception("kept the old models and policy")
            return
        self._loaded, self._failed = stamp, None
        self.in_force = found
        self._metrics.show_bundles(
            (target, bundle.bundle_id)
            for target, bundle in found.advisor.bundles.items()
        )
        # models live as long as the process: keep the collector from walking them,
        # which is what makes the slowest answers slow
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def _has_changed(self) -> bool:
        return self._stamp() not in (self._loaded, self._failed)

    def _stamp(self) -> Stamp:
        try:
            seen = self._policy_file.stat()
        except OSError:
            policy: Stamp = ("absent",)
        else:
            policy = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
        return (*sorted(champion_ids(self._home).items()), policy)
