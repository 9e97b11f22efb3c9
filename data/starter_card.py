"""The model card of the starters, with the numbers of their making."""

from collections.abc import Mapping
from dataclasses import dataclass

from features.targets import Target
from scoring.additive import AdditiveModel, NumberTerm
from scoring.bundle import Bundle


@dataclass(frozen=True)
class Judged:
    """How a starter does in worlds that did not teach it."""

    n_rows: int
    n_positives: int
    auc: float
    lowest_auc: float
    slope: float


CARD = """\
# The starter

Made by `data/make_starter.py`. Two small models that stand in until a portfolio has
taught its own.

**They have seen no real portfolio.** They learnt from {n_worlds} simulated worlds whose
parameters were drawn at random ({n_customers} customers and {n_months} months each),
read as the plainest portfolio is (customers, invoices, payments; for fraud also the
provider's alerts, which say nothing where nobody looked). What simulators leave out
they do not know, and that they do well in simulated worlds proves only that the
machinery works. So with them every stop waits for a person, and fraud by the starter
alone never leads beyond a review.

## Intended use

The probability of the event within 90 days, where nothing was ever promoted: to order
the work of people. Not for automatic stops, not for credit, pricing or employment.
Their **order** is theirs; their **level** is moved to what the portfolio shows so far:
a Beta prior on its rate, with the weight of half an outcome (of 50 to 150 customers),
over the six newest dates whose outcomes are known (`forbear score`). Where disputes and
outcomes were not looked at, the level of fraud stays theirs. A service has no portfolio
and uses their own level until something is trained.

## In worlds that did not teach them

| | rows | happened | AUC within a world | lowest | slope |
|---|---|---|---|---|---|
{lines}

## Nobody is worse off for paying

One more payment of an open invoice, of a part or of all, raises neither probability,
whatever came before. A failed payment or an alert lowers neither (but for an alert that
was resolved as legitimate), one more overdue invoice does not lower that of non-payment
(`tests/scoring/test_starter_directions.py`). So they do not read ratios to what was
paid, how late paid invoices were, nor shares of what is open.

## What moves them

Log-odds per standard deviation; each may only raise or only lower the probability. What
is missing says nothing, but for who has paid nothing yet, read as 0 days. No amount,
no currency, no country is among them.

| target | feature | weight |
|---|---|---|
{weights}
"""


def card(
    of: Mapping[Target, tuple[Bundle, Judged]],
    n_worlds: int,
    n_customers: int,
    n_months: int,
) -> str:
    """The model card of both starters, in Markdown.

    Args:
        of: by target, the bundle and how it was judged.
        n_worlds: simulated ones that taught.
        n_customers: of each.
        n_months: of each.
    """
    lines, weights = [], []
    for target, (bundle, seen) in of.items():
        lines.append(
            f"| {target} | {seen.n_rows:,} | {seen.n_positives:,} | {seen.auc:.3f} |"
            f" {seen.lowest_auc:.3f} | {seen.slope:g} |"
        )
        assert isinstance(bundle.model, AdditiveModel)
        for term in bundle.model.terms:
            assert isinstance(term, NumberTerm)
            weights.append(f"| {target} | `{term.feature}` | {term.weight:+.3f} |")
    return CARD.format(
        n_worlds=n_worlds,
        n_customers=n_customers,
        n_months=n_months,
        lines="\n".join(lines),
        weights="\n".join(weights),
    )
