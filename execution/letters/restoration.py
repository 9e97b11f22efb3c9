"""From acts that gave something back to what a letter says of them."""

from collections.abc import Sequence

from decisions.terms import Terms
from execution.errors import NotGivenBackYetError
from execution.letters.notice_values import Addresses
from execution.measures import ENDS
from features.moments import to_datetime
from store.act import Act
from store.acts import Acts
from store.letters import PlannedLetter
from wording.letters import RestorationValues
from wording.messages import LANGUAGES

_MOST_ACTS = 10_000  # of one customer in one run


def given_back(acts: Acts, letter: PlannedLetter) -> list[Act]:
    """What a run gave back to a customer, as far as it stands; empty: nothing.

    Access counts only whole: where a later run took some of it anew, it is left out.

    Raises:
        NotGivenBackYetError: some of it waits, or failed and may be tried again.
    """
    run_id, customer_id = letter.about_id, letter.customer_id
    back: list[Act] = []
    taken_anew = set()
    for act in acts.listed(_MOST_ACTS, run_id=run_id, customer_id=customer_id):
        last = acts.later_about(act) or act
        if last.kind != act.kind:
            taken_anew.add(act.kind)
        if last.state in ("planned", "asked", "failed"):
            raise NotGivenBackYetError
        if last == act and act.state == "done":
            back.append(act)
    return [act for act in back if act.kind not in taken_anew]


def restored(
    letter: PlannedLetter,
    done: Sequence[Act],
    terms: Terms,
    wanted: str,
    addresses: Addresses,
) -> RestorationValues:
    """The values of a letter.

    Args:
        letter: that is planned.
        done: what gave back, at least one.
        terms: of the policy under which it had been taken.
        wanted: the customer's language; empty: not known.
        addresses: that it leads to.
    """
    offered = [wanted, terms.document.language, "en"]
    lang = next(one for one in offered if one in LANGUAGES)
    kinds = {act.kind for act in done}
    settled = max(act.settled_at or act.planned_at for act in done)
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
    )
