"""The form that a letter leads to: promise a day, contest an invoice, or object.

The signed link says whose letter it is; there is no login. What is sent is kept as a
reply, and as a row among the events, where it protects from that moment on.
"""

import asyncio
import json
import re
import time
from contextlib import closing
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from secrets import token_hex
from typing import Any, NamedTuple, cast

from fastapi import Request
from starlette.responses import Response

from decisions.follow_up.answer_follow_up import appeal_due
from decisions.policy_file.load import Policy, parse_policy
from decisions.terms import Terms
from execution.letters.signed_link import LinkSigner
from features.moments import DAY_ZERO, end_of_day, to_datetime
from serving.access import RateLimits
from serving.errors import ProblemError
from serving.incoming import read_fields
from serving.keeping import keep_rows
from serving.language import Language
from serving.public.note import ROOM, note_page
from serving.public.page import (
    html_page,
    page_language,
    require_visit,
)
from serving.public.reply_money import LetterMoney, MistakeError
from serving.public.route import public_router
from serving.settings import ServingSettings
from store.errors import UnknownDecisionError, UnknownLetterError
from store.keys import ApiKey
from store.letters import PlannedLetter
from store.opening import open_decision_reader, open_letters, open_replies
from store.replies import Reply, ReplyKind
from wording.explanation.naming import notice_part
from wording.messages import Wording
from wording.templates import render

router = public_router()
LONGEST_TEXT = 4_000  # characters
_LARGEST_BYTES, _MOST_FIELDS = 40_000, 10
_FORM_ID = re.compile(r"[0-9a-f]{32}")
# in whose name rows of the form are kept; it is no key that anybody holds
_CUSTOMER = ApiKey("customer-form", "customers, by the form", "events", "")


class _Asked(NamedTuple):
    """A letter whose link was followed, and what the form needs to know of it."""

    letter: PlannedLetter
    terms: Terms
    money: LetterMoney
    owes: bool
    open: float | None  # major units, as the letter's decision knew it

    def words(self, lang: str) -> Wording:
        return Wording(lang, self.money.currency, self.terms.zone)


@router.get("/appeal")
@router.get("/appeal/")
async def link_is_cut_off(request: Request) -> Response:
    """A link without its token, such as one that an e-mail program broke."""
    require_visit(request)
    raise ProblemError("not_found", "the link is not whole")


@router.get("/appeal/{token}")
async def show_form(request: Request, token: str, lang: str | None = None) -> Response:
    """What a customer may answer to a letter."""
    require_visit(request)
    asked = await _asked(request, token)
    chosen = page_language(request, lang)
    words, today = asked.words(chosen), _today(asked.terms)
    longest = asked.terms.document.holds.promise.max_days
    content = render(
        "form.html",
        ROOM,
        lang=chosen,
        title=words.say("form.title"),
        say=words.say,
        here=f"/appeal/{token}?lang={chosen}",
        form_id=token_hex(16),
        reference=asked.letter.letter_id,
        currencies=asked.money.currencies,
        invoices=asked.money.invoices,
        owes=asked.owes,
        first_day=today + timedelta(days=1),
        last_day=today + timedelta(days=longest),
        longest=LONGEST_TEXT,
    )
    return html_page(content)


@router.post("/appeal/{token}")
async def take_reply(request: Request, token: str, lang: str | None = None) -> Response:
    """Keep what a customer answers; the same form sent twice counts once."""
    require_visit(request)
    asked = await _asked(request, token)
    limits: RateLimits = request.app.state.rate_limits
    settings: ServingSettings = request.app.state.settings
    limits.require_visit(asked.letter.letter_id, settings.form_rate_limit)
    fields = await read_fields(request, _LARGEST_BYTES, _MOST_FIELDS)
    chosen = page_language(request, lang)
    words = asked.words(chosen)
    try:
        reply = _reply(asked, fields, chosen)
    except MistakeError as mistake:
        sentence = words.say(f"form.mistake.{mistake.part}", n=mistake.n)
        back = f"/appeal/{token}?lang={chosen}"
        return note_page(chosen, "mistake", 422, sentences=[sentence], back=back)
    kept = await _keep(request, asked, reply)
    reference = words.say("form.done.keep", reference=kept.reply_id)
    return note_page(chosen, "done", sentences=[*_done(asked, kept, words), reference])


async def _asked(request: Request, token: str) -> _Asked:
    """Whose link it is. Raises ProblemError where it is nobody's."""
    signer: LinkSigner | None = request.app.state.link_signer
    settings: ServingSettings = request.app.state.settings
    now = time.time_ns() // 1_000
    letter_id = None if signer is None else signer.letter_id(token, now)
    if letter_id is None:
        raise ProblemError("not_found", "the link is not good")
    return await asyncio.to_thread(_looked_up, settings, letter_id)


@lru_cache(32)
def _parsed(text: str) -> Policy:
    """Most letters were written under one of a few policies."""
    return parse_policy(text)


def _looked_up(settings: ServingSettings, letter_id: str) -> _Asked:
    try:
        with closing(open_letters(*settings.store)) as letters:
            letter = letters.find(letter_id)
        with closing(open_decision_reader(*settings.store)) as decisions:
            policy = _parsed(decisions.document(letter.policy_hash))
            answer = json.loads(decisions.find(letter.about_id).answer)
    except (UnknownLetterError, UnknownDecisionError) as error:
        raise ProblemError("not_found", "the letter is gone") from error
    at = datetime.fromisoformat(answer["as_of"])
    terms = policy.in_force(at) or policy.latest
    due = answer["follow_up"]["notices_due"]
    named = [one["invoices"] for one in due if one["notice"] == letter.notice]
    part, _ = notice_part(terms.document, letter.notice)
    return _Asked(
        letter=letter,
        terms=terms,
        money=LetterMoney.of(answer, tuple(named[0]) if named else ()),
        owes=part != "pause",
        open=answer["exposure"]["open"],
    )


def _reply(asked: _Asked, fields: dict[str, str], lang: Language) -> Reply:
    """What was written. Raises MistakeError, or ProblemError where it is no form."""
    kind, form_id = fields.get("kind", ""), fields.get("form_id", "")
    invoice_id = fields.get("invoice_id", "")
    is_ours = _FORM_ID.fullmatch(form_id) and invoice_id in ("", *asked.money.invoices)
    kinds = ("promise", "dispute", "appeal") if asked.owes else ("appeal",)
    if kind not in kinds or not is_ours:
        raise ProblemError("invalid_request", "the form is not ours")
    text = fields.get("text", "")
    if kind != "promise" and not 1 <= len(text) <= LONGEST_TEXT:
        raise MistakeError("text", LONGEST_TEXT)
    parts = f"{asked.letter.letter_id}\x1f{kind}\x1f{form_id}"
    is_of_money = kind != "appeal"
    written = fields.get("amount", "") if is_of_money else ""
    amount = asked.money.counted(written, invoice_id, lang) if written else None
    if kind == "promise" and amount is not None and asked.open is not None:
        amount = asked.money.promised(amount, invoice_id, asked.open)
    return Reply(
        reply_id=f"r{sha256(parts.encode()).hexdigest()[:31]}",
        letter_id=asked.letter.letter_id,
        customer_id=asked.letter.customer_id,
        kind=cast("ReplyKind", kind),
        language=lang,
        filed_at=time.time_ns() // 1_000,
        invoice_id=(invoice_id or None) if is_of_money else None,
        amount=amount,
        until=_day(asked.terms, fields.get("day", "")) if kind == "promise" else None,
        content="" if kind == "promise" else text,
    )


def _day(terms: Terms, text: str) -> str:
    longest = terms.document.holds.promise.max_days
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise MistakeError("day", longest) from None
    today = _today(terms)
    if not today < day <= today + timedelta(days=longest):
        raise MistakeError("day", longest)
    return day.isoformat()


def _today(terms: Terms) -> date:
    return terms.calendar.local_day(to_datetime(time.time_ns() // 1_000))


async def _keep(request: Request, asked: _Asked, reply: Reply) -> Reply:
    """The reply first, then its row: what is confirmed is among both.

    A form that was cut off in between is sent again, and finds its reply.
    """
    settings: ServingSettings = request.app.state.settings
    kept = await asyncio.to_thread(_added, settings, reply)
    await keep_rows(request, _CUSTOMER, _rows(asked, kept), kept.reply_id)
    await asyncio.to_thread(_counted, settings, kept.reply_id)
    return kept


def _added(settings: ServingSettings, reply: Reply) -> Reply:
    with closing(open_replies(*settings.store)) as replies:
        return replies.add(reply)


def _counted(settings: ServingSettings, reply_id: str) -> None:
    with closing(open_replies(*settings.store)) as replies:
        replies.mark_counted(reply_id)


def _rows(asked: _Asked, reply: Reply) -> dict[str, list[dict[str, Any]]]:
    """The row of the contract that says what the customer did."""
    row: dict[str, Any] = {
        "customer_id": reply.customer_id,
        "event_at": to_datetime(reply.filed_at).isoformat(),
    }
    for name in ("invoice_id", "amount"):
        if (value := getattr(reply, name)) is not None:
            row[name] = value
    if reply.kind == "dispute":
        row |= {"dispute_id": reply.reply_id, "kind": "billing", "status": "opened"}
        return {"disputes": [row]}
    if reply.kind == "promise":
        row |= {"kind": "promise_made", "promise_id": reply.reply_id}
        row["until"] = _end_of(asked.terms, reply.until or "")
    else:
        row |= {"kind": "appeal_opened", "policy": asked.letter.policy}
    return {"contacts": [row]}


def _end_of(terms: Terms, day: str) -> str:
    """When a day ends where it was accepted: the portfolio may end days elsewhere."""
    counted = date.fromisoformat(day).toordinal() - DAY_ZERO
    return to_datetime(end_of_day(counted, terms.zone)).isoformat()


def _done(asked: _Asked, reply: Reply, words: Wording) -> list[str]:
    """What holds from now on."""
    amount = reply.amount and asked.money.told(reply.amount, reply.invoice_id or "")
    if reply.kind == "promise":
        day = date.fromisoformat(reply.until or "")
        if amount is None:
            return [words.sentence("form.done.promise", day=day)]
        return [words.sentence("form.done.promise_of", day=day, amount=amount)]
    if reply.kind == "dispute":
        if amount is not None:
            return [words.sentence("form.done.dispute_of", amount=amount)]
        return [words.sentence("form.done.dispute")]
    due = appeal_due(asked.terms, to_datetime(reply.filed_at))
    return [
        words.sentence("form.done.appeal", by=due.decide_by),
        words.sentence(f"publish.appeals.{due.during}"),
    ]
