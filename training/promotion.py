"""Promotion: from a registered version to the bundle that serves, and back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlflow import MlflowClient

from advice.assembly import champion_ids
from advice.currency import in_portfolio_currency
from advice.errors import CurrencyMismatchError
from decisions.policy_file.load import Policy
from decisions.terms import Terms
from features.targets import Target
from scoring.bundle import Bundle
from scoring.cards import PromotionGate, keep_gates
from scoring.shelf import champion_id
from training.comparison import gates, in_common
from training.errors import (
    NoReasonGivenError,
    NoSuchVersionError,
    NothingToRollBackError,
    NotSuspectedError,
)
from training.fetched_version import (
    FetchedVersion,
    fetched_version,
    shipped_starter,
)
from training.promotion_log import (
    Kind,
    PromotionRecord,
    account,
    to_take_back,
    was_unserved,
)
from training.shadow_gate import shadow_gate
from training.tracking import (
    CHALLENGER,
    CHAMPION,
    Tracker,
    carry_out,
    registered_name,
    version_of,
)

if TYPE_CHECKING:
    from store.shadows import Shadow


@dataclass(frozen=True)
class Promotion:
    """What came of a promotion.

    Args:
        bundle: of the version asked about.
        before: id of the bundle that served before; None when nothing did.
        gates: what was measured; empty for a pull or a rollback.
        is_done: whether it serves now; a gate that was not passed leaves the champion.
    """

    target: Target
    version: str | None
    bundle: Bundle
    before: str | None
    gates: tuple[PromotionGate, ...] = ()
    is_done: bool = True

    @property
    def is_change(self) -> bool:
        return self.before != self.bundle.bundle_id


def promote(
    target: Target,
    tracker: Tracker,
    version: str | None = None,
    *,
    terms: Terms,
    because: str | None = None,
    is_forced: bool = False,
    accepted: Sequence[str] = (),
    shadows: Sequence["Shadow"] = (),
    needs_shadow: bool = False,
    decides: Policy | None = None,
) -> Promotion:
    """Compare a registered version with the champion; where it holds up, it serves.

    Nothing is measured or written down where that version is in force already.

    Args:
        target: whose model.
        tracker: the registry, and the home to publish to.
        version: of the registered model; None for the `challenger`.
        terms: of the policy whose costs weigh the difference.
        because: why; recorded, and needed to force or to accept.
        is_forced: promote although a gate is not passed.
        accepted: features suspected of a leak that were known at their moment after
            all.
        shadows: what challengers would have decided, as a service's store has it.
        needs_shadow: a challenger that was not asked often enough stays one.
        decides: the policy in force, under which shadows count; None: that of `terms`.

    Raises:
        NoSuchVersionError: if the registry has no such version.
        NoReasonGivenError: forced or accepted without saying why.
        NotSuspectedError: if a feature is accepted that this version does not suspect.
        RegistryUnavailableError: if the registry does not answer.
    """
    _require_reason(because, is_needed=is_forced or bool(accepted))
    with tracker.connected() as client:
        number = version or _version_of(client, registered_name(target), CHALLENGER)
        with fetched_version(client, target, number) as fetched:
            _require_suspected(accepted, fetched)
            bundle_id = fetched.bundle.bundle_id
            before = champion_id(tracker.home, target)
            if before == bundle_id and _champion_version(client, target) == number:
                return Promotion(target, number, fetched.bundle, before)
            measured = tuple(_gates(client, target, fetched, terms, accepted))
            if before not in (None, bundle_id):
                asked = target, bundle_id, champion_ids(tracker.home), shadows
                recorded = _recorded_hash(decides, fetched.bundle) or terms.hash
                measured += (shadow_gate(*asked, recorded, is_required=needs_shadow),)
            _keep(tracker, target, bundle_id, measured)
            is_done = _taken_up(
                *(client, tracker, target, fetched, measured),
                because=because,
                accepted=accepted,
                is_forced=is_forced,
            )
            return Promotion(target, number, fetched.bundle, before, measured, is_done)


def _taken_up(
    client: MlflowClient,
    tracker: Tracker,
    target: Target,
    fetched: FetchedVersion,
    gates: tuple[PromotionGate, ...],
    *,
    because: str | None,
    accepted: Sequence[str],
    is_forced: bool,
) -> bool:
    """Whether it serves from now on: each gate is passed, or somebody forces it."""
    passed = all(gate.is_passed is not False for gate in gates)
    if not (passed or is_forced):
        return False
    serving = _champion_version(client, target)
    before = champion_id(tracker.home, target)
    record = _record(
        *("promotion", target, fetched, serving, before),
        because=because,
        is_forced=is_forced and not passed,
        gates=gates,
        accepted=dict.fromkeys(accepted, because or ""),
    )
    carry_out(client, tracker, record, fetched.folder)
    return True


def _require_reason(because: str | None, *, is_needed: bool = True) -> None:
    if is_needed and not (because or "").strip():
        raise NoReasonGivenError


def _keep(
    tracker: Tracker, target: Target, bundle_id: str, measured: Sequence[PromotionGate]
) -> None:
    """On the model's card, what the gates said of it."""
    keep_gates(tracker.home, target, bundle_id, measured)


def rollback(
    target: Target, tracker: Tracker, because: str, *, is_to_starter: bool = False
) -> Promotion:
    """Go back to the champion before the one in force; before the first, the starter.

    Args:
        target: whose model.
        tracker: the registry, and the home to publish to.
        because: why; recorded.
        is_to_starter: to the starter at once, whatever served before.

    Raises:
        NothingToRollBackError: if none served before it, or it is not known which.
        NoReasonGivenError: without a reason.
    """
    _require_reason(because)
    with tracker.connected() as client:
        before = champion_id(tracker.home, target)
        number = None if is_to_starter else _version_before(tracker, target)
        taken = (
            fetched_version(client, target, number)
            if number
            else shipped_starter(tracker.home, target)
        )
        with taken as fetched:
            promotion = Promotion(target, number, fetched.bundle, before)
            current = _champion_version(client, target)
            record = _record(
                "rollback", target, fetched, current, before, because=because
            )
            carry_out(client, tracker, record, fetched.folder)
            return promotion


def _version_before(tracker: Tracker, target: Target) -> str | None:
    """The version that served before the one in force; None: the starter."""
    undone = to_take_back(tracker.promotions.history(target))
    if undone is None:
        raise NothingToRollBackError(target)
    if undone.before_version is None and not was_unserved(tracker.home, undone):
        raise NothingToRollBackError(target)
    return undone.before_version


def pull(target: Target, tracker: Tracker) -> Promotion:
    """Publish the registry's champion here, for a machine that only serves.

    Raises:
        NoSuchVersionError: if the registry has no champion of this target.
    """
    with tracker.connected() as client:
        number = _version_of(client, registered_name(target), CHAMPION)
        with fetched_version(client, target, number) as fetched:
            before = champion_id(tracker.home, target)
            pulled = Promotion(target, number, fetched.bundle, before)
            if pulled.is_change:
                record = _record("pull", target, fetched, None, before, because=None)
                carry_out(client, tracker, record, fetched.folder)
            return pulled


def registered_bundle(target: Target, tracker: Tracker) -> Bundle:
    """The bundle of the challenger. Nothing changes.

    Raises:
        NoSuchVersionError: if the registry has none.
        RegistryUnavailableError: if the registry does not answer.
    """
    with tracker.connected() as client:
        number = _version_of(client, registered_name(target), CHALLENGER)
        with fetched_version(client, target, number) as fetched:
            return fetched.bundle


def _gates(
    client: MlflowClient,
    target: Target,
    new: FetchedVersion,
    terms: Terms,
    accepted: Sequence[str],
) -> Iterator[PromotionGate]:
    """That no leak is suspected; then the comparison with another champion, if any."""
    yield _no_leak(new.suspected, accepted)
    current = _champion_version(client, target)
    if current in (None, new.version):
        return
    with fetched_version(client, target, current or "") as old:
        theirs = [old.judged]
        if new.judged_before_by == old.bundle_id:
            theirs.append(new.judged_before)
        kept = [one for one in theirs if one is not None]
        if new.judged is None or not kept:
            yield PromotionGate(
                "rows_in_common",
                False,
                "one of the two is from before judged rows were kept: train again, or"
                " --force with a reason",
            )
            return
        days = new.trained_on, old.trained_on
        both = max(
            (in_common(new.judged, one) for one in kept),
            key=lambda one: one.n_positives,
        )
        yield from gates(target, both, days, terms)


def _no_leak(suspected: Mapping[str, str], accepted: Sequence[str]) -> PromotionGate:
    left = {name: why for name, why in suspected.items() if name not in accepted}
    text = "; ".join(f"{name}: {why}" for name, why in left.items())
    return PromotionGate(
        "no_suspected_leak",
        not left,
        f"{text} (look at them, then --accept-leak NAME --because …)"
        if left
        else f"{', '.join(suspected) or 'none'} suspected, none left to be accepted",
    )


def _record(
    kind: Kind,
    target: Target,
    fetched: FetchedVersion,
    before_version: str | None,
    before: str | None,
    *,
    because: str | None,
    is_forced: bool = False,
    gates: Sequence[PromotionGate] = (),
    accepted: Mapping[str, str] | None = None,
) -> PromotionRecord:
    return PromotionRecord(
        kind=kind,
        target=target,
        version=fetched.version,
        bundle_id=fetched.bundle.bundle_id,
        before_version=before_version,
        before=before,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        who=account(),
        because=because,
        is_forced=is_forced,
        gates=tuple(gate._asdict() for gate in gates),
        accepted=dict(accepted or {}),
    )


def _champion_version(client: MlflowClient, target: Target) -> str | None:
    return version_of(client, registered_name(target), CHAMPION)


def _require_suspected(accepted: Sequence[str], fetched: FetchedVersion) -> None:
    unknown = [name for name in accepted if name not in fetched.suspected]
    if unknown:
        raise NotSuspectedError(unknown, fetched.suspected)


def _recorded_hash(policy: Policy | None, bundle: Bundle) -> str | None:
    """Of the policy as decisions record it: in the currency of the portfolio."""
    if policy is None:
        return None
    try:
        return in_portfolio_currency(policy, bundle.settings).hash
    except CurrencyMismatchError:  # nothing is decided by it
        return policy.hash


def _version_of(client: MlflowClient, name: str, alias: str) -> str:
    version = version_of(client, name, alias)
    if version is None:
        raise NoSuchVersionError(f"the registry has no {alias} of {name}")
    return version
