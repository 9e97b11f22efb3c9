"""From an answer of the service to what a letter says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from decisions.follow_up.next_step import next_step
from decisions.policy.document import PolicyDocument
from decisions.terms import Terms
from execution.letters.signed_link import LinkSigner
from execution.own_currency import in_own_currency
from features.moments import DAY_US, microseconds
from wording.explanation.naming import notice_part
from wording.letters import LetterItem, LetterLinks, NoticeValues
from wording.messages import LANGUAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Addresses that letters lead to.

    Args:
        public_url: where customers reach this service, such as `https://pay.example`;
            empty: letters lead to no page of it.
        pay_url: of the billing system, with `{customer_id}` and `{invoice_id}` where
            they go; empty: the letter says to pay as the invoice states.
        signer: of links to the form; None: there are none.
        form_days: how long such a link works.
    """

    public_url: str = ""
    pay_url: str = ""
    signer: LinkSigner | None = None
    form_days: int = 60

    def policy(self, policy_hash: str, lang: str) -> str:
        """Of the published policy, in the version of that hash."""
        if not self.public_url:
            return ""
        return f"{self.public_url}/policy/{policy_hash}?lang={lang}"

    def of_letter(
        self,
        letter_id: str,
        customer_id: str,
        invoice_id: str,
        policy_hash: str,
        lang: str,
        now: int,
    ) -> LetterLinks:
        """All links of one letter. `now`: microseconds since 1970 UTC."""
        form = ""
        if self.public_url and self.signer is not None:
            token = self.signer.token(letter_id, now + self.form_days * DAY_US)
            form = f"{self.public_url}/appeal/{token}?lang={lang}"
        ids = {"customer_id": customer_id, "invoice_id": invoice_id}
        pay = self.pay_url
        for name, value in ids.items():
            pay = pay.replace(f"{{{name}}}", quote(value, safe=""))
        policy = self.policy(policy_hash, lang)
        return LetterLinks(pay=pay, form=form, form_days=self.form_days, policy=policy)


def due_notice(answer: Mapping[str, Any], notice: str) -> Mapping[str, Any] | None:
    """What the answer asks to send under this name; None: nothing."""
    due = answer["follow_up"]["notices_due"]
    return next((one for one in due if one["notice"] == notice), None)


def language_of(due: Mapping[str, Any], wanted: str, document: PolicyDocument) -> str:
    """The customer's own where the notice is sent in it, else the notice's first.

    A notice that is in no language but the policy's own is sent in each in which the
    policy has its text.
    """
    offered = [lang for lang in due["languages"] if lang in LANGUAGES]
    rule = document.notices.kinds.get(due["notice"])
    if rule is not None and list(due["languages"]) == [document.language]:
        offered += [lang for lang in LANGUAGES if document.text_in(rule.text, lang)]
    return wanted if wanted in offered else (offered or ["en"])[0]


def notice_values(
    answer: Mapping[str, Any],
    due: Mapping[str, Any],
    terms: Terms,
    letter_id: str,
    wanted: str,
    addresses: Addresses,
) -> NoticeValues:
    """The values of a letter.

    Args:
        answer: of the service, a moment ago.
        due: the notice that it asks for.
        terms: of the policy that answered.
        letter_id: of the letter.
        wanted: the customer's language; empty: not known.
        addresses: that it leads to.
    """
    document = terms.document
    lang = language_of(due, wanted, document)
    at = datetime.fromisoformat(answer["as_of"])
    items = _items(answer, due)
    part, _ = notice_part(document, due["notice"])
    after = None
    if items and part not in ("pause", "early", "usage"):
        after = next_step(terms, due["state"], items[0].due_on, at)
    pause = answer["follow_up"]["pause"]
    ends = None if pause is None else pause["auto_expires_at"]
    question = answer["question"]
    return NoticeValues(
        lang=lang,
        notice=due["notice"],
        document=document,
        policy=question["policy"],
        currency=question["currency"],
        zone=terms.zone,
        customer_id=answer["customer_id"],
        reference=letter_id,
        written_on=at.astimezone(terms.zone).date(),
        items=items,
        fee=due["fee"],
        interest=answer["follow_up"]["interest_accrued"],
        next_action=None if after is None else after.action,
        next_on=None if after is None else after.day,
        pause_ends_at=None if ends is None else datetime.fromisoformat(ends),
        links=addresses.of_letter(
            letter_id,
            answer["customer_id"],
            items[0].invoice_id if items else "",
            question["policy_hash"],
            lang,
            microseconds(at),
        ),
    )


def _items(answer: Mapping[str, Any], due: Mapping[str, Any]) -> list[LetterItem]:
    """The invoices that the notice names, the oldest first."""
    named = set(due["invoices"])
    items = []
    for one in answer["exposure"]["items"]:
        if one["invoice_id"] not in named:
            continue
        sums = in_own_currency(one, answer)
        item = LetterItem(
            invoice_id=one["invoice_id"],
            due_on=date.fromisoformat(one["due_on"]),
            currency=sums["currency"],
            amount=sums["amount"],
            remainder=sums["remainder"],
            covered=sums["contested"] + sums["in_flight"] + sums["promised"],
        )
        items.append(item)
    return sorted(items, key=lambda item: (item.due_on, item.invoice_id))
