"""Worlds: everything that may differ between two simulated portfolios."""

from dataclasses import dataclass
from datetime import date

KINDS = (
    "solvent",
    "fragile",  # honest, but short of cash from time to time
    "strategic",  # pays late because it may
    "first_party",  # never meant to pay
    "stolen_card",  # pays with somebody else's card
    "takeover_prone",  # honest, with weak passwords
    "disputer",
)
SOLVENT, FRAGILE, STRATEGIC, FIRST_PARTY, STOLEN_CARD, TAKEOVER_PRONE, DISPUTER = range(
    len(KINDS)
)
ACTIONS = ("none", "remind", "review", "service_request", "suspend", "block")
NONE, REMIND, REVIEW, SERVICE_REQUEST, SUSPEND, BLOCK = range(len(ACTIONS))

PerKind = tuple[float, float, float, float, float, float, float]


class WorldError(Exception):
    """A world or a run that cannot be simulated; the message says what to change."""

    code = "simulation_world"


@dataclass(frozen=True, kw_only=True)
class World:
    """Parameters of a portfolio. Log-odds are of paying within a calendar month.

    The defaults are the calm world. Sources: prototype and public books named in
    the documentation; the fraud and lateness constants are quantiles measured there.
    """

    name: str
    start_on: date = date(2024, 7, 1)
    timezone: str = "Europe/Brussels"
    currency: str = "EUR"

    # who the customers are
    share_at_start: float = 0.6  # the others arrive evenly over the months
    share_of_kind: PerKind = (0.755, 0.135, 0.075, 0.0, 0.0, 0.02, 0.015)
    fraud_share_new: tuple[float, float] = (0.025, 0.022)  # first party, stolen card
    fraud_share_at_start: tuple[float, float] = (0.015, 0.0)
    careful_share: float = 0.75  # of fraudsters: look like anyone at sign-up
    wave_from_month: int | None = None  # fraud wave: more fraud, and more careful
    wave_factor: float = 1.0
    wave_careful_share: float = 0.85

    # who shares device and address (and a third of the rings a card), and with whom
    ring_share: float = 1.0  # of careless fraudsters: their ring's
    ring_share_careful: float = 0.0  # of careful ones
    household_share: float = 0.0  # of pairs of honest customers: one device and card
    office_share: float = 0.0  # of honest customers: one address for about forty

    # whether they pay
    pay_log_odds: PerKind = (3.1, 2.6, 2.2, -2.5, 9.0, 3.1, 2.8)
    inertia_sd: float = 0.35  # per customer, for ever
    liquidity_effect: float = 0.45  # per standard deviation of an AR(1), 0.8 / 0.6
    # a sudden shock to the cash of a customer, which decays
    distress_per_month: PerKind = (0.07, 0.15, 0.095, 0.0, 0.0, 0.07, 0.07)
    distress_log_odds: float = 7.0
    distress_kept_per_month: float = 0.4
    overdue_log_odds_per_day: float = 0.012  # up to 120 days
    usage_growth_effect: float = 0.25  # per log of usage above the customer's habit
    macro_sd: float = 0.08
    macro_shock_month: int | None = None
    macro_shock_log_odds: float = -0.6
    partial_share: float = 0.04  # of payments; three times that when fragile

    # what actions do: log-odds of paying by kind, per action none … block
    action_effects: tuple[PerKind, ...] = (
        (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        (0.35, 0.2, 0.35, 0.0, 0.0, 0.35, 0.2),
        (0.3, 0.3, 0.3, 0.0, 0.0, 0.3, 0.3),
        (1.0, 0.7, 1.0, 0.0, 0.0, 1.0, 0.5),
        (4.0, 4.2, 4.2, 0.0, 0.0, 4.0, 3.5),
        (4.0, 4.2, 4.2, 0.0, 0.0, 4.0, 3.5),
    )
    holdout_share: float = 0.05  # of customers: never suspended for non-payment
    review_sensitivity: float = 0.8
    review_specificity: float = 0.95
    reviewed_share_of_alerts: float = 0.3

    # abuse and what looks like it
    abuse_starts_new: float = 0.45  # per month, from the second month on
    abuse_starts_old: float = 0.02
    found_per_month: float = 0.25  # first-party abuse found without an alert
    hijack_prone: float = 0.015  # per month
    hijack_other: float = 0.0004
    chargeback_share: float = 0.85  # of payments with a stolen card
    friendly_fraud: float = 0.0007  # per card payment of an honest customer
    friendly_fraud_disputer: float = 0.004
    burst_per_month: float = 0.012  # migrations, training runs, new offices
    dispute_per_invoice: float = 0.003
    dispute_per_invoice_disputer: float = 0.04

    # how much there is to see
    churn_per_month: float = 0.009
    churn_when_suspended: float = 0.05
    usage_share: float = 0.6  # of customers with metered usage
    sign_ins_per_month: float = 2.0
    missing_share: float = 0.03  # of each attribute

    def __post_init__(self) -> None:
        shares = (*self.share_of_kind, *self.fraud_share_new, self.share_at_start)
        if not all(0.0 <= share <= 1.0 for share in shares):
            raise WorldError(f"world {self.name!r}: every share must be in [0, 1]")
        if len(self.action_effects) != len(ACTIONS):
            raise WorldError(
                f"world {self.name!r}: action_effects needs {len(ACTIONS)} rows, "
                f"one per action from none to block"
            )


CALM = World(name="calm")
RECESSION = World(name="recession", macro_shock_month=14)
FRAUD_WAVE = World(name="fraud-wave", wave_from_month=16, wave_factor=5.0)
THIN = World(
    name="thin",
    missing_share=0.3,
    usage_share=0.25,
    sign_ins_per_month=0.4,
    share_at_start=0.3,
)
WORLDS = {world.name: world for world in (CALM, RECESSION, FRAUD_WAVE, THIN)}


def world_named(name: str) -> World:
    """Return a shipped world, or say which there are."""
    if name not in WORLDS:
        raise WorldError(f"no world {name!r}: choose one of {', '.join(WORLDS)}")
    return WORLDS[name]
