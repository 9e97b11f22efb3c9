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

_LATELY = "; where nothing happened since, `observed_until:` in portfolio.yaml"
WITHHELD: Mapping[str, str] = {
    "payments_unknown": f"add the table `payments`, up to now{_LATELY}",
    "disputes_unknown": "add the table `disputes`, its header alone where there are"
    f" none{_LATELY}",
    "holds_unknown": "add the table `holds`, its header alone where there are"
    f" none{_LATELY}",
    "contacts_unknown": "add the table `contacts`: the notices that were sent and"
    f" arrived{_LATELY}",
    "stale_tables": f"load newer rows{_LATELY}",
    "incomplete_data": "correct the rejected rows that `forbear validate` names",
    "inputs_missing": "add the tables that the model was trained with, or train again",
    "unallocated_money": "say which invoices that money pays, or add those invoices",
    "notice_missing": "send the notices that are due (`--notices FILE`), and append"
    " them to `contacts`",
    "notice_undelivered": "append a row notice_delivered to `contacts` once it arrived",
    "assumed_money": "add `subscriptions`, or monthly_margin and"
    " expected_lifetime_months to `customers`",
}
