"""From acts that gave something back to what a letter says of them."""

from collections.abc import Sequence

from decisions.terms import Terms
from execution.letters.notice_values import Addresses
from execution.measures import ENDS
from features.moments import to_datetime
from store.act import Act
from store.letters import PlannedLetter
from wording.letters import RestorationValues
from wording.messages import LANGUAGES


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
