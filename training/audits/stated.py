"""What the rows of a stated column say of when its values were known."""

from dataclasses import dataclass
from typing import Any

from features.feature import Feature, LatestAttribute
from features.portfolio import Portfolio


@dataclass(frozen=True)
class KnownAt:
    """How a column's values came, over all customers that have one.

    Args:
        n_customers: with a value.
        n_rows: with a value.
        n_changing: customers with two different values.
        share_first: values known with the customer's very first row.
        share_at_once: rows known at the moment they happened, as where no `known_at`
            is recorded.
    """

    column: str
    n_customers: int
    n_rows: int
    n_changing: int
    share_first: float
    share_at_once: float

    @property
    def text(self) -> str:
        """In words; that nothing ever changes is itself no proof."""
        if self.n_changing == 0:
            versions = f"not one of {self.n_customers:,} customers has two values of it"
        else:
            versions = (
                f"{self.n_changing:,} of {self.n_customers:,} customers have two values"
            )
        return (
            f"its rows say: {versions}, {self.share_first:.0%} were known with the "
            f"customer's first row, {self.share_at_once:.0%} as soon as they happened"
        )

    def numbers(self) -> dict[str, float | None]:
        return {
            "customers_with_two_values": float(self.n_changing),
            "share_known_with_first_row": self.share_first,
            "share_known_at_once": self.share_at_once,
        }


def known_at_of(portfolio: Portfolio, feature: Feature) -> KnownAt:
    """Of a stated feature; the tables are read once, in the database."""
    definition = feature.definition
    if not isinstance(definition, LatestAttribute):
        raise TypeError(f"{feature.name} is not stated")
    rows: Any = portfolio.tables[definition.table]
    value = rows[definition.column]
    first = rows.group_by("customer_id").agg(first_at=rows.known_at.min())
    told = rows.filter(value.notnull())
    by_customer = (
        told.join(first, "customer_id")
        .group_by("customer_id")
        .agg(
            n=lambda t: t.count(),
            n_values=lambda t: t[definition.column].nunique(),
            n_first=lambda t: (t.known_at == t.first_at).sum(),
            n_at_once=lambda t: (t.known_at == t.event_at).sum(),
        )
    )
    counted = portfolio.connection.to_pyarrow(
        by_customer.agg(
            customers=lambda t: t.count(),
            rows=lambda t: t.n.sum(),
            changing=lambda t: (t.n_values > 1).sum(),
            first=lambda t: (t.n_first > 0).sum(),
            at_once=lambda t: t.n_at_once.sum(),
        )
    ).to_pylist()[0]
    n_customers, n_rows = counted["customers"] or 0, counted["rows"] or 0
    return KnownAt(
        definition.column,
        n_customers,
        n_rows,
        counted["changing"] or 0,
        (counted["first"] or 0) / max(n_customers, 1),
        (counted["at_once"] or 0) / max(n_rows, 1),
    )
