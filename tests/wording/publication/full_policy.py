"""A policy with everything filled in, and what its page says."""

from functools import cache

from decisions.policy.document import PolicyDocument
from decisions.policy_file.load import Policy, default_policy
from wording.publication.composition import compose
from wording.publication.page import texts


@cache
def full_document() -> PolicyDocument:
    """The default policy with everything filled in that it leaves out."""
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["effective_to"] = "2030-12-31"
    values["scope"] = {
        "segments": ["healthcare"],
        "subject_kinds": ["legal_person"],
        "products": ["cloud*"],
        "billing": ["license"],
    }
    values["clock"] |= {"grace_days": 2, "min_invoice": 10}
    for state in values["ladder"]:
        state["when"] |= {"overdue_amount": 50, "unpaid_invoices": 2}
    values["ladder"][3]["when"]["days_since"] = {"reminder_2": 9}
    place = {"country": "AU", "subdivision": "WA", "categories": ["half_day"]}
    values["calendar"] |= place
    values["calendar"]["days_off"] = ["2026-12-24"]
    values["essential"]["products"] = ["lifeline*"]
    values["fraud_path"]["evidence_any"][0]["min_severity"] = "high"
    values["holdout"]["share"] = 0.02
    values["reconnection"] |= {"fee": 12, "fee_cap": 15}
    fees = {"reminder_1": 1, "reminder_2": 5, "final_notice": 8}
    for name, fee in (fees | {"usage_warning": 3, "access_paused": 2}).items():
        values["notices"]["kinds"][name]["fee"] = fee
    values["notices"]["accept_notices"] = [
        {
            "notice": "old letter",
            "policy": "old-rules",
            "counts_as": "reminder_1",
            "proof": "delivered",
            "until": "2027-01-31",
            "because": "it says the same",
        }
    ]
    values["fees"] = {
        "first_reminder_free": False,
        "cap_per_notice": 20,
        "cap_total": 50,
        "interest": {"annual_rate": 0.08, "from_days_overdue": 14, "cap_share": 0.1},
    }
    values["retention"]["event_days"] = 500
    values["approvals"]["four_eyes_for"] = {
        "segments": ["public_body"],
        "subject_kinds": ["sole_trader"],
    }
    return PolicyDocument.model_validate(values)


def spoken(policy: Policy, lang: str = "en") -> list[str]:
    """Everything the page says, but for the fingerprint, which always changes."""
    page = compose(policy, lang)
    said = [page.title, *(f"{label}: {value}" for label, value in page.facts)]
    return said + [text for section in page.sections for text in texts(section)]
