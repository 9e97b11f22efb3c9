"""Sends planned letters: checks again, writes down, hands over, tells the service.

Killed at any point no letter goes out twice. That a letter is about to go is committed
first. One that is found in that state is handed over again where the carrier knows a
repetition; by mail nobody knows whether it went, so it is left to a person. So it is
where the carrier's answer is missing.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from decisions.policy_file.load import parse_policy
from decisions.terms import Terms
from execution.errors import (
    ExecutionError,
    NotGivenBackYetError,
    ReportRefusedError,
)
from execution.letters.addresses import NOWHERE, Address
from execution.letters.carrier import (
    EMAIL,
    Carrier,
    CarrierBusyError,
    CarrierRefusedError,
    CarrierUncertainError,
    Parcel,
)
from execution.letters.notice_values import Addresses, due_notice, notice_values
from execution.letters.restoration import given_back, gives_way, restored
from execution.letters.told import rows_of_letter
from execution.service import Service
from features.moments import parse_moment, to_datetime
from store.acts import Acts
from store.decisions import DecisionReader
from store.letters import (
    SUPERSEDED,
    UNKNOWN_WHETHER_SENT,
    ClaimedLetter,
    Letters,
    LetterState,
    PlannedLetter,
)
from store.replies import Replies
from wording.letters import (
    AppealAnswer,
    Letter,
    appeal_letter,
    notice_letter,
    restoration_letter,
)

MOST_ATTEMPTS = 40  # some eight hours
ANY_CHANNEL = frozenset(
    {EMAIL, "letter", "registered_letter", "phone", "sms", "portal"}
)
# beyond it another process may take a letter up: a check and a carrier's longest try
_LEASE_US = 600_000_000
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 900.0
_WAIT_US = 60_000_000  # until it is looked again whether something is back


class LetterStep(NamedTuple):
    """What comes next of a letter, from what the service says now.

    Args:
        what: `tell` the service, `send`, `withdraw` or `fail`, with `why`.
        letter: to be sent.
        about_id: the decision or reply it rests on.
    """

    what: Literal["tell", "send", "withdraw", "fail"]
    why: str | None = None
    letter: Letter | None = None
    about_id: str = ""


class Sending:
    """Takes letters that are due, and sends each.

    Args:
        letters: where they are written down.
        replies: that some of them answer.
        decisions: where the policies of decisions are.
        acts: that say whether something was given back.
        carrier: takes them out.
        service: says a moment before whether a notice is still due, and is told.
        by_customer: where letters go.
        addresses: that letters lead to.
        clock: microseconds since 1970 UTC.
    """

    def __init__(
        self,
        letters: Letters,
        replies: Replies,
        decisions: DecisionReader,
        acts: Acts,
        carrier: Carrier,
        service: Service,
        by_customer: Mapping[str, Address],
        addresses: Addresses,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self._letters, self._replies, self._decisions = letters, replies, decisions
        self._acts = acts
        self._carrier, self._service = carrier, service
        self._by_customer, self._addresses = by_customer, addresses
        self._clock = clock
        self.channels = carrier.channels or ANY_CHANNEL

    def run(self, tell: Callable[[PlannedLetter, str], None]) -> Counter[str]:
        """Send all that is due; how many came to what.

        Args:
            tell: called with each letter and what came of it.

        Raises:
            ServiceUnusableError: what is sent could not be told.
        """
        self._service.require_may_report()
        counted: Counter[str] = Counter()
        while True:
            now = self._clock()
            claimed = self._letters.claim(self.channels, now, now + _LEASE_US, 1)
            if not claimed:
                return counted
            for one in claimed:
                came_to = self._send_or_tell(one)
                counted[came_to.partition(":")[0]] += 1
                tell(one.letter, came_to)

    def preview(self, letter: PlannedLetter) -> LetterStep:
        """What `run` would do about one letter; nothing is sent.

        The service makes and records a decision to answer it, as for anybody.

        Raises:
            ExecutionError: it cannot be known now.
        """
        if letter.state in ("sent", "delivered", "bounced"):
            return LetterStep("tell")
        if letter.state == "sending":
            return self._again(letter)
        is_by_mail = self._carrier.channels is not None
        address = self._address(letter)
        if is_by_mail and not address.email:
            why = "unusable_address" if address.is_unusable else "no_address"
            return LetterStep("fail", why)
        if letter.kind == "answer":
            return self._answer(letter)
        if letter.kind == "restoration":
            return self._restoration(letter)
        return self._notice(letter)

    def _send_or_tell(self, claimed: ClaimedLetter) -> str:
        """Carry out one step of a letter; what it came to, as people are told."""
        try:
            step = self.preview(claimed.letter)
            if step.what == "tell":
                return self._tell(claimed)
            if step.letter is not None:
                return self._hand_over(claimed, step.letter, step.about_id)
        except CarrierRefusedError as error:
            ended: LetterState = "bounced" if error.is_of_address else "failed"
            return self._settled(claimed, ended, f"{error.code}:{error.reason}")
        except CarrierUncertainError as error:
            if self._carrier.is_idempotent:  # the same letter, until it is known
                return self._later(claimed, error.code, "sending")
            return self._settled(claimed, "failed", error.code)
        except CarrierBusyError as error:
            return self._later(claimed, error.code)
        except NotGivenBackYetError as error:  # it waits as long as that takes
            due_at = self._clock() + _WAIT_US
            self._letters.postpone(claimed, due_at, error.code, is_counted=False)
            return f"postponed:{error.code}"
        except ExecutionError as error:
            return self._later(claimed, error.code)
        state: LetterState = "failed" if step.what == "fail" else "withdrawn"
        return self._settled(claimed, state, step.why)

    def _again(self, letter: PlannedLetter) -> LetterStep:
        """What a process that died left: the same letter, to who knows a repetition."""
        began = json.loads(letter.proof or "{}").get("carrier")
        if letter.content is None or began != self._carrier.name:
            return LetterStep("fail", CarrierUncertainError.code)
        if not self._carrier.is_idempotent:
            return LetterStep("fail", CarrierUncertainError.code)
        same = Letter(**json.loads(letter.content))
        return LetterStep("send", None, same, letter.about_id)

    def _notice(self, letter: PlannedLetter) -> LetterStep:
        """A notice goes out if a decision of this moment still asks for it."""
        answer = self._service.score(letter.customer_id)
        if answer is None:
            return LetterStep("withdraw", "unknown_customer")
        if answer["question"]["policy_hash"] != letter.policy_hash:
            return LetterStep("withdraw", "policy_changed")
        due = due_notice(answer, letter.notice)
        if due is None:
            return LetterStep("withdraw", "not_due")
        if due["channel"] != letter.channel:
            return LetterStep("withdraw", "other_channel")
        terms = self._terms(letter, datetime.fromisoformat(answer["as_of"]))
        wanted = self._address(letter).language
        values = notice_values(
            answer, due, terms, letter.letter_id, wanted, self._addresses
        )
        return LetterStep("send", None, notice_letter(values), answer["decision_id"])

    def _answer(self, letter: PlannedLetter) -> LetterStep:
        """What a person decided about an appeal, in the language of the appeal."""
        reply = self._replies.find(letter.about_id)
        assert reply.decided_at is not None  # noqa: S101 - the letter is planned with it
        assert reply.result is not None  # noqa: S101 - the same
        decided_at = to_datetime(reply.decided_at)
        terms = self._terms(letter, decided_at)
        zone = terms.zone
        answer = AppealAnswer(
            lang=reply.language,
            document=terms.document,
            policy=letter.policy,
            policy_url=self._addresses.policy(letter.policy_hash, reply.language),
            zone=zone,
            customer_id=reply.customer_id,
            reference=reply.reply_id,
            filed_on=to_datetime(reply.filed_at).astimezone(zone).date(),
            written_on=decided_at.astimezone(zone).date(),
            result=reply.result,
            reasons=reply.reasons or "",
            until=_last_day(reply.instead_until, zone),
        )
        return LetterStep("send", None, appeal_letter(answer), reply.reply_id)

    def _restoration(self, letter: PlannedLetter) -> LetterStep:
        """What was taken is back; a customer for whom nothing is, is told nothing."""
        of_customer = self._letters.of_customer(letter.customer_id)
        if gives_way(self._acts, of_customer, letter):
            return LetterStep("withdraw", SUPERSEDED)
        back = given_back(self._acts, of_customer, letter)
        if not back.acts:
            return LetterStep("withdraw", "not_given_back")
        terms = self._terms(letter, to_datetime(back.acts[0].planned_at))
        wanted = self._address(letter).language
        told = restored(letter, back, terms, wanted, self._addresses)
        return LetterStep("send", None, restoration_letter(told), letter.about_id)

    def _terms(self, letter: PlannedLetter, at: datetime) -> Terms:
        policy = parse_policy(self._decisions.document(letter.policy_hash))
        return policy.in_force(at) or policy.latest

    def _address(self, letter: PlannedLetter) -> Address:
        return self._by_customer.get(letter.customer_id, NOWHERE)

    def _hand_over(self, claimed: ClaimedLetter, letter: Letter, about_id: str) -> str:
        planned, email = claimed.letter, self._address(claimed.letter).email
        proof = {"carrier": self._carrier.name, "to": email}
        content = json.dumps(asdict(letter), ensure_ascii=False)
        if not self._letters.mark_sending(claimed, content, about_id, _text(proof)):
            return "lost"  # another process has it
        named = planned.letter_id, planned.customer_id, planned.channel
        receipt = self._carrier.send(Parcel(*named, email, letter, self._clock()))
        state: LetterState = "sent" if receipt.is_out else "handed_out"
        text = _text({**proof, "stated": receipt.stated})
        is_mine = self._letters.settle(claimed, state, self._clock(), None, text)
        return state if is_mine else "lost"

    def _tell(self, claimed: ClaimedLetter) -> str:
        letter = claimed.letter
        rows = rows_of_letter(letter)
        if rows:
            try:
                moment = letter.sent_at if letter.ended_at is None else letter.ended_at
                named = f"letter-{letter.letter_id}-{letter.state}-{moment}"
                self._service.send(rows, named)
            except ReportRefusedError as error:
                why = f"{error.code}:{error.rule}"
                self._letters.mark_reported(claimed, why)
                return f"failed:{why}"
        self._letters.mark_reported(claimed)
        return "told"

    def _settled(
        self, claimed: ClaimedLetter, state: LetterState, why: str | None
    ) -> str:
        if state == "failed" and claimed.letter.state == "sending":
            why = UNKNOWN_WHETHER_SENT  # an earlier try may have arrived
        is_mine = self._letters.settle(claimed, state, self._clock(), why)
        return f"{state}:{why}" if is_mine else "lost"

    def _later(
        self, claimed: ClaimedLetter, why: str, state: LetterState | None = None
    ) -> str:
        """Tried again after a pause that doubles; given up after `MOST_ATTEMPTS`.

        `state`: `sending` where it may be out; None: as it was before.
        """
        letter = claimed.letter
        is_unsent = letter.state in ("planned", "sending")
        if is_unsent and letter.n_attempts + 1 >= MOST_ATTEMPTS:
            return self._settled(claimed, "failed", why)
        pause_s = min(
            _FIRST_PAUSE_S * 2 ** min(letter.n_attempts, 20), _LONGEST_PAUSE_S
        )
        due_at = self._clock() + int(pause_s * 1_000_000)
        self._letters.postpone(claimed, due_at, why, state)
        return f"postponed:{why}"


def _last_day(until: str | None, zone: ZoneInfo) -> date | None:
    """The local day on which what was decided instead ends."""
    end = parse_moment(until, zone)
    return None if end is None else to_datetime(end).astimezone(zone).date()


def _text(proof: Mapping[str, str]) -> str:
    return json.dumps(proof, ensure_ascii=False)
