"""What whoever brings the data can add, for each code that they can do something about.

Codes of the policy (`docs/policy.md`) that wait for time, money or a person have
nothing to be added to the data: `IN_GENERAL` says them of many customers, where the
sentence of one quotes that one's numbers, notice, state or cause.
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

IN_GENERAL: Mapping[str, str] = {
    "below_materiality": "What is overdue is too little to be pursued.",
    "dispute": "Invoices are contested, or a dispute is open.",
    "override": "A person decided otherwise.",
    "too_early": "The next step of the ladder has not been reached yet.",
    "cure_period": "The time to pay that a notice gave still runs.",
    "notice_bounced": "A notice that must come first came back.",
    "not_suspended": "The next step of the ladder only follows a suspension.",
    "too_few_invoices": "Fewer invoices are overdue than the next step asks for.",
    "too_little_overdue": "Less is overdue than the next step asks for.",
    "clock_not_started": "No overdue invoice is large enough for days to be counted.",
    "ladder_state": "The step that was reached suspends; it does not end a contract.",
    "retry_pending": "A charge that failed is to be tried again first, or was lately.",
    "open_appeal": "An objection is open.",
    "new_customer": "They have been customers for less time than a stop asks for.",
    "cool_down": "Access changed lately.",
    "suspicion_used": "Access was paused for suspected fraud before, or that was not"
    " looked at.",
    "below_floor": "The probability of a loss is below the floor of the policy.",
    "small_exposure": "Less is at stake than the policy stops for.",
    "small_case": "Less is at stake than the policy opens a case for.",
    "block_floor": "The probability of fraud is below the one that a block needs.",
    "fraud_floor": "The probability of fraud is below the one that the fraud path"
    " needs.",
    "no_suspicion": "Fraud alone is not likely enough for a pause without a sign to"
    " cost least.",
    "close_call": "Too few draws of the uncertain costs agree, so the milder action"
    " wins.",
    "small_gain": "Acting would gain less than the policy asks for.",
    "monitoring_alarm": "Monitoring raised an alarm, and a person looks instead.",
}
