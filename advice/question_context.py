"""From where a customer is asked about: how far data see, what was said before."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from decisions.actions import Action
from features.made_often import dataclass


@dataclass(frozen=True, slots=True)
class QuestionContext:
    """What a question brings beside the customer's rows.

    Args:
        observed_until: how far the events observe; None: the moment asked about.
        observed: the same per table, where one is observed less far.
        previous, previous_at: the action recommended last time, and when.
        named: notices asked for before, by name, and when last.
    """

    observed_until: datetime | None = None
    observed: Mapping[str, datetime] = field(default_factory=dict)
    previous: Action | None = None
    previous_at: datetime | None = None
    named: Mapping[str, datetime] = field(default_factory=dict)
