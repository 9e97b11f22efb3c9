"""What stops beyond a limit of all customers have a person look at."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

from decisions.actions import ACTIONS
from decisions.case import BudgetUse
from decisions.steps.choose import Choice
from decisions.steps.reasons import _of_the_budget
from serving.answer import ScoreAnswer
from serving.waiting import BREAKER, _is_to_be_reviewed, _lesser_topic


def test_every_limit_that_customers_share_is_the_breaker() -> None:
    """Full queues of reviews have a topic of their own: they stop nothing."""
    stop = ACTIONS.index("suspend")
    choice = cast("Choice", SimpleNamespace(arm=SimpleNamespace(action=stop)))
    uses = (
        BudgetUse(0, 0, 0),
        BudgetUse(0, 0, 0, is_stopped=True),
        BudgetUse(0, 0, 0, alarm="scores"),
    )
    assert {_of_the_budget(use, choice).code for use in uses} == BREAKER


def test_a_measure_that_people_must_agree_to_has_them_look() -> None:
    """One that automation may take waits for nobody."""
    for approvals, topic in ((0, ""), (1, "measure")):
        measure = SimpleNamespace(measure="restrict", approvals=approvals)
        permission = SimpleNamespace(withheld=(), measures=(measure,))
        follow_up = SimpleNamespace(notices_due=())
        answer = SimpleNamespace(
            permission=permission, no_decision=None, follow_up=follow_up
        )
        assert _lesser_topic(cast("ScoreAnswer", answer)) == topic


def test_a_stop_that_has_lasted_its_time_has_a_person_look() -> None:
    """As the published page says of `max_days`; a new pause is nobody's queue yet."""
    now = datetime(2026, 6, 9, 10, tzinfo=UTC)
    for review_by, in_force, waits in (
        (now - timedelta(days=3), True, True),
        (now + timedelta(hours=20), True, True),
        (now + timedelta(days=9), True, False),
        (now + timedelta(hours=20), False, False),
        (None, True, False),
    ):
        answer = SimpleNamespace(
            follow_up=SimpleNamespace(review_by=review_by),
            permission=SimpleNamespace(in_force=in_force),
            expires_at=now + timedelta(days=1),
        )
        assert _is_to_be_reviewed(cast("ScoreAnswer", answer)) is waits
