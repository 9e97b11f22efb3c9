"""The worlds of the benchmarks: six that are named, and one for every number.

The world `drawn-17` is drawn by the number 17, so nothing can have been tuned to it.
"""

from dataclasses import replace

import numpy as np

from simulation.worlds import CALM, FRAUD_WAVE, RECESSION, World, WorldError

WORLDS = {
    "calm": CALM,
    "recession": RECESSION,
    "fraud-wave": FRAUD_WAVE,
    "little-fraud": replace(
        CALM,
        name="little-fraud",
        fraud_share_new=(0.010, 0.008),
        fraud_share_at_start=(0.006, 0.0),
        hijack_prone=0.02,
    ),
    "late-payers": replace(
        CALM,
        name="late-payers",
        pay_log_odds=(2.6, 2.1, 1.8, -2.5, 9.0, 2.6, 2.3),
        macro_sd=0.15,
        partial_share=0.10,
        dispute_per_invoice=0.006,
    ),
    "careful-fraud": replace(
        CALM,
        name="careful-fraud",
        careful_share=0.9,
        wave_careful_share=0.95,
        abuse_starts_new=0.3,
        found_per_month=0.15,
        reviewed_share_of_alerts=0.2,
        burst_per_month=0.025,
    ),
}
DRAWN = "drawn-"


def world_of(name: str) -> World:
    """One of the six, or `drawn-NUMBER`.

    Raises:
        WorldError: if it is neither.
    """
    number = name.removeprefix(DRAWN)
    if name.startswith(DRAWN) and number.isdecimal():
        return drawn(int(number))
    if name not in WORLDS:
        raise WorldError(f"{name}: choose {', '.join(WORLDS)} or {DRAWN}NUMBER")
    return WORLDS[name]


def drawn(number: int) -> World:
    """A world whose fraud, payers, economy and signals are drawn by its number."""
    rng = np.random.default_rng([number, 77])
    base = (CALM, RECESSION, FRAUD_WAVE)[int(rng.integers(3))]
    richness = float(rng.uniform(0.3, 1.2))  # of fraud, against the base
    worse = float(rng.normal(0.0, 0.25))  # log-odds of paying
    solvent, fragile, strategic, *_ = base.pay_log_odds
    first_party, stolen_card = base.fraud_share_new
    return replace(
        base,
        name=f"{DRAWN}{number}",
        fraud_share_new=(richness * first_party, richness * stolen_card),
        fraud_share_at_start=(richness * base.fraud_share_at_start[0], 0.0),
        pay_log_odds=(
            solvent - worse,
            fragile - worse,
            strategic - worse,
            *base.pay_log_odds[3:],
        ),
        macro_sd=float(rng.uniform(0.04, 0.15)),
        careful_share=float(rng.uniform(0.5, 0.9)),
        liquidity_effect=float(rng.uniform(0.3, 0.6)),
        distress_log_odds=float(rng.uniform(5.5, 8.0)),
        chargeback_share=float(rng.uniform(0.7, 0.95)),
        abuse_starts_new=float(rng.uniform(0.3, 0.6)),
        found_per_month=float(rng.uniform(0.15, 0.35)),
        reviewed_share_of_alerts=float(rng.uniform(0.2, 0.5)),
        burst_per_month=float(rng.uniform(0.008, 0.025)),
        usage_share=float(rng.uniform(0.3, 0.7)),
        missing_share=float(rng.uniform(0.0, 0.15)),
    )
