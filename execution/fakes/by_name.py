"""The fake of each provider."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

from execution.fakes.google import FakeGoogleChannel, FakeGoogleReseller
from execution.fakes.kill_bill import FakeKillBill
from execution.fakes.partner_center import FakePartnerCenter
from execution.fakes.server import Fake, Fault
from execution.fakes.webhook import FakeReceiver
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
