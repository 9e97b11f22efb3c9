"""From acts that gave something back to what a letter says of them.

What one order to give back could not do a second one does; the letter of the first then
gives way to that of the second, which tells of both.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from decisions.terms import Terms
from execution.errors import NotGivenBackYetError
from execution.letters.notice_values import Addresses
from execution.measures import ENDS
from features.moments import to_datetime
from store.act import Act
from store.acts import Acts
from store.letters import SUPERSEDED, PlannedLetter
from wording.letters import RestorationValues
from wording.messages import LANGUAGES

_MOST_ACTS = 10_000  # of one customer


class Restoration(NamedTuple):
    """What a customer has back, as far as it stands.

    Args:
        acts: that gave back; empty: nothing is back.
        still_stopped: acts that stopped something which is not back: of other runs, or
            what was taken anew.
    """

    acts: list[Act]
    still_stopped: list[Act]


def given_back(
    acts: Acts, of_customer: Sequence[PlannedLetter], letter: PlannedLetter
) -> Restoration:
    """What a letter tells of: its run, and runs whose letters gave way to it.

    Args:
        acts: of all customers.
        of_customer: all letters to the customer, in their order.
        letter: that is planned.

    Raises:
        NotGivenBackYetError: some of it waits, or failed and may be tried again, or a
            letter that is to give way has not yet.
    """
    back: list[Act] = []
    for run_id in _runs_told(acts, of_customer, letter):
        for act in _of_run(acts, run_id, letter.customer_id):
            last = acts.later_about(act) or act
            if last.state in ("planned", "asked", "failed"):
                raise NotGivenBackYetError
            if last == act and act.state == "done":
                back.append(act)
    return Restoration(back, list(_still_stopped(acts, letter.customer_id)))


def gives_way(
    acts: Acts, of_customer: Sequence[PlannedLetter], letter: PlannedLetter
) -> bool:
    """Whether a later letter, not sent yet, tells of what this one was to tell."""
    _, later = _around(of_customer, letter)
    waiting = {one.about_id for one in later if one.state == "planned"}
    return bool(waiting) and _goes_on_in(acts, letter, waiting)


def _runs_told(
    acts: Acts, of_customer: Sequence[PlannedLetter], letter: PlannedLetter
) -> list[str]:
    runs = [letter.about_id]
    earlier, _ = _around(of_customer, letter)
    for one in reversed(earlier):
        is_before = one.state == "planned" or one.why == SUPERSEDED
        if is_before and _goes_on_in(acts, one, runs):
            if one.state == "planned":
                raise NotGivenBackYetError
            runs.append(one.about_id)
    return runs


def _around(
    of_customer: Sequence[PlannedLetter], letter: PlannedLetter
) -> tuple[list[PlannedLetter], list[PlannedLetter]]:
    """Other letters of this kind, those before and those after."""
    told = [one for one in of_customer if one.kind == "restoration"]
    names = [one.letter_id for one in told]
    place = names.index(letter.letter_id)
    return told[:place], told[place + 1 :]


def _goes_on_in(acts: Acts, letter: PlannedLetter, runs: Collection[str]) -> bool:
    """Whether one of these runs gives back what the letter's own could not."""
    lasts = (
        acts.later_about(act)
        for act in _of_run(acts, letter.about_id, letter.customer_id)
    )
    return any(last is not None and last.run_id in runs for last in lasts)


def _of_run(acts: Acts, run_id: str, customer_id: str) -> list[Act]:
    return acts.listed(_MOST_ACTS, run_id=run_id, customer_id=customer_id)


def _still_stopped(acts: Acts, customer_id: str) -> Iterator[Act]:
    """Stops of ours after which nothing gave the subscription back."""
    known = set()
    for act in acts.listed(_MOST_ACTS, customer_id=customer_id):  # the latest first
        about = act.provider, act.subscription_id
        if act.kind not in ("suspend", "restore") or about in known:
            continue
        if act.state == "done" or (act.kind, act.state) == ("suspend", "asked"):
            known.add(about)
            if act.kind == "suspend":
                yield act


def restored(
    letter: PlannedLetter,
    back: Restoration,
    terms: Terms,
    wanted: str,
    addresses: Addresses,
) -> RestorationValues:
    """The values of a letter.

    Args:
        letter: that is planned.
        back: what is, at least one act.
        terms: of the policy under which it had been taken.
        wanted: the customer's language; empty: not known.
        addresses: that it leads to.
    """
    offered = [wanted, terms.document.language, "en"]
    lang = next(one for one in offered if one in LANGUAGES)
    kinds = {act.kind for act in back.acts}
    settled = max(act.settled_at or act.planned_at for act in back.acts)
    return RestorationValues(
        lang=lang,
        document=terms.document,
        policy=letter.policy,
        policy_url=addresses.policy(letter.policy_hash, lang),
        zone=terms.zone,
        customer_id=letter.customer_id,
        reference=letter.letter_id,
        restored_at=to_datetime(settled),
        is_access_back="restore" in kinds,
        ended_measures=tuple(ENDS[end] for end in ENDS if end in kinds),
        access_to=_names(act for act in back.acts if act.kind == "restore"),
        still_stopped=_names(back.still_stopped),
    )


def _names(acts: Collection[Act] | Iterator[Act]) -> tuple[str, ...]:
    """Of subscriptions, as the provider calls them, each once."""
    return tuple(sorted({_name(act) for act in acts}))


def _name(act: Act) -> str:
    product = json.loads(act.proof or "{}").get("product")
    return f"{product} ({act.subscription_id})" if product else act.subscription_id
