"""Families of features: what a reason is called, and how a customer reads it.

Contributions of features are added up per family, so that correlated features do
not dispute each other's reason. Wording for customers is neutral: it says what the
reason is about, not how it is measured.
"""

from dataclasses import dataclass
from typing import Literal

from features.feature import Definition, Feature


@dataclass(frozen=True, slots=True)
class Family:
    """`title` for staff, `customer_text` for the customer."""

    name: str
    title: str
    customer_text: str

    def feature(
        self,
        name: str,
        definition: Definition,
        *,
        unit: str,
        staff: str,
        why: str,
        customer: str | None = None,
        monotone: Literal["increasing", "decreasing"] | None = None,
    ) -> Feature:
        """A feature of this family; `customer` only where its own words help."""
        return Feature(
            name=name,
            definition=definition,
            unit=unit,
            family=self.name,
            staff_text=staff,
            customer_text=customer or self.customer_text,
            why=why,
            monotone=monotone,
        )


def in_days(days: int) -> str:
    """A window as people read it.

    >>> in_days(1), in_days(30)
    ('in a day', 'in 30 days')
    """
    return "in a day" if days == 1 else f"in {days} days"


TENURE = Family("tenure", "How long we know them", "How long the account has existed.")
IDENTITY = Family(
    "identity", "Account details", "The account details we have on record."
)
VERIFICATION = Family(
    "verification",
    "Verification",
    "Contact or tax details that are not verified yet.",
)
COUNTRY_MISMATCH = Family(
    "country_mismatch",
    "Countries that differ",
    "Details of the account, the connection and the payment do not match.",
)
INSTRUMENT = Family(
    "instrument", "Payment instrument", "The payment method on the account."
)
PAYMENT_FAILURES = Family(
    "payment_failures",
    "Failed payments",
    "Recent payment attempts that did not succeed.",
)
LATENESS = Family("lateness", "Late payment", "Invoices paid or still open late.")
# one family: what is open is what was invoiced less what was paid, so either tells
# the other, and which of the two a training leans on is chance
BALANCE = Family(
    "balance",
    "Amounts owed and paid",
    "The amount open on the account and the payments received.",
)
CREDIT_USE = Family(
    "credit_use", "Use of credit", "The share of the credit limit in use."
)
BILLING = Family("billing", "Invoices", "The amounts invoiced recently.")
USAGE = Family("usage", "Usage", "Usage that differs from the account's usual level.")
ORDERS = Family("orders", "Orders", "Recent orders and changes of subscriptions.")
ACCESS = Family("access", "Sign-ins", "Recent sign-ins to the account.")
ALERTS = Family(
    "alerts", "Security alerts", "Security alerts about services of the account."
)
NETWORK = Family(
    "network",
    "Shared with other customers",
    "Payment or access details that are used on other accounts, too.",
)
CONTACT = Family("contact", "Contact", "How we could reach you about the account.")
PROMISES = Family("promises", "Promises to pay", "Agreed payment dates.")
DISPUTES = Family("disputes", "Disputes", "Disputed invoices or payments.")
CHARGEBACKS = Family("chargebacks", "Chargebacks", "Payments that were charged back.")
TIMELINE = Family(
    "timeline", "Position in the reminder timeline", "Reminders sent recently."
)

FAMILIES = {
    family.name: family
    for family in (
        TENURE,
        IDENTITY,
        VERIFICATION,
        COUNTRY_MISMATCH,
        INSTRUMENT,
        PAYMENT_FAILURES,
        LATENESS,
        BALANCE,
        CREDIT_USE,
        BILLING,
        USAGE,
        ORDERS,
        ACCESS,
        ALERTS,
        NETWORK,
        CONTACT,
        PROMISES,
        DISPUTES,
        CHARGEBACKS,
        TIMELINE,
    )
}
