"""The samples are objects that Stripe could have written."""

from typing import Any

import pytest
import stripe

from tests.importing.stripe_objects import (
    FIXTURES,
    charge,
    customer,
    debit,
    failed,
    invoice,
    made,
    payment_of,
)
from tests.importing.stripe_types import faults

CLASSES = {
    "customer": stripe.Customer,
    "subscription": stripe.Subscription,
    "invoice": stripe.Invoice,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "credit_note": stripe.CreditNote,
    "review": stripe.Review,
    "invoice_payment": stripe.InvoicePayment,
    "customer_balance_transaction": stripe.CustomerBalanceTransaction,
    "radar.early_fraud_warning": stripe.radar.EarlyFraudWarning,
}
SAMPLES = [
    customer(),
    invoice("in_1", "2026-02-01", 1000),
    charge("ch_1", "2026-02-02", 1000),
    failed("ch_2", "2026-02-03", 1000, "insufficient_funds"),
    debit("py_1", "2026-02-04", 1000),
    payment_of("in_1", "pi_1"),
]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s["id"])
def test_a_sample_fits_the_types_of_stripes_own_library(sample: dict[str, Any]) -> None:
    assert list(faults(sample, CLASSES[sample["object"]])) == []


def test_the_check_sees_a_wrong_type() -> None:
    wrong = made("charge", amount="12", status=5)

    assert [fault.split(":")[0] for fault in faults(wrong, stripe.Charge)] == [
        "Charge.amount",
        "Charge.status",
    ]


def test_every_kind_that_is_read_has_a_published_fixture() -> None:
    from importing.stripe.columns import REQUIRED

    assert REQUIRED.keys() <= FIXTURES.keys()
