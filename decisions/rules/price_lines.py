"""Lines under which a backtest prices rules, and how a rule is taken away for it."""

from dataclasses import replace

from decisions.money.inputs import Inputs
from decisions.rules.rule import PriceLine, Without
from decisions.terms import Terms


def without_section(name: str, **values: float | None) -> Without:
    """Take a rule away by changing one section of the policy file."""

    def without(inputs: Inputs, terms: Terms) -> tuple[Inputs, Terms]:
        """The same inputs, and terms with the other section."""
        section = getattr(terms.document, name).model_copy(update=values)
        document = terms.document.model_copy(update={name: section})
        return inputs, replace(terms, document=document)

    return without


def _without_arms(inputs: Inputs, terms: Terms) -> tuple[Inputs, Terms]:
    inputs, terms = without_section("exploration", share=0.0)(inputs, terms)
    return without_section("holdout", share=0.0)(inputs, terms)


def without_yesterday(inputs: Inputs, terms: Terms) -> tuple[Inputs, Terms]:
    """Take hysteresis away: nothing was recommended before."""
    return inputs._replace(previous=0 * inputs.previous), terms


NOT_OVERDUE = PriceLine("not_overdue")
MATERIALITY = PriceLine("materiality")
HOLDS = PriceLine("holds")
NOT_LOOKED_AT = PriceLine("not_looked_at")
INCOMPLETE = PriceLine("incomplete_data")
LADDER = PriceLine("ladder")
CALENDAR = PriceLine("calendar")
EXPLORATION = PriceLine("exploration", _without_arms)
BUDGET = PriceLine(
    "budget",
    without_section(
        "budget", per_hour=None, per_day=None, share_of_customers_per_day=None
    ),
)
