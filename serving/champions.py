"""The bundles and the policy in force, taken up anew when they change.

A new state is loaded whole beside the old one and then replaces it in one
assignment: no request ever sees half of each. What cannot be loaded is reported and
the old state stays.
"""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

from advice.advisor import Advisor
from advice.assembly import (
    DEFAULT_POLICY,
    champion_ids,
    ids_in_force,
    load_bundles,
)
from advice.errors import ChampionGoneError
from decisions.policy_file.load import Policy, default_policy, parse_policy
from features.targets import TARGETS
from scoring.bundle import Bundle
from scoring.starter import keep_starters
from serving.answer import Versions, versions_of
from serving.errors import own_code
from serving.guard import surviving
from serving.metrics import Metrics
from serving.settings import ServingSettings
from store.errors import StoreUnavailableError
from store.opening import published_policy
from store.policy_versions import PolicyVersion, PolicyVersions

log = logging.getLogger("forbear.serving")
KEPT = "kept what was in force"
Stamp = tuple[object, ...]
PolicyFrom = Literal["published", "file", "shipped"]


@dataclass(frozen=True, slots=True)
class InForce:
    """What answers requests from now on.

    `policy_from`: published in the store, a file (FORBEAR_POLICY), or as it ships.
    `file_hash`: of the policy as it is written, whatever currency it is counted in.
    """

    advisor: Advisor
    versions: Versions
    policy_text: str
    n_customers: int | None  # the base of budgets stated as a share
    settings_text: str | None = None  # of the settings file, where there is one
    policy_from: PolicyFrom = "shipped"
    file_hash: str = ""

    def documents(self) -> dict[str, str]:
        """What a replay reads again, by the hashes in `versions`."""
        documents = {self.advisor.policy.hash: self.policy_text}
        if self.settings_text is not None and self.versions.settings_hash is not None:
            documents[self.versions.settings_hash] = self.settings_text
        return documents


def put_in_force(
    home: Path,
    bundle_ids: dict[str, str],
    policy_text: str,
    n_customers: int | None = None,
    settings_text: str | None = None,
) -> InForce:
    """Load bundles from the shelf and put them together with a policy.

    `n_customers` absent: as many as the bundles' portfolio had in training.

    Raises:
        ScoringError, DecisionError, AdviceError, SettingsError: naming what does not
            fit.
    """
    bundles = load_bundles(home, bundle_ids)
    return put_together(bundles, policy_text, n_customers, settings_text)


def put_together(
    bundles: Mapping[str, Bundle],
    policy_text: str,
    n_customers: int | None = None,
    settings_text: str | None = None,
) -> InForce:
    """As `put_in_force`, of bundles that are loaded already."""
    stated = None
    if settings_text is not None:
        from features.reading.settings_file import parse_settings  # brings Arrow

        stated = parse_settings(settings_text).settings
    policy = _read(policy_text)
    advisor = Advisor(bundles, policy, stated)
    hashes = {
        target: sha256(bundle.files["manifest.json"]).hexdigest()
        for target, bundle in advisor.bundles.items()
    }
    versions = versions_of(advisor, hashes, settings_text)
    base = n_customers or advisor.n_customers
    return InForce(
        advisor,
        versions,
        policy_text,
        base,
        settings_text,
        file_hash=policy.hash,
    )


def _read(policy_text: str) -> Policy:
    """The policy; the one that ships, with which others are compared, is read once."""
    is_shipped = policy_text == DEFAULT_POLICY.read_text(encoding="utf-8")
    return default_policy() if is_shipped else parse_policy(policy_text)


def in_force_now(settings: ServingSettings) -> InForce:
    """What the shelf, the store and the files say now.

    Raises:
        ScoringError, DecisionError, AdviceError, SettingsError, OSError: naming what
            cannot be used.
        StoreUnavailableError: whether a policy was published cannot be read.
    """
    return _in_force(settings, published_policy(*settings.store))


def _in_force(settings: ServingSettings, published: PolicyVersion | None) -> InForce:
    """What was published goes before the file, in every service that shares a store."""
    file = settings.settings
    policy_text, policy_from = _policy(settings.policy, published)
    loaded = put_in_force(
        settings.home,
        ids_in_force(settings.home),
        policy_text,
        settings.customers,
        None if file is None else file.read_text(encoding="utf-8"),
    )
    return replace(loaded, policy_from=policy_from)


def _policy(
    file: Path | None, published: PolicyVersion | None
) -> tuple[str, PolicyFrom]:
    if published is None:
        text = (file or DEFAULT_POLICY).read_text(encoding="utf-8")
        return text, "shipped" if file is None else "file"
    return published.text, "published"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why what lies there now is not in force."""

    code: str
    sentence: str

    @classmethod
    def of(cls, error: Exception) -> "Refusal":
        code = own_code(error)
        if code is not None:
            return cls(code, str(error))
        if isinstance(error, FileNotFoundError) and error.filename is not None:
            gone = f"{error.filename} is not there: put it back, or start with another"
            return cls("file_problem", gone)
        if isinstance(error, OSError):
            return cls("file_problem", str(error))
        if isinstance(error, UnicodeDecodeError):
            return cls("file_problem", f"not UTF-8 text: {error}")
        return cls("not_usable", f"{type(error).__name__}: {error}")


LONGEST_WAIT_S = 60.0  # between two looks at what was refused
NOT_LOOKED_YET = Refusal("not_ready", "the models are being loaded")


class Champions:
    """Watches the shelf, the policy that was published, and the policy file.

    Args:
        settings: where they are.
        versions: of the policy; used by one thread at a time.
        metrics: show what is in force.
        taken_up: told of each state that comes into force.
    """

    def __init__(
        self,
        settings: ServingSettings,
        versions: PolicyVersions,
        metrics: Metrics,
        taken_up: Callable[[InForce], None] = lambda _: None,
    ) -> None:
        self._settings, self._home = settings, settings.home
        self._versions, self._n_published = versions, 0
        self._poll_s = settings.poll_s
        self._metrics, self._taken_up = metrics, taken_up
        self._seen: Stamp | None = None
        self._again_at = self._wait_s = 0.0
        self.in_force: InForce | None = None
        self.refusal: Refusal | None = NOT_LOOKED_YET

    async def watch(self, stop: asyncio.Event) -> None:
        """Look again and again, off the event loop; never after `stop`."""
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._poll_s)
                return
            await asyncio.to_thread(self._look_again)

    def _look_again(self) -> None:
        """Where something changed; what was refused also later and later again.

        A pointer may come before its bundle, and a disk may be back: what a file's own
        stamp does not show.
        """
        if self._stamp() != self._seen or (
            self.refusal is not None and time.monotonic() >= self._again_at
        ):
            self.look()

    def look(self) -> None:
        """Take up what is in force now; keep the old state if that fails."""
        stamp = self._stamp()
        is_new, self._seen = stamp != self._seen, stamp
        # whatever a file holds, the service goes on with what it has
        with surviving(lambda error: self._refuse(Refusal.of(error), is_new=is_new)):
            self._take_up(self._latest())

    def _take_up(self, latest: "InForce") -> None:
        with surviving():
            self._taken_up(latest)
        is_first = self.in_force is None
        self.refusal = None
        self.in_force = latest
        for note in latest.advisor.notes:
            log.warning("%s", note)
        policy = latest.advisor.policy
        log.info("policy %s (%s) in force", policy.reference, latest.file_hash[:12])
        self._metrics.show_refused(is_refused=False)
        self._metrics.show_in_force(
            policy.reference,
            [(t, bundle.bundle_id) for t, bundle in latest.advisor.bundles.items()],
        )
        # models live as long as the process: keep the collector from walking them,
        # which is what makes the slowest answers slow
        if not is_first:  # those that were in force go
            gc.unfreeze()
            gc.collect()
        gc.freeze()

    def _refuse(self, refusal: Refusal, *, is_new: bool) -> None:
        """Say so once, and look again after twice the time."""
        if is_new or refusal != self.refusal:
            self._metrics.count_reload_failure()
            kept = "nothing is in force" if self.in_force is None else KEPT
            log.error("%s: %s", kept, refusal.sentence)
        self.refusal = refusal
        self._metrics.show_refused(is_refused=True)
        self._wait_s = self._poll_s if is_new else min(2 * self._wait_s, LONGEST_WAIT_S)
        self._again_at = time.monotonic() + self._wait_s

    def _latest(self) -> InForce:
        """From the shelf and the files as they are now."""
        published = self._versions.latest()
        latest = _in_force(self._settings, published)
        if published is not None and self._settings.policy is not None:
            log.warning(
                "the published policy %s (%s) decides; FORBEAR_POLICY is not read",
                published.reference,
                published.policy_hash,
            )
        # the whole shelf may be gone, and with it what remembers the champions
        for target in _champions(self.in_force) - champion_ids(self._home).keys():
            raise ChampionGoneError(target, self._home)
        if any(bundle.is_starter for bundle in latest.advisor.bundles.values()):
            keep_starters(self._home)
        return latest

    def _stamp(self) -> Stamp:
        pointers = (self._home / "bundles" / target / "champion" for target in TARGETS)
        settings = self._settings
        files = (*pointers, settings.policy or DEFAULT_POLICY, settings.settings)
        with suppress(StoreUnavailableError):  # what is in force stays meanwhile
            self._n_published = self._versions.number()
        stamps = (_stamp(file) for file in files if file is not None)
        return self._n_published, *stamps


def _champions(in_force: InForce | None) -> set[str]:
    """Targets whose probability comes from a bundle that was promoted."""
    bundles = {} if in_force is None else in_force.advisor.bundles
    return {target for target, bundle in bundles.items() if not bundle.is_starter}


def _stamp(file: Path) -> Stamp:
    """Changes when the file does; replacing a file gives it another inode."""
    try:
        seen = file.stat()
    except OSError:
        return ("absent",)
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino)
