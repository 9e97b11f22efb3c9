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
    "export",
    "change_policy",  # try and submit a change
    "publish_policy",  # agree to a change of somebody else
    "release_alarm",  # let automation go on that monitoring stopped
    "see_access",  # who looked at what
]
DEEDS: tuple[Deed, ...] = get_args(Deed)
_READ: frozenset[Deed] = frozenset({"look", "export"})
_CASEWORK: frozenset[Deed] = frozenset({"look", "score", "snooze", "override", "hold"})
MAY: Mapping[Role, frozenset[Deed]] = {
    "risk_analyst": _CASEWORK
    | {"ask_provider", "export", "change_policy", "release_alarm"},
    "collections": _CASEWORK | {"ask_provider"},
    "account_manager": frozenset({"look", "score", "snooze", "hold"}),
    "approver": frozenset({"look", "score", "snooze", "approve", "publish_policy"}),
    "auditor": _READ | {"see_access"},
    "admin": frozenset(DEEDS),
}
# whoever is bound to some customers does not decide about all
ABOUT_EVERYBODY: frozenset[Deed] = frozenset(
    {"change_policy", "publish_policy", "release_alarm", "see_access"}
)
