"""What a challenger would have decided, on the page of the models."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from markupsafe import escape

from decisions.policy_file.load import SHIPPED, load_policy
from serving.desk.shadowed import shadow_cases
from serving.settings import ServingSettings
from serving.shadow import follow
from store.opening import open_key_store
from store.shadows import Decider, Shadow
from tests.serving.conftest import a_bundle
from tests.serving.desk.conftest import Person
from wording.messages import LANGUAGES, Wording
from wording.plots.paired_plot import PairedCount, paired_plot

MODELS = "/desk/models"
Somebody = Callable[..., Person]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_shadow_beside_what_is_in_force_is_drawn_and_told(
    person: Somebody, desk_settings: ServingSettings, stored: dict[str, str], lang: str
) -> None:
    in_language = {"accept-language": lang}
    say = Wording(lang, "EUR", ZoneInfo("UTC")).say
    milder = a_bundle("nonpayment", intercept=-30.0 - LANGUAGES.index(lang))
    found = follow(desk_settings, {"nonpayment": milder})
    assert (found.n, found.n_different) == (2, 2)
    shown = person("auditor").opens(MODELS, headers=in_language).text
    part = shown.split('id="shadows"')[1]
    for text in (
        milder.bundle_id,
        say("desk.models.shadow.chart"),
        say("desk.models.shadow.instead", n=0, before=found.stops_before),
        *(f"/desk/decisions/{one}" for one in stored.values()),
    ):
        assert str(escape(text)) in part
    assert part.count('class="first"') > part.count("<article")  # more than a legend


def test_who_sees_some_customers_sees_no_decision_of_others(
    person: Somebody, desk_settings: ServingSettings, stored: dict[str, str]
) -> None:
    follow(desk_settings, {"nonpayment": a_bundle("nonpayment", intercept=-29.0)})
    store = open_key_store(desk_settings.home)
    key = store.create("Nora", role="collections", customers="north-")[1]
    store.close()
    one = person()
    assert one.signs_in(key).status_code == 303
    shown = one.opens(MODELS).text
    assert 'id="shadow-1"' in shown
    assert not any(decision_id in shown for decision_id in stored.values())


def test_a_policy_in_the_shadow_is_called_by_name_and_version(
    person: Somebody, desk_settings: ServingSettings, stored: dict[str, str]
) -> None:
    file = SHIPPED / "plain-timeline.yaml"
    follow(desk_settings, {}, file)
    policy = load_policy(file)
    shown = person("auditor").opens(MODELS).text.split('id="shadows"')[1]
    assert f"policy: <code>{policy.reference} ({policy.hash[:12]})</code>" in shown


def test_a_shadow_beside_what_was_in_force_before_is_not_shown() -> None:
    now, before = (Decider({"nonpayment": name}, "p") for name in ("new", "old"))
    beside = [Shadow(name, one, now) for name, one in (("a", now), ("b", before))]
    words = Wording("en", "EUR", ZoneInfo("UTC"))
    shown = shadow_cases(beside, now, words)
    assert [case.shadow.shadow_id for case in shown] == ["a"]


def test_bars_are_as_long_as_their_counts() -> None:
    rows = [
        PairedCount("<none>", (0, 5), ("0", "5")),
        PairedCount("suspend", (10, 5), ("10", "5")),
    ]
    drawn = paired_plot(rows, ("in force", "challenger"), "How often")
    assert [drawn.count(f'width="{width}"') for width in ("300", "150", "0")] == [
        1,
        2,
        1,
    ]
    assert "&lt;none&gt;" in drawn
