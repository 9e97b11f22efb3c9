#!/bin/sh
# chargebee 3.29.0: the entries of a list that the client has no type for become objects of the list's owner.
#
# Chargebee's API says of an invoice whose customer withheld tax how much, in
# `linked_taxes_withheld`, and `amount_due` is less by it. This client has no type for
# that list. A good engineer expects plain dictionaries then, as it keeps a single object
# without a type; instead each entry becomes an InvoiceResponse: a tax is an instance of
# the invoice's class, has the invoice's fields, and says None for its `total`, its
# `status` and its `amount_due`, where a name that is not there would raise. So code that
# asks isinstance(), or sums `total or 0` over what it finds, counts invoices that are
# none. Read `raw_data` of what the client's release does not name.
#
# Seen with Python 3.11 on 2026-11-30:
#   a list without a type: InvoiceResponse, total None | an object without a type: dict
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check chargebee==3.29.0
"$folder/venv/bin/python" - <<'PYTHON'
from chargebee.models.invoice.responses import InvoiceResponse

tax = {"id": "tax_1", "amount": 1000, "date": 1_773_000_000}
invoice = InvoiceResponse.construct(
    {
        "id": "inv_1",
        "total": 10_000,
        "amount_paid": 9_000,
        "amount_due": 0,
        "linked_payments": [{"txn_id": "txn_1", "applied_amount": 9_000}],
        "linked_taxes_withheld": [tax],
        "a_field_of_tomorrow": dict(tax),
    }
)
withheld = invoice.linked_taxes_withheld[0]
print(
    f"a list without a type: {type(withheld).__name__}, total {withheld.total}"
    f" | an object without a type: {type(invoice.a_field_of_tomorrow).__name__}"
)
assert type(invoice.linked_payments[0]).__name__ == "LinkedPaymentResponse", "changed"
assert isinstance(withheld, InvoiceResponse) and withheld.amount == 1000, "changed"
assert withheld.total is None and withheld.status is None, "changed"
assert invoice.a_field_of_tomorrow == tax, "changed"
PYTHON
