"""The page of an evidence pack, in English: what was decided, why, and on what."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any

from execution.audit_records import audited
from execution.evidence import Evidence, first_sign
from execution.evidence_rows import shown_moment, signs, told, use
from features.moments import to_datetime
from features.money import UNITS
from store.act import Act
from wording.publication.page import Block, Items, Page, Paragraph, Section, Table
from wording.templates import render

# Partner Center: a claim is to be filed within 60 days of the first fraudulent use
# (learn.microsoft.com/partner-center/security/nonpayment-fraud-misuse, as of 2021-23;
# later texts speak of the charges of the first 30 days)
CLAIM_DAYS, CHARGES_DAYS = 60, 30
# of a record of the provider, in this order
_RECORDED = "subscription_id", "operation", "at", "by", "status", "request_id"
_ACT = "act", "at", "subscription", "came to", "when", "agreed by"
_REPLAYED = {
    "identical": "identical, byte for byte",
    "other_release_same_action": "the same action and probabilities, computed by a"
    " later release, whose answers have other fields and sentences",
    "other_release_other_action": "a later release computes another action or"
    " probability; the release that decided gives its own answer again",
    "other_release": "not compared: another release decided",
}


def evidence_files(evidence: Evidence) -> dict[str, bytes]:
    """The page as HTML and as PDF, by name."""
    from execution.evidence_pdf import pdf_of  # fonts and all: only where it is written

    page = evidence_page(evidence)
    html = render("print.html", page=page).encode()
    return {"evidence.html": html, "evidence.pdf": pdf_of(page)}


def evidence_page(evidence: Evidence) -> Page:
    """What people read of the pack."""
    answer = evidence.answer
    action = answer["action"] or "no decision"
    sections = (
        _why(answer),
        _owed(answer),
        signs(evidence),
        use(evidence),
        told(evidence),
        _done(evidence),
        _deadlines(evidence),
        _checks(evidence),
    )
    return Page(
        lang="en",
        title=f"Evidence for decision {answer['decision_id']}",
        lead=f"Recommended for customer {answer['customer_id']}: {action}.",
        facts=tuple(_facts(evidence)),
        sections=sections,
        contents="Contents",
        author=f"Forbear {version('forbear')}",
        footer="Written from what was recorded when it was decided; manifest.json holds"
        " the hash of every file beside this page.",
    )


def _facts(evidence: Evidence) -> Iterator[tuple[str, str]]:
    answer = evidence.answer
    question, permission = answer["question"], answer["permission"]
    yield "recorded", shown_moment(to_datetime(evidence.decision.recorded_at))
    yield "decided for", shown_moment(datetime.fromisoformat(answer["as_of"]))
    yield "on grounds of", permission["basis"] or "none"
    for target, score in answer["scores"].items():
        p = score["probability"]
        yield f"probability of {target}", "unknown" if p is None else f"{p:.3f}"
    yield "policy", f"{question['policy']} ({question['policy_hash'][:16]})"
    people = answer["people"]
    yield "people who must agree", str(people["approvals"])
    for measure in permission.get("measures") or ():  # older answers know none
        yield "recommended beside it", _measure(measure, question["currency"])


def _measure(measure: Mapping[str, Any], currency: str) -> str:
    limit, n_people = measure["limit"], measure["approvals"]
    at_most = f" of {limit:,.2f} a month, in the provider's currency"
    return (
        f"{measure['measure']}{'' if limit is None else at_most}; expected saving"
        f" {measure['net_gain']:,.2f} {currency}; people who must agree: {n_people}"
    )


def _why(answer: Mapping[str, Any]) -> Section:
    reasons = [reason["staff"] for reason in answer["reasons"] or ()]
    withheld = [one["sentence"] for one in answer["permission"]["withheld"]]
    blocks: list[Block] = [_items(reasons, "No reasons were recorded.")]
    if withheld:
        blocks += [Paragraph("Why it was not more:"), Items(tuple(withheld))]
    return Section("why", "Why", tuple(blocks))


def _owed(answer: Mapping[str, Any]) -> Section:
    exposure = answer["exposure"]
    currency = answer["question"]["currency"]
    sums = "amount", "remainder", "contested"
    rows: list[tuple[str, ...]] = [
        (
            item["invoice_id"],
            item["due_on"],
            str(item["days_overdue"]),
            *(f"{item[name]:,.2f}" for name in sums),
        )
        for item in exposure["items"]
    ]
    money = f"amount, {currency}"
    head = "invoice", "due", "days overdue", money, "acted on", "contested"
    if not rows:
        block: Block = Paragraph("No open invoice was known.")
    else:
        block = Table("Open invoices as known then", head, tuple(rows))
    return Section("owed", "What was owed", (block,))


def _done(evidence: Evidence) -> Section:
    """Every act that was planned from the decision, and who agreed."""
    if not evidence.acts:
        nothing = Paragraph("No act was planned from it.")
        return Section("done", "What was done", (nothing,))
    rows: list[tuple[str, ...]] = [
        (
            act.kind,
            act.provider,
            act.subscription_id,
            act.state if act.why is None else f"{act.state}: {act.why}",
            "" if act.settled_at is None else shown_moment(to_datetime(act.settled_at)),
            _agreed(act, evidence.agreed.get(act.act_id, ())),
        )
        for act in evidence.acts
    ]
    head: tuple[str, ...] = _ACT
    if any(act.amount is not None for act in evidence.acts):
        head = *_ACT, "limit a month, provider's currency"
        rows = [
            (*row, "" if act.amount is None else f"{act.amount / UNITS:,.2f}")
            for row, act in zip(rows, evidence.acts, strict=True)
        ]
    table = Table("Acts at the provider", head, tuple(rows))
    blocks = table, *_bills(evidence.acts), *_on_record(evidence)
    return Section("done", "What was done", blocks)


def _bills(acts: Sequence[Act]) -> Iterator[Block]:
    """What the provider said of its bill, of each subscription that was stopped."""
    told = {True: "goes on", False: "stops", None: "is not told"}
    stops = [act for act in acts if (act.kind, act.state) == ("suspend", "done")]
    lines = tuple(
        f"{act.subscription_id}: while it is suspended, the provider's bill"
        f" {told[json.loads(act.proof or '{}').get('is_billed_while_suspended')]}."
        for act in stops
    )
    if lines:
        yield Items(lines)


def _on_record(evidence: Evidence) -> Iterator[Block]:
    """What the provider itself has on record of the acts."""
    rows = tuple(
        tuple(str(record[name]) for name in _RECORDED)
        for act in evidence.acts
        for record in audited(act)
    )
    if rows:
        head = "subscription", "operation", "when", "by", "status", "request"
        yield Table("On record at the provider", head, rows)


def _agreed(act: Act, names: Sequence[str]) -> str:
    if act.ordered_by is not None:
        return f"ordered by {act.ordered_by}"
    if act.n_approvals == 0:
        return "automation"
    return ", ".join(names) or "nobody yet"


def _deadlines(evidence: Evidence) -> Section:
    """By when a claim has to be made, counted from the first sign."""
    sign = first_sign(evidence)
    if sign is None:
        sentences: tuple[str, ...] = (
            "No alert is known from which a claim's deadline could be counted.",
        )
    else:
        table, moment = sign
        first = to_datetime(moment)
        sentences = (
            f"The first sign of fraud, in {table}, is of {first:%Y-%m-%d}.",
            (
                f"Microsoft's text on fraud asks for a claim within {CLAIM_DAYS} days"
                " of the first fraudulent use. Counted from that sign: by"
                f" {_day_after(first, CLAIM_DAYS)}; use before it makes it earlier."
            ),
            (
                f"A later text covers the charges of the first {CHARGES_DAYS} days:"
                f" until {_day_after(first, CHARGES_DAYS)}."
            ),
            (
                "Other providers, and Microsoft by now, may ask otherwise: read their"
                " terms."
            ),
        )
    if (evidence.rows or {}).get("disputes"):
        answer = "A dispute is to be answered by the day that its own notice states."
        sentences = *sentences, answer
    return Section("deadlines", "Deadlines", (Items(sentences),))


def _checks(evidence: Evidence) -> Section:
    versions, question = evidence.answer["versions"], evidence.answer["question"]
    models = tuple(
        f"Model of {target}: {one['bundle_id']}, manifest {one['manifest_sha256']}"
        for target, one in versions["bundles"].items()
    )
    sentences = (
        f"Forbear {versions['forbear']}.",
        *models,
        f"Policy: {question['policy_hash']}, of the rules of policy.yaml.",
        f"Entry {evidence.position} of the store's chain: {evidence.link.hex()}.",
        f"Computed again now: {_REPLAYED.get(evidence.replay, evidence.replay)}.",
    )
    return Section("checks", "How it can be checked", (Items(sentences),))


def _day_after(moment: datetime, n_days: int) -> str:
    return f"{moment + timedelta(days=n_days):%Y-%m-%d}"


def _items(texts: list[str], otherwise: str) -> Block:
    return Items(tuple(texts)) if texts else Paragraph(otherwise)
