#!/bin/sh
# lago-python-client 1.55.0: the amount of a plan becomes text, and a payment loses its customer.
#
# Lago's API answers both: `plan_amount_cents` of a subscription is a whole number, and a
# payment has the `external_customer_id` of who paid. A good engineer reads objects with
# the maker's own client, and trusts that they are what the API answered. Its model of a
# subscription types that one amount as text, where all other amounts are integers, and
# turns 1000 into "1000": max() of two prices then says that 900 is more than 1000. Its
# model of a payment has no field for the customer and drops it without a word.
# Read the API's JSON itself where amounts or owners matter.
#
# Seen with Python 3.11 on 2026-11-28:
#   plan_amount_cents: '1000', the dearest of 900 and 1000: 900 | customer of the payment: absent
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check lago-python-client==1.55.0
"$folder/venv/bin/python" - <<'PYTHON'
from lago_python_client.models.payment import PaymentResponse
from lago_python_client.models.subscription import SubscriptionResponse

amounts = [
    SubscriptionResponse.parse_obj({"lago_id": "s", "plan_amount_cents": n}).plan_amount_cents
    for n in (900, 1000)
]
payment = PaymentResponse.parse_obj(
    {
        "lago_id": "p",
        "external_customer_id": "acme",
        "invoice_ids": ["i"],
        "invoice_numbers": ["1"],
        "amount_cents": 1000,
        "amount_currency": "EUR",
        "payment_status": "succeeded",
        "type": "manual",
        "reference": "r",
        "created_at": "2026-01-01T00:00:00Z",
    }
)
there = "there" if hasattr(payment, "external_customer_id") else "absent"
print(
    f"plan_amount_cents: {amounts[1]!r}, the dearest of 900 and 1000: {max(amounts)}"
    f" | customer of the payment: {there}"
)
assert payment.amount_cents == 1000, "changed"
assert amounts == ["900", "1000"] and max(amounts) == "900", "changed"
assert there == "absent", "changed"
PYTHON
