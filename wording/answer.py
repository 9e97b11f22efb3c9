"""An answer with its sentences, in the language asked for."""

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

from decisions.case import Case
from decisions.follow_up.parts import FollowUp, FraudPause
from decisions.policy_file.load import Policy
from decisions.recommendation import NoDecision, Permission, Recommendation
from decisions.rules.reason import Hold, Withheld
from features.made_often import dataclass
from wording.explanation.passage import Subject
from wording.explanation.reason import (
    hold_sentences,
    instead_of_stop,
    no_decision_sentence,
    withheld_sentences,
)
from wording.messages import Wording, messages


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDecisionInWords(NoDecision):
    """Why there is no decision, with its sentence."""

    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldInWords(Withheld):
    """Why an action is withheld, with its sentence."""

    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldInWords(Hold):
    """What protects a customer or keeps access off, with its sentence."""

    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionInWords(Permission):
    """What the policy permits and why not more, each reason with its sentence."""

    withheld: tuple[WithheldInWords, ...]
    holds: tuple[HoldInWords, ...]


@dataclass(frozen=True, slots=True)
class AnswerInWords:
    """The parts of a recommendation of which sentences speak, with these.

    In `follow_up` the policy's own texts are in the language, where it has them.
    """

    no_decision: NoDecisionInWords | None
    permission: PermissionInWords
    follow_up: FollowUp


def answer_in_words(
    lang: str,
    case: Case,
    recommendation: Recommendation,
    policy: Policy,
    zone: ZoneInfo | None = None,
) -> AnswerInWords:
    """A recommendation's codes and values with their sentences.

    Args:
        lang: one of `LANGUAGES`.
        case: what the policy looked at.
        recommendation: its answer to that case.
        policy: the policy that gave it.
        zone: in which moments are told; None: the policy's.

    Raises:
        UnknownLanguageError: when there is no such translation.
    """
    terms = policy.in_force(recommendation.at) or policy.latest
    words = Wording(lang, recommendation.question.currency, zone or terms.zone)
    s = Subject(case, recommendation, terms, words)
    return AnswerInWords(
        _no_decision(s),
        _permission(s, recommendation.permission),
        _follow_up(s, recommendation.follow_up),
    )


def customer_reason(lang: str, family: str, own: str) -> str:
    """What a customer reads of a reason.

    Args:
        lang: one of `LANGUAGES`.
        family: of the reason.
        own: what the feature itself says: of the catalogue in English, else as the
            portfolio declared it, which stands for its family in other languages.
    """
    texts = messages(lang)
    key = f"customer.reason_of.{reason_key(own)}"
    otherwise = own if lang == "en" else texts.get(f"customer.reason.{family}", own)
    return str(texts.get(key, otherwise))


def reason_key(english: str) -> str:
    """The key under which the messages keep what a feature says to customers.

    >>> reason_key("Payments that were returned by the bank.")
    'payments_that_were_returned_by_the_bank'
    """
    return re.sub("[^a-z0-9]+", "_", english.lower()).strip("_")


def _no_decision(s: Subject) -> NoDecisionInWords | None:
    reason = s.answer.no_decision
    if reason is None:
        return None
    return NoDecisionInWords(
        code=reason.code,
        values=reason.values,
        sentence=no_decision_sentence(s, reason),
    )


def _permission(s: Subject, permission: Permission) -> PermissionInWords:
    return PermissionInWords(
        basis=permission.basis,
        in_force=permission.in_force,
        raised_by=permission.raised_by,
        withheld=tuple(_withheld(s, reason) for reason in permission.withheld),
        permitted_from=permission.permitted_from,
        holds=tuple(_hold(s, hold) for hold in permission.holds),
        ladder_state=permission.ladder_state,
        restrict=permission.restrict,
        measures=permission.measures,
        measures_in_force=permission.measures_in_force,
        subscriptions=permission.subscriptions,
        arm=permission.arm,
        propensity=permission.propensity,
    )


def _withheld(s: Subject, reason: Withheld) -> WithheldInWords:
    return WithheldInWords(
        code=reason.code,
        actions=reason.actions,
        detail=reason.detail,
        values=reason.values,
        permitted_from=reason.permitted_from,
        released_by=reason.released_by,
        sentence=" ".join(withheld_sentences(s, reason)),
    )


def _hold(s: Subject, hold: Hold) -> HoldInWords:
    return HoldInWords(
        kind=hold.kind,
        protects=hold.protects,
        since=hold.since,
        until=hold.until,
        released_by=hold.released_by,
        values=hold.values,
        cure=hold.cure,
        subscription_id=hold.subscription_id,
        is_beyond_policy=hold.is_beyond_policy,
        sentence=" ".join(hold_sentences(s, hold)),
    )


def _follow_up(s: Subject, follow_up: FollowUp) -> FollowUp:
    if follow_up.pause is None and not follow_up.provider:
        return follow_up
    effects = (
        replace(effect, instead=instead_of_stop(s, effect) or effect.instead)
        for effect in follow_up.provider
    )
    pause = follow_up.pause and _pause(s, follow_up.pause)
    return replace(follow_up, pause=pause, provider=tuple(effects))


def _pause(s: Subject, pause: FraudPause) -> FraudPause:
    path = s.terms.document.fraud_path
    wording = path and s.terms.document.text_in(path.wording, s.words.lang)
    return replace(pause, wording=wording or pause.wording)
