"""The vocabulary of rules: what a rule is, before anybody asks whether it holds.

A rule is a reason for which actions may be withheld. Its `code` is the key of its
sentences in every language. What facts, numbers and budgets withhold, what people are
told of it, what a backtest prices and what `docs/policy.md` lists are all read from the
rules of `decisions.rules.catalogue`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import TypeAlias

from decisions.actions import Action, bits_of
from decisions.money.inputs import Inputs
from decisions.money.numbers import Number
from decisions.terms import Terms

# The inputs and terms of a decision with a rule taken away.
Without: TypeAlias = Callable[[Inputs, Terms], tuple[Inputs, Terms]]

# Names that stand for several tables: all looked at; all that the models learned from.
LOOKED_AT = "looked_at"
LEARNED_FROM = "learned_from"

# The causes of a rule that has several, each with the values that its sentence quotes.
Details: TypeAlias = Mapping[str, tuple[str, ...]]


class Paths(Flag):
    """The ways to an action on which a rule counts.

    An action is permitted when one way that is open permits it: the ordinary way climbs
    the ladder, high use is a shorter one, the fraud path asks for evidence instead. On
    suspicion, without any of these, money and a person decide on a pause.
    """

    ORDINARY = auto()
    HIGH_USE = auto()
    FRAUD = auto()
    SUSPICION = auto()
    ARREARS = ORDINARY | HIGH_USE
    PROTECTIVE = FRAUD | SUSPICION
    ALL = ARREARS | PROTECTIVE


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A line in a backtest's price list: what one or several rules cost together.

    Args:
        name: stable, the key of its title in the messages (`prices`).
        without: the decision's inputs and terms with these rules taken away; None where
            they withhold by facts, so that dropping their reasons is enough.
    """

    name: str
    without: Without | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A reason for which actions may be withheld.

    Args:
        code: stable, part of the API, and the key of its sentences.
        section: the key of the policy file that switches or sizes it; None where every
            policy has it.
        withholds: the most that it may withhold.
        paths: the ways on which it counts.
        tables: tables of the portfolio that it is read from, or one of the two names
            that stand for several.
        quotes: names of the values that its sentences quote.
        details: the causes of a rule that has several, each with a sentence of its own
            and the names of the values that it quotes.
        shown_to_customer: whether customers are told; else it is the reseller's own
            affair (numbers, budgets, experiments, data).
        price: the line of a backtest's price list in which its cost is counted.
    """

    code: str
    section: str | None = None
    withholds: tuple[Action, ...]
    paths: Paths = Paths.ALL
    tables: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    details: Details = field(default_factory=dict, hash=False)
    shown_to_customer: bool = False
    price: PriceLine | None = None

    @property
    def bits(self) -> int:
        """Mask of what it may withhold."""
        return bits_of(self.withholds)

    @property
    def sentences(self) -> dict[str, tuple[str, ...]]:
        """Keys of its sentences in the messages, with the values that each quotes."""
        if not self.details:
            return {self.code: self.quotes}
        return {f"{self.code}.{name}": own for name, own in self.details.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRule(Rule):
    """A rule that compares numbers: probabilities and money against the policy's terms.

    Args:
        holds: whether it withholds; one customer's numbers or a portfolio's columns.
        values: what its sentences quote, by the names of `quotes`, for one customer.
    """

    holds: Callable[[Inputs, Terms], Number]
    values: Callable[[Inputs, Terms], tuple[float, ...]]
