"""An object of each kind that Lago answers with."""

from tests.importing.lago_imports import BILL
from tests.importing.lago_objects import (
    credit_note,
    customer,
    fee,
    payment,
    plan,
    subscription,
)

SAMPLES = {
    "customer": customer(),
    "invoice": BILL,
    "payment": payment("p_1", "2026-03-05T10:00:00Z", 12_345, "in_1"),
    "credit_note": credit_note("cn_1", "in_1", "2026-03-10T10:00:00Z", credit=100),
    "subscription": subscription("sub", "2026-01-01", 1_000),
    "plan": plan(),
    "fee": fee("in_1", "sub", 12_345),
}
