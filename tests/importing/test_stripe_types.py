"""The samples are objects that Stripe could have written."""

from typing import Any, Literal, Union, get_args, get_origin

import pytest
import stripe

from importing.stripe.columns import COLUMNS, REQUIRED
from tests.importing.stripe_imports import Import, run
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
from tests.importing.stripe_types import faults, hints

__all__ = ["run"]
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
    assert REQUIRED.keys() <= FIXTURES.keys()


def _forms(type_: Any) -> set[str]:  # noqa: ANN401
    """What JSON a field of the library's class may be, its null apart."""
    if get_origin(type_) is Union:
        return set[str]().union(*map(_forms, get_args(type_))) - {"null"}
    origin = get_origin(type_) or type_
    if origin is Literal:
        return _forms(type(get_args(type_)[0]))
    if origin is list:
        return {"array"}
    if isinstance(origin, type) and issubclass(origin, stripe.StripeObject):
        return {"object"}
    named: dict[Any, str] = {int: "number", bool: "flag", type(None): "null"}
    return {named.get(origin, "text")}


def _fits(column: str, form: str) -> bool:
    if column == "VARCHAR":  # takes an object or an array as its JSON text
        return form in ("text", "object", "array")
    if column.endswith("[]"):
        return form == "array"
    if column.startswith("STRUCT"):
        return form == "object"
    return form == ("flag" if column == "BOOLEAN" else "number")


@pytest.mark.parametrize("kind", sorted(REQUIRED))
def test_a_column_takes_what_the_library_says_of_every_kind(kind: str) -> None:
    forms = {name: _forms(type_) for name, type_ in hints(CLASSES[kind]).items()}
    unfit = {
        name: forms[name]
        for name, type_ in COLUMNS.items()
        if name in forms and not all(_fits(type_, form) for form in forms[name])
    }

    assert unfit == {}


@pytest.mark.parametrize("is_expanded", [False, True], ids=["ids", "expanded"])
def test_the_published_fixtures_are_read_whole(run: Import, is_expanded: bool) -> None:
    here = {name: FIXTURES[name] for name in ("customer", "charge", "invoice")}
    objects = [
        made(
            kind,
            **{n: o for n, o in here.items() if is_expanded and FIXTURES[kind].get(n)},
        )
        for kind in sorted(REQUIRED)
    ]

    assert run(*objects, currency="USD").bad_rows == ()
