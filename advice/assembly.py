"""An advisor from the shelf: the champions, or the bundles of an old decision."""

from collections.abc import Mapping
from pathlib import Path

from advice.advisor import Advisor
from advice.errors import AdviceError
from advice.knowledge import shared_settings
from decisions.policy.load import SHIPPED, Policy
from scoring.bundle import Bundle
from scoring.shelf import TARGETS, champion_id, shelf_path

DEFAULT_POLICY = SHIPPED / "reseller-default.yaml"
STOP_FILE = "stop"  # while it exists nobody new is suspended or blocked


def champion_ids(home: Path) -> dict[str, str]:
    """The bundle in force per target; targets without one are left out."""
    found = {target: champion_id(home, target) for target in TARGETS}
    return {target: name for target, name in found.items() if name is not None}


def assemble(home: Path, bundle_ids: Mapping[str, str], policy: Policy) -> Advisor:
    """Load bundles from the shelf and put them together with a policy.

    Raises:
        ScoringError, AdviceError: naming what is damaged or does not fit.
    """
    bundles = {
        target: Bundle.load(shelf_path(home, target, bundle_id))
        for target, bundle_id in bundle_ids.items()
    }
    return Advisor(bundles, policy)


def misfit(home: Path) -> str | None:
    """Why the champions cannot be in force together; None when they can."""
    bundles = {
        target: Bundle.load(shelf_path(home, target, bundle_id))
        for target, bundle_id in champion_ids(home).items()
    }
    try:
        shared_settings(bundles)
    except AdviceError as error:
        return str(error)
    return None


def is_stopped(home: Path) -> bool:
    """The kill switch: whether the file `stop` lies in the state folder."""
    return (home / STOP_FILE).exists()
