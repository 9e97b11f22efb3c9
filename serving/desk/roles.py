"""What each role may do at the desk: the one table."""

from collections.abc import Mapping
from typing import Literal, get_args

from store.keys import Role

Deed = Literal[
    "look",  # every page
    "score",  # ask again now
    "snooze",
    "override",
    "hold",
    "ask_provider",
    "approve",
    "decide_appeal",
    "release_hold",  # end a hold or somebody's own decision early
    "find_out",  # say that fraud is confirmed, or that it was none
    "export",
    "change_policy",  # try and submit a change
    "publish_policy",  # agree to a change of somebody else
    "release_alarm",  # let automation go on that monitoring stopped
    "see_access",  # who looked at what
]
DEEDS: tuple[Deed, ...] = get_args(Deed)
_READ: frozenset[Deed] = frozenset({"look", "export"})
_CASEWORK: frozenset[Deed] = frozenset(
    {"look", "score", "snooze", "override", "hold", "release_hold"}
)
_INQUIRY: frozenset[Deed] = frozenset({"ask_provider", "decide_appeal", "find_out"})
_RULES: frozenset[Deed] = frozenset({"export", "change_policy", "release_alarm"})
MAY: Mapping[Role, frozenset[Deed]] = {
    "risk_analyst": _CASEWORK | _INQUIRY | _RULES,
    "collections": _CASEWORK | {"ask_provider"},
    "account_manager": frozenset({"look", "score", "snooze", "hold", "release_hold"}),
    "approver": frozenset(
        {"look", "score", "snooze", "approve", "decide_appeal", "publish_policy"}
    ),
    "auditor": _READ | {"see_access"},
    "admin": frozenset(DEEDS),
}
# whoever is bound to some customers does not decide about all
ABOUT_EVERYBODY: frozenset[Deed] = frozenset(
    {"change_policy", "publish_policy", "release_alarm", "see_access"}
)
