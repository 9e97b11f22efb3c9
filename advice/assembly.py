"""Makes an advisor of stored bundles: the champions, or those of an old decision."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from advice.advisor import Advisor
from advice.errors import AdviceError, ChampionGoneError, WrongTargetError
from advice.knowledge import settings_of
from decisions.policy_file.load import SHIPPED, Policy
from features.settings import PortfolioSettings
from features.targets import TARGETS
from scoring.bundle import Bundle
from scoring.shelf import champion_id, was_promoted
from scoring.starter import bundle_folder, is_a_starter, starters

DEFAULT_POLICY = SHIPPED / "reseller-default.yaml"
STOP_FILE = "stop"  # while it exists nobody new is suspended or blocked


def champion_ids(home: Path) -> dict[str, str]:
    """The bundle in force per target; targets without one are left out."""
    id_by_target = {target: champion_id(home, target) for target in TARGETS}
    return {target: name for target, name in id_by_target.items() if name is not None}


def ids_in_force(home: Path) -> dict[str, str]:
    """The champions; the starters where no model of the portfolio is among them.

    Beside a model of one's own the starter serves where somebody went back to it.

    Raises:
        ChampionGoneError: a target had a champion here and has none now.
    """
    champions = champion_ids(home)
    for target in TARGETS:
        if target not in champions and was_promoted(home, target):
            raise ChampionGoneError(target, home)
    if not all(is_a_starter(home, *champion) for champion in champions.items()):
        return champions
    ids = {target: bundle.bundle_id for target, bundle in starters().items()}
    return ids | champions


def assemble(
    home: Path,
    bundle_ids: Mapping[str, str],
    policy: Policy,
    settings: PortfolioSettings | None = None,
) -> Advisor:
    """Load bundles and put them together with a policy.

    Args:
        home: the state folder.
        bundle_ids: by target, of the shelf or of a starter.
        policy: decides.
        settings: of the portfolio that is asked about. The starter, which has none of
            its own, goes by them; trained bundles keep theirs.

    Raises:
        ScoringError, AdviceError: naming what is damaged or does not fit.
    """
    bundles = load_bundles(home, bundle_ids)
    is_trained = any(not bundle.is_starter for bundle in bundles.values())
    return Advisor(bundles, policy, None if is_trained else settings)


def load_bundles(home: Path, bundle_ids: Mapping[str, str]) -> dict[str, Bundle]:
    """Bundles by target, of the shelf or of a starter.

    Raises:
        ScoringError, WrongTargetError: naming what is damaged or of another target.
    """
    bundles = {
        target: Bundle.load(bundle_folder(home, target, bundle_id))
        for target, bundle_id in bundle_ids.items()
    }
    for target, bundle in bundles.items():
        if bundle.target != target:
            raise WrongTargetError(bundle.bundle_id, bundle.target, target)
    return bundles


def misfit(home: Path) -> str | None:
    """Why the champions cannot be in force together; None when they can."""
    try:
        settings_of(load_bundles(home, ids_in_force(home)))
    except AdviceError as error:
        return str(error)
    return None


def is_stopped(home: Path) -> bool:
    """The kill switch: whether the file `stop` lies in the state folder."""
    return os.path.exists(_stop_file(home))  # noqa: PTH110 - asked with each score


@cache
def _stop_file(home: Path) -> str:
    return str(home / STOP_FILE)
