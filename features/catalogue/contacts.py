"""Features from `contacts`: replies, and promises kept or broken.

Notices are our own action. They enter once, as the position in the reminder
timeline, declared as such: more of them would teach a model our policy.
"""

from features.catalogue.families import CONTACT, PROMISES, TIMELINE
from features.feature import Aggregate, Feature, Ratio, TimeSince
from features.feature_rows import Equals, Window


def _contacts(kind: str, days: int) -> Aggregate:
    return Aggregate(
        "contacts", "count", where=Equals("kind", kind), window=Window(days)
    )


CONTACT_FEATURES: tuple[Feature, ...] = (
    PROMISES.feature(
        "promises_broken_90d",
        _contacts("promise_broken", 90),
        unit="promises",
        staff="promises to pay broken in 90 days: {value}",
        customer="An agreed payment date that passed without payment.",
        why="a broken promise is evidence against the next one",
        monotone="increasing",
    ),
    PROMISES.feature(
        "promises_broken_365d",
        _contacts("promise_broken", 365),
        unit="promises",
        staff="promises to pay broken in a year: {value}",
        customer="Agreed payment dates that passed without payment.",
        why="a broken promise is evidence against the next one",
        monotone="increasing",
    ),
    PROMISES.feature(
        "promises_made_365d",
        _contacts("promise_made", 365),
        unit="promises",
        staff="promises to pay in a year: {value}",
        why="who promises is in difficulty, and in contact",
    ),
    PROMISES.feature(
        "promises_kept_share_365d",
        Ratio(_contacts("promise_kept", 365), _contacts("promise_made", 365)),
        unit="share",
        staff="{value} of the promises of a year were kept",
        why="who kept promises keeps them",
    ),
    CONTACT.feature(
        "contacts_replies_30d",
        _contacts("replied", 30),
        unit="replies",
        staff="replies in 30 days: {value}",
        why="who answers usually pays",
    ),
    CONTACT.feature(
        "contacts_replies_365d",
        _contacts("replied", 365),
        unit="replies",
        staff="replies in a year: {value}",
        why="who answers usually pays",
    ),
    CONTACT.feature(
        "contacts_replied_age_days",
        TimeSince("contacts", "last", Equals("kind", "replied"), Window(365)),
        unit="days",
        staff="last reply {value} days ago",
        why="silence grows before a loss",
    ),
    CONTACT.feature(
        "contacts_bounced_365d",
        _contacts("notice_bounced", 365),
        unit="notices",
        staff="notices bounced in a year: {value}",
        customer="Messages to the address on record could not be delivered.",
        why="an address that bounces may never have been theirs",
    ),
    CONTACT.feature(
        "contacts_appeals_365d",
        _contacts("appeal_opened", 365),
        unit="appeals",
        staff="appeals in a year: {value}",
        customer="Earlier appeals.",
        why="who appeals has something to lose",
    ),
    TIMELINE.feature(
        "timeline_notices_60d",
        _contacts("notice_sent", 60),
        unit="notices",
        staff="notices sent in 60 days (place in the reminder timeline): {value}",
        why="says how far the ordinary timeline has come; our action, not theirs",
    ),
)
