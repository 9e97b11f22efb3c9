"""Every policy that came into force is kept, as it was written."""

import time
from contextlib import closing
from pathlib import Path

from serving.champions import InForce
from store.opening import open_policies

Place = tuple[Path, str | None]


def keep_policy(place: Place, in_force: InForce) -> None:
    """Write a policy down that has come into force; what is there stays."""
    policy = in_force.advisor.policy
    now = time.time_ns() // 1_000
    with closing(open_policies(*place)) as policies:
        policies.keep(policy.hash, policy.reference, now, in_force.policy_text)
