"""Who uses whose device, address and card: rings of fraudsters, households, offices."""

from dataclasses import dataclass

import numpy as np

from simulation.scene import Scene
from simulation.streams import BEFORE_TIME, Draws, Flags, Ints

IN_AN_OFFICE = 40  # customers behind one address, about
_RING, _OFFICE, _HOUSEHOLD = 9_000_000, 8_000_000, 7_000_000


@dataclass(frozen=True)
class Homes:
    """Numbers per customer; equal numbers are the same thing."""

    ip: Ints
    device: Ints
    instrument: Ints


def homes(scene: Scene) -> Homes:
    """What each customer uses when at home, drawn once for ever."""
    people, world = scene.people, scene.world
    static = Draws(scene.draws.seed, len(people), BEFORE_TIME)
    everyone = np.arange(len(people))
    in_ring = _in_ring(scene, static)
    pair = everyone // 2 * 2
    together = static.happens("household", world.household_share)[pair]
    together &= ~people.is_fraudster
    household = np.where(together, _HOUSEHOLD + pair, everyone)
    office = _OFFICE + static.whole("office", 0, max(1, len(people) // IN_AN_OFFICE))
    at_work = static.happens("in_office", world.office_share) & ~people.is_fraudster
    device = np.where(in_ring, _RING + people.ring, household)
    one_card = in_ring & (people.ring % 3 == 0)
    return Homes(
        ip=np.where(at_work, office, device),
        device=device,
        instrument=np.where(one_card, _RING + people.ring, household),
    )


def _in_ring(scene: Scene, static: Draws) -> Flags:
    people, world = scene.people, scene.world
    share = np.where(people.is_careful, world.ring_share_careful, world.ring_share)
    return people.is_fraudster & static.happens("in_ring", share)
