"""What serves, and the alarms that only people release."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

import pytest

from features.moments import microseconds
from serving.settings import ServingSettings
from store.keys import Role
from store.monitoring import Alarm, Cause
from store.opening import open_monitoring
from tests.serving.desk.conftest import Person

MODELS = "/desk/models"
Somebody = Callable[..., Person]
CAUSE = Cause("inputs", "feed_stopped", "payments", "no row for <b>nine</b> days")


@pytest.fixture
def alarm(desk_settings: ServingSettings) -> Alarm:
    """A feed that broke; raised by a run of monitoring."""
    now = microseconds(datetime.now(UTC))
    with closing(open_monitoring(desk_settings.home)) as monitoring:
        standing = monitoring.standing()
        if standing:
            monitoring.release("fixture", "anew", now)
        monitoring.record(now, now, "small", "{}", [])
        [raised] = monitoring.record(now, now, "small", "{}", [CAUSE])
    return raised


def test_the_page_names_what_serves(person: Somebody) -> None:
    shown = person("auditor").opens(MODELS).text
    assert "nonpayment-20260601-" in shown
    assert "fraud-20260601-" in shown
    assert "logistic regression" in shown


def test_a_person_releases_an_alarm_with_a_reason(
    person: Somebody, alarm: Alarm, desk_settings: ServingSettings
) -> None:
    analyst = person("risk_analyst")
    shown = analyst.opens(MODELS).text
    assert "no row for &lt;b&gt;nine&lt;/b&gt; days" in shown
    place = f"{MODELS}/alarms/{alarm.alarm_id}/release"
    assert analyst.sends(place, page=MODELS, reason=" ").status_code == 422
    assert analyst.sends(place, page=MODELS, reason="the feed is back").is_redirect
    with closing(open_monitoring(desk_settings.home)) as monitoring:
        assert monitoring.standing() == []
        last = monitoring.alarms(1)[0]
    assert (last.released_by, last.reason) == ("one risk_analyst", "the feed is back")
    assert analyst.sends(place, page=MODELS, reason="again").status_code == 404


@pytest.mark.parametrize("role", ["collections", "auditor", "approver"])
def test_others_see_it_and_release_nothing(
    person: Somebody, alarm: Alarm, role: Role
) -> None:
    one = person(role)
    assert "no row for" in one.opens(MODELS).text
    place = f"{MODELS}/alarms/{alarm.alarm_id}/release"
    assert one.sends(place, page=MODELS, reason="please").status_code == 403
