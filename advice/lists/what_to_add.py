"""What whoever brings the data can add, for each code that they can do something about.

Codes of the policy (`docs/policy.md`) that wait for time, money or a person are not
here: nothing has to be added to the data for them.
"""

from collections.abc import Mapping

NO_DECISION: Mapping[str, str] = {
    "unknown_money": "add the tables `invoices` and `payments` (or `ageing`), or state"
    " `exposure:` in portfolio.yaml; `forbear validate` says what is missing",
    "no_probability": "train a model: `forbear train PORTFOLIO`",
    "stale_data": "load newer rows; where nothing happened since, say until when you"
    " looked: `observed_until:` in portfolio.yaml",
    "incomplete_data": "correct the rejected rows that `forbear validate` names",
    "not_in_force": "give a policy that is in force then (`--policy`), or another"
    " `--as-of`",
    "out_of_scope": "the policy's `scope:` leaves these customers out; give a policy"
    " for them (`--policy`)",
}

WITHHELD: Mapping[str, str] = {
    "no_contacts": "add the table `contacts`: the notices that were sent and arrived",
    "payments_unknown": "add the table `payments`, up to now",
    "disputes_unknown": "add the table `disputes`, a header alone where there are none",
    "holds_unknown": "add the table `holds`, a header alone where there are none",
    "contacts_unknown": "add the table `contacts`: the notices that were sent and"
    " arrived",
    "incomplete_data": "correct the rejected rows that `forbear validate` names",
    "inputs_missing": "add the tables that the model was trained with, or train again",
    "unallocated_money": "say which invoices that money pays, or add those invoices",
    "assumed_money": "add `subscriptions`, or monthly_margin and"
    " expected_lifetime_months to `customers`",
}
