"""What a challenger would have decided, beside what was: counts, money and examples.

The comparison holds sums of many decisions and a few as examples: their ids, actions
and what was open. It grows with the number of segments and pairs of actions, not with
the number of decisions. What a removed decision added to the sums stays in them.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from decisions.actions import SEVERITY, STOPS

NO_DECISION = "no decision"
UNKNOWN = "unknown"
MOST_EXAMPLES = 10
MOVED = 0.05  # a probability that moves by more is counted
# of what is open, in major units of the currency: an amount belongs to the first band
# whose end it does not reach
BANDS = ((100.0, "below 100"), (1_000.0, "100 to 1,000"), (10_000.0, "1,000 to 10,000"))
LAST_BAND = "10,000 and more"


@dataclass(frozen=True, slots=True)
class ComparedAdvice:
    """One of the two answers to the same question.

    Args:
        action: recommended; None where there is no decision.
        probability: by target, of those that could be scored.
        expected_cost: by action, major units; None where costs did not decide.
    """

    action: str | None
    probability: Mapping[str, float]
    expected_cost: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class ComparedDecision:
    """One recorded decision, answered twice.

    Args:
        recorded_at: when it was recorded, µs since 1970 UTC.
        segment: of the customer; None: unknown.
        open: what the customer owes, major units; None: unknown.
        champion: as it was decided. challenger: as it would have been.
    """

    decision_id: str
    recorded_at: int
    segment: str | None
    open: float | None
    champion: ComparedAdvice
    challenger: ComparedAdvice

    @property
    def actions(self) -> tuple[str, str]:
        """By the champion, and by the challenger."""
        sides = self.champion, self.challenger
        first, second = (side.action or NO_DECISION for side in sides)
        return first, second

    @property
    def is_different(self) -> bool:
        """Whether the actions differ."""
        first, second = self.actions
        return first != second

    @property
    def is_harsher(self) -> bool:
        """Whether the challenger does more; no decision does nothing."""
        first, second = (SEVERITY.get(action, 0) for action in self.actions)
        return second > first


@dataclass(slots=True)
class GroupComparison:
    """Decisions of one segment, or with so much open.

    Args:
        n: of them. n_different: with another action; n_harsher: with a harsher one.
        n_stops, n_stops_after: that stop the customer, by champion and challenger.
        open_different: what is open where actions differ, major units.
    """

    n: int = 0
    n_different: int = 0
    n_harsher: int = 0
    n_stops: int = 0
    n_stops_after: int = 0
    open_different: float = 0.0

    def add(self, one: ComparedDecision) -> None:
        """Count one more."""
        first, second = one.actions
        self.n += 1
        self.n_different += one.is_different
        self.n_harsher += one.is_harsher
        self.n_stops += first in STOPS
        self.n_stops_after += second in STOPS
        if one.is_different:
            self.open_different += one.open or 0.0


@dataclass(slots=True)
class ProbabilityComparison:
    """How the probability of one target moves.

    Args:
        n: decisions that both could score. n_one_sided: that one of them could.
        sum_before, sum_after: of the probabilities.
        sum_moved: of the distances. largest: of them.
        n_moved: distances above 0.05.
    """

    n: int = 0
    n_one_sided: int = 0
    sum_before: float = 0.0
    sum_after: float = 0.0
    sum_moved: float = 0.0
    largest: float = 0.0
    n_moved: int = 0

    def add(self, before: float | None, after: float | None) -> None:
        """Count one more; None: that side could not score it."""
        if before is None or after is None:
            self.n_one_sided += (before is None) != (after is None)
            return
        moved = abs(after - before)
        self.n += 1
        self.sum_before += before
        self.sum_after += after
        self.sum_moved += moved
        self.largest = max(self.largest, moved)
        self.n_moved += moved > MOVED


@dataclass(slots=True)
class Costs:
    """What the challenger's actions cost more than the champion's, where they differ.

    Args:
        n: decisions where both could price both actions.
        by_champion, by_challenger: expected, by the probabilities and costs of either,
            major units; negative: the challenger's actions cost less.
    """

    n: int = 0
    by_champion: float = 0.0
    by_challenger: float = 0.0

    def add(self, one: ComparedDecision) -> None:
        """Count one more, where the actions differ and both sides price both."""
        prices = one.champion.expected_cost, one.challenger.expected_cost
        first, second = one.actions
        if None in prices or NO_DECISION in (first, second) or not one.is_different:
            return
        more = [cost[second] - cost[first] for cost in prices if cost is not None]
        self.n += 1
        self.by_champion += more[0]
        self.by_challenger += more[1]


@dataclass(slots=True)
class Comparison:
    """All that was compared so far.

    Args:
        total: all decisions. segments, bands: the same by segment, and by what is open.
        actions: how many by action of the champion and of the challenger.
        moves: by target.
        costs: in money.
        left_out: decisions that were not compared, by the code of what prevented it.
        examples: where actions differ and most is open; `store.shadows` takes out those
            whose decision is removed.
        policy: `name@version` of the challenger's; None: it is not known.
    """

    total: GroupComparison = field(default_factory=GroupComparison)
    segments: dict[str, GroupComparison] = field(default_factory=dict)
    bands: dict[str, GroupComparison] = field(default_factory=dict)
    actions: dict[str, dict[str, int]] = field(default_factory=dict)
    moves: dict[str, ProbabilityComparison] = field(default_factory=dict)
    costs: Costs = field(default_factory=Costs)
    left_out: dict[str, int] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)
    policy: str | None = None

    def add(self, one: ComparedDecision) -> None:
        """Count one more."""
        first, second = one.actions
        for group in (
            self.total,
            self.segments.setdefault(one.segment or UNKNOWN, GroupComparison()),
            self.bands.setdefault(_band(one.open), GroupComparison()),
        ):
            group.add(one)
        row = self.actions.setdefault(first, {})
        row[second] = row.get(second, 0) + 1
        before, after = one.champion.probability, one.challenger.probability
        for target in sorted({*before, *after}):
            moves = self.moves.setdefault(target, ProbabilityComparison())
            moves.add(before.get(target), after.get(target))
        self.costs.add(one)
        if one.is_different:
            self._show(one)

    def leave_out(self, code: str) -> None:
        """Count one that could not be compared."""
        self.left_out[code] = self.left_out.get(code, 0) + 1

    def challenger_policy(self, policy_hash: str) -> str:
        """What people read of it.

        >>> Comparison(policy="card_payment@8").challenger_policy("0a1b2c3d4e5f6789")
        'card_payment@8 (0a1b2c3d4e5f)'
        """
        begin = policy_hash[:12]
        return begin if self.policy is None else f"{self.policy} ({begin})"

    def _show(self, one: ComparedDecision) -> None:
        first, second = one.actions
        example = {
            "decision_id": one.decision_id,
            "champion": first,
            "challenger": second,
            "open": one.open,
        }
        self.examples.append(example)
        self.examples.sort(key=lambda e: (-(e["open"] or 0.0), e["decision_id"]))
        del self.examples[MOST_EXAMPLES:]

    def to_json(self) -> str:
        """As the store keeps it; keys in order, so equal ones have equal texts."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Comparison":
        """What `to_json` wrote; nothing compared where the text is empty."""
        if not text:
            return cls()
        content = json.loads(text)
        return cls(
            total=GroupComparison(**content["total"]),
            segments={
                name: GroupComparison(**g) for name, g in content["segments"].items()
            },
            bands={name: GroupComparison(**g) for name, g in content["bands"].items()},
            actions=content["actions"],
            moves={
                target: ProbabilityComparison(**m)
                for target, m in content["moves"].items()
            },
            costs=Costs(**content["costs"]),
            left_out=content["left_out"],
            examples=content["examples"],
            policy=content.get("policy"),  # earlier builds kept none
        )


def _band(amount: float | None) -> str:
    """Which amount of what is open.

    >>> _band(None), _band(99.99), _band(100.0), _band(1e6)
    ('unknown', 'below 100', '100 to 1,000', '10,000 and more')
    """
    if amount is None:
        return UNKNOWN
    return next((name for end, name in BANDS if amount < end), LAST_BAND)
