"""Pictures: well-formed, described, and true to the engine."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from decisions import Case, default_policy, recommend
from decisions.actions import ACTIONS
from decisions.money.thresholds import Stake, thresholds_of
from decisions.policy_file.denomination import in_currency
from decisions.policy_file.load import SHIPPED, Policy, load_policy
from features.facts import AccountFacts
from wording.explanation import LANGUAGES
from wording.messages import Wording
from wording.plots.cost_plot import NothingToPlotError, cost_plot
from wording.plots.surface_plot import actions_over, surface_plot
from wording.plots.svg import COLOURS, round_ticks, spread

AT = datetime(2026, 6, 9, 10, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
SVG = "{http://www.w3.org/2000/svg}"


def case(p: float, p_fraud: float | None = None, open_: float = 600.0) -> Case:
    facts = AccountFacts(
        customer_id="acme",
        as_of=AT,
        source="flat",
        open=round(open_ * 10_000),
        run_up=4_000_000,
        clv=9_000_000,
        created_at=AT - timedelta(days=400),
    )
    return Case(facts, p_fraud=p_fraud, p_nonpayment=p, observed_until=AT)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("p", [0.0, 0.004, 0.35, 1.0])
def test_a_cost_plot_is_well_formed_and_described(p: float, lang: str) -> None:
    policy = default_policy()
    answer = recommend(case(p, p_fraud=p / 3), policy, AT)
    text = cost_plot(answer, policy, lang)
    picture = ET.fromstring(text)  # noqa: S314  our own text
    assert picture.get("role") == "img"
    assert picture.findtext(f"{SVG}title")
    assert picture.findtext(f"{SVG}desc")
    assert not re.findall(r"nan|inf\b", text)
    assert not re.findall(r">[^<]*[a-z]_[a-z][^<]*<", text)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("p", [0.004, 0.2, 0.35, 1.0])
def test_a_plot_for_a_phone_names_every_line_and_cuts_none(p: float, lang: str) -> None:
    policy = default_policy()
    answer = recommend(case(p, p_fraud=p / 3), policy, AT)
    wide, narrow = (
        cost_plot(answer, policy, lang, is_narrow=is_narrow)
        for is_narrow in (False, True)
    )
    picture = ET.fromstring(narrow)  # noqa: S314  our own text
    words = {text.text for text in picture.iter(f"{SVG}text")}
    say = Wording(lang, "EUR", UTC_ZONE).say
    assert {say(f"actions.{action}.name") for action in ACTIONS} <= words
    for text in picture.iter(f"{SVG}text"):
        x, length = float(text.get("x", 0)), 6.0 * len(text.text or "")
        before = {"start": 0.0, "middle": 0.5, "end": 1.0}
        begin = x - length * before[text.get("text-anchor", "start")]
        assert begin >= 0.0, text.text
        assert begin + length <= 430.0, text.text
    ids = re.findall(r' id="([^"]+)"', wide + narrow)
    assert len(ids) == len(set(ids))


def test_the_customers_point_lies_on_the_recommended_line() -> None:
    policy = default_policy()
    answer = recommend(case(0.35), policy, AT)
    assert answer.proposal is not None
    assert answer.action is not None
    picture = ET.fromstring(cost_plot(answer, policy, "en"))  # noqa: S314
    [point] = [c for c in picture.iter(f"{SVG}circle") if c.get("r") == "6.5"]
    colour = COLOURS[answer.action]
    lines = [line for line in picture.iter(f"{SVG}polyline") if line.get("clip-path")]
    [line] = [line for line in lines if line.get("stroke") == colour]
    points = [tuple(map(float, xy.split(","))) for xy in line.get("points", "").split()]
    x = [px for px, _ in points]
    y = [py for _, py in points]
    on_line = np.interp(float(point.get("cx", "nan")), x, y)
    assert float(point.get("cy", "nan")) == pytest.approx(on_line, abs=0.2)


def test_no_money_no_plot() -> None:
    policy = load_policy(SHIPPED / "plain-timeline.yaml")
    answer = recommend(case(0.3), policy, AT)
    with pytest.raises(NothingToPlotError, match="costs"):
        cost_plot(answer, policy, "en")
    with pytest.raises(NothingToPlotError, match="timeline"):
        surface_plot(policy, "en")


def test_no_plot_where_costs_did_not_decide() -> None:
    policy = default_policy()
    answer = recommend(case(0.35), policy, AT)
    assert answer.proposal is not None
    by_days = replace(answer.proposal, expected_cost=None)
    answer = replace(answer, proposal=by_days)
    with pytest.raises(NothingToPlotError, match="costs did not decide"):
        cost_plot(answer, policy, "en")


@pytest.mark.parametrize("name", ["reseller-default", "thresholds-only"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_surface_is_well_formed_and_described(name: str, lang: str) -> None:
    picture = surface_plot(load_policy(SHIPPED / f"{name}.yaml"), lang)
    assert ET.fromstring(picture).findtext(f"{SVG}desc")  # noqa: S314


@pytest.mark.parametrize(
    ("currency", "rate", "first", "last"),
    [("JPY", 160.0, "JP¥1,000", "JP¥10,000,000"), ("KWD", 0.033, "KWD", "10,000")],
)
def test_a_surface_shows_the_money_that_matters_in_its_currency(
    currency: str, rate: float, first: str, last: str
) -> None:
    """From 10 yen on nothing but the axis would be seen."""
    picture = surface_plot(in_currency(default_policy(), currency, rate), "en")
    labels = [one.text for one in ET.fromstring(picture).iter(f"{SVG}text")]  # noqa: S314
    amounts = [text for text in labels if text and text.startswith(first[:3])]
    assert amounts[0].startswith(first)
    assert amounts[-1].endswith(last)


def test_a_surface_reaches_beyond_the_last_tier() -> None:
    policy = load_policy(SHIPPED / "thresholds-only.yaml").document
    tier = policy.thresholds[-1].model_copy(update={"exposure_from": 400_000.0})
    tiers = (*policy.thresholds[:-1], tier)
    grid = actions_over(
        Policy(policy.model_copy(update={"thresholds": tiers})).latest,
        "nonpayment",
        900.0,
        0.6,
    )
    assert (grid[:, 0] != grid[:, -1]).any()


def without_guard_rails() -> Policy:
    document = default_policy().document
    rails = document.guardrails
    none = rails.model_copy(
        update={
            "suspend": rails.suspend.model_copy(
                update={"min_p_bad": 0.0, "min_exposure": 0.0}
            ),
            "any": rails.any.model_copy(update={"min_net_gain": 0.0}),
            "block": rails.block.model_copy(update={"min_p_fraud": 0.0}),
        }
    )
    return Policy(document.model_copy(update={"guardrails": none}))


def test_the_surface_changes_where_the_break_evens_are() -> None:
    """Each column against the exact break-evens, to the height of one cell."""
    terms = without_guard_rails().latest
    assert terms.model is not None
    grid = actions_over(terms, "nonpayment", 900.0, 0.6)[::-1]
    n_rows, n_columns = grid.shape
    money = np.geomspace(10.0, 100_000.0, n_columns)
    for column in range(0, n_columns, 45):
        exposure = float(money[column])
        stake = Stake(None, 900.0, 0.6 * exposure, 0.4 * exposure, 0.4 * exposure)
        edges = thresholds_of(terms.model, stake, 0.0, 0.0, 0.0)["nonpayment"]
        for row in range(n_rows):
            p = row / (n_rows - 1)
            if min(abs(p - e.probability) for e in edges) < 1.0 / n_rows:
                continue
            cheapest = [e.action for e in edges if e.probability <= p][-1]
            assert ACTIONS[grid[row, column]] == cheapest


def test_guard_rails_show_in_the_surface() -> None:
    terms = default_policy().latest
    grid = actions_over(terms, "nonpayment", 900.0, 0.6)[::-1]
    below = grid[: int(grid.shape[0] * terms.guardrails.suspend.min_p_bad) - 1]
    assert (below < ACTIONS.index("suspend")).all()
    assert (grid == ACTIONS.index("suspend")).any()
    assert not (grid == ACTIONS.index("block")).any()  # p of fraud is 0 there


def test_labels_never_overlap_and_stay_inside() -> None:
    placed = spread([50.0, 51.0, 52.0, 300.0], 17.0, 40.0, 300.0)
    assert sorted(placed) == placed
    assert min(np.diff(placed)) >= 17.0
    assert placed[0] >= 40.0
    assert placed[-1] <= 300.0


@pytest.mark.parametrize("top", [0.013, 1.0, 7.0, 430.0, 99_999.0])
def test_ticks_are_round_and_end_below_the_top(top: float) -> None:
    ticks = round_ticks(top)
    assert ticks[0] == 0.0
    assert ticks[-1] <= top * (1 + 1e-9)
    assert 3 <= len(ticks) <= 11
