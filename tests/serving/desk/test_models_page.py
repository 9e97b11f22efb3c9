"""What serves, and the alarms that only people release."""

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from markupsafe import escape

from features.moments import microseconds
from scoring.cards import Bin, Card, PromotionGate, keep_card, keep_gates
from serving.settings import ServingSettings
from store.keys import Role
from store.monitoring import Alarm, Cause
from store.opening import open_monitoring
from tests.serving.desk.conftest import Person
from wording.messages import LANGUAGES, Wording
from wording.templates import html_text

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
    assert analyst.sends(place, page=MODELS, reason="again").status_code == 409
    after = analyst.opens(MODELS).text
    assert "by one risk_analyst (“the feed is back”)" in after
    assert after.count("no row for &lt;b&gt;nine&lt;/b&gt; days") >= 1
    unknown = f"{MODELS}/alarms/nothing/release"
    assert analyst.sends(unknown, page=MODELS, reason="again").status_code == 404


def written(lang: str, text: str) -> str:
    """Numbers as a language writes them."""
    return text if lang == "en" else text.replace(".", ",")


CHALLENGER = Card(
    "nonpayment-20260701-challenge",
    "lightgbm",
    "2026-07-01",
    2_345,
    101,
    {"auc": (0.8125, 0.75, 0.875), "observed_over_expected": (1.0625, 0.9, 1.2)},
    (Bin(40, 0.0125, 0.025),),
)
COST = PromotionGate("cost_not_worse", False, "expected cost +0.500 a customer")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_champion_and_challenger_stand_side_by_side(
    person: Somebody, desk_settings: ServingSettings, lang: str
) -> None:
    one, home = person("auditor"), desk_settings.home
    in_language = {"accept-language": lang}
    words = Wording(lang, "EUR", ZoneInfo("UTC"))
    say = words.say
    shown = one.opens(MODELS, headers=in_language).text
    assert shown.count(escape(say("desk.models.challenger.nobody"))) == 2
    keep_card(home, "nonpayment", CHALLENGER)
    shown = one.opens(MODELS, headers=in_language).text
    assert shown.count(escape(say("desk.models.challenger.nobody"))) == 1
    assert escape(say("desk.models.challenger.not_compared")) in shown
    shares = [words.format("{p:percent}", p=share) for share in (0.0125, 0.025)]
    measured = written(lang, "0.812 (0.750 – 0.875)")
    for text in ("2026-07-01", measured, *shares, "101"):
        assert text in shown
    keep_gates(home, "nonpayment", CHALLENGER.bundle_id, [COST])
    shown = one.opens(MODELS, headers=in_language).text
    assert escape(say("desk.models.challenger.not_passed")) in shown
    assert html_text(COST.text) in shown
    shutil.rmtree(home / "cards")


SEEN = {
    "gauges": {"feature_shift": {"nonpayment": 0.031}, "score_index": {}},
    "early": [
        {
            "target": "nonpayment",
            "age_days": days,
            "by_model": {"ratio": ratio, "low": ratio - 0.25, "high": ratio + 0.25},
        }
        for days, ratio in ((30, 3.5), (60, 1.125))
    ],
    "mature": [
        {"target": "nonpayment", "days_left": 20},
        {
            "target": "nonpayment",
            "metrics": {
                "observed_over_expected": {"value": 0.875, "low": 0.75, "high": 1.0}
            },
            "money": {"expected": 1_000.0, "realised": 812.0, "n_unknown": 0},
        },
    ],
}

GAUGES_OF_ANOTHER = {"feature_shift": {"nonpayment": 0.777}, "score_index": {}}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_drift_and_what_came_true_stand_beside_the_model(
    person: Somebody, desk_settings: ServingSettings, lang: str
) -> None:
    now = microseconds(datetime.now(UTC))
    one = person("auditor")
    state = one.client._transport.app.state  # type: ignore[attr-defined]
    bundle = state.champions.in_force.advisor.bundles["nonpayment"]
    seen = SEEN | {"bundles": {"nonpayment": bundle.bundle_id, "fraud": "another"}}
    of_another = {"bundles": {"nonpayment": "another"}, "gauges": GAUGES_OF_ANOTHER}
    with closing(open_monitoring(desk_settings.home)) as monitoring:
        monitoring.record(now, now, "small", json.dumps(seen), [])
        monitoring.record(now + 1, now, "large", json.dumps(of_another), [])
        shown = one.opens(MODELS, headers={"accept-language": lang}).text
        monitoring.record(now + 2, now, "small", "{}", [])
    part = shown.split('id="nonpayment"')[1]
    assert written(lang, "0.031") in part
    assert written(lang, "1.125") in part
    assert written(lang, "0.875 – 1.375") in part
    assert written(lang, "3.500") not in part  # an older cohort, of which less is known
    assert written(lang, "0.750 – 1.000") in part
    assert written(lang, "0.812") in part
    assert written(lang, "0.777") not in shown  # of another model
    of_fraud = shown.split('id="nonpayment"')[0]
    assert written(lang, "0.031") not in of_fraud


@pytest.mark.parametrize("role", ["collections", "auditor", "approver"])
def test_others_see_it_and_release_nothing(
    person: Somebody, alarm: Alarm, role: Role
) -> None:
    one = person(role)
    assert "no row for" in one.opens(MODELS).text
    place = f"{MODELS}/alarms/{alarm.alarm_id}/release"
    assert one.sends(place, page=MODELS, reason="please").status_code == 403
