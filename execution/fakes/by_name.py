"""The fake of each provider."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

from execution.fakes.google import ACCOUNT, FakeGoogleChannel, FakeGoogleReseller
from execution.fakes.kill_bill import FakeKillBill
from execution.fakes.partner_center import FakePartnerCenter
from execution.fakes.server import Fake, Fault
from execution.fakes.webhook import SECRET, FakeReceiver
from execution.fakes.whmcs import FakeWhmcs


class FakeProvider(Fake, Protocol):
    """A fake that holds subscriptions of customers.

    Args:
        faults: of the next changes, in order.
    """

    faults: deque[Fault]

    def add(self, customer_id: str, subscription_id: str, **changes: object) -> None:
        """A subscription, active unless `changes` of its resource say otherwise."""
        ...

    def state(self, customer_id: str, subscription_id: str) -> str:
        """The state of a subscription, in the provider's words."""
        ...


FAKES: Mapping[str, Callable[[], FakeProvider]] = {
    "partner-center": FakePartnerCenter,
    "kill-bill": FakeKillBill,
    "google-reseller": FakeGoogleReseller,
    "google-channel": FakeGoogleChannel,
    "whmcs": FakeWhmcs,
    "webhook": FakeReceiver,
}
WITH_LOGIN = frozenset({"partner-center", "google-reseller", "google-channel"})
_ANY = "any"  # the fake does not look at it
_GOOGLE = {
    f"FORBEAR_GOOGLE_{name}": _ANY
    for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")
}
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "partner-center": {
        f"FORBEAR_PARTNER_CENTER_{name}": _ANY
        for name in ("TENANT", "CLIENT_ID", "CLIENT_SECRET")
    },
    "kill-bill": {
        f"FORBEAR_KILL_BILL_{name}": _ANY
        for name in ("USER", "PASSWORD", "API_KEY", "API_SECRET")
    },
    "google-reseller": _GOOGLE,
    "google-channel": {**_GOOGLE, "FORBEAR_GOOGLE_ACCOUNT": ACCOUNT},
    "whmcs": {f"FORBEAR_WHMCS_{name}": _ANY for name in ("IDENTIFIER", "SECRET")},
    "webhook": {"FORBEAR_ACT_WEBHOOK_SECRET": SECRET},
}


def settings_of(name: str) -> list[tuple[str, str]]:
    """The settings with which a fake is asked, in the order in which they are read."""
    return [*_SETTINGS[name].items()]
