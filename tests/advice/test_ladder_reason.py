"""Where the days of the ladder decide, they are the reason."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from advice import Advisor
from advice.advice import Advice
from advice.advice_table import SCHEMA, advice_row
from advice.lists import COLUMNS
from decisions.policy_file.load import SHIPPED, Policy, load_policy, parse_policy
from features.reading.rows import read_events
from features.settings import PortfolioSettings
from features.targets import TARGETS
from scoring.bundle import Bundle
from scoring.predictor import Predictor
from tests.advice.short_list import daily_list
from wording.explanation import explain

AS_OF = datetime(2026, 6, 15, 10, tzinfo=UTC)  # a Monday noon in Brussels
TABLES = frozenset(
    (
        "customers",
        "invoices",
        "payments",
        "disputes",
        "contacts",
        "holds",
        "alerts",
        "outcomes",
    )
)
SETTINGS = PortfolioSettings(timezone="Europe/Brussels", tables=TABLES)
BundleFor = Callable[[str, PortfolioSettings], Bundle]
FILE = SHIPPED / "plain-timeline.yaml"


def ago(days: float) -> str:
    return (AS_OF - timedelta(days=days)).isoformat()


def asking_for(least_p: float) -> Policy:
    """The policy by days, but who is expected to pay is not stopped."""
    asking = f"guardrails: {{suspend: {{min_p_bad: {least_p}}}}}\n"
    head, cases, tail = FILE.read_text().partition("cases:")
    return parse_policy(f"{head}{asking}{cases}{tail}")


def told(
    bundle_for: BundleFor,
    policy: Policy,
    late_days: int,
    **more: list[dict[str, object]],
) -> Advice:
    """Of a customer so late, told of it after 3 and 14 days, with failed payments."""
    notices = [("reminder", 3), ("warning", 14)]
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in TABLES}
    rows["customers"] = [{"event_at": ago(900), "created_at": ago(900)}]
    rows["invoices"] = [
        {
            "invoice_id": "i1",
            "event_at": ago(late_days + 30),
            "due_at": ago(late_days),
            "amount": 500,
        }
    ]
    rows["payments"] = [
        {"payment_id": "p1", "status": "failed", "amount": 500, "event_at": ago(2)}
    ]
    rows["contacts"] = [
        {"kind": kind, "notice": name, "notice_id": name, "event_at": ago(when)}
        for name, day in notices
        for kind, when in (
            ("notice_sent", late_days - day),
            ("notice_delivered", late_days - day - 0.1),
        )
        if late_days > day
    ]
    rows |= more
    events, rejects = read_events("c", rows, SETTINGS)
    assert not rejects
    bundles: dict[str, Bundle] = {t: bundle_for(t, SETTINGS) for t in TARGETS}
    return Advisor(bundles, policy).advise(events, AS_OF, tables=TABLES)


@pytest.mark.parametrize(
    ("late_days", "action", "reason"),
    [
        pytest.param(3, "remind", "3 days overdue", id="before any notice"),
        pytest.param(
            14,
            "remind",
            "14 days overdue, after the reminder of 2026-06-04",
            id="after the reminder",
        ),
        pytest.param(
            40,
            "suspend",
            "40 days overdue, after the final notice of 2026-05-20",
            id="after the warning, by its delivery",
        ),
    ],
)
def test_days_and_the_notice_before_are_the_only_reason(
    bundle_for: BundleFor, late_days: int, action: str, reason: str
) -> None:
    advice = told(bundle_for, load_policy(FILE), late_days)
    assert advice.recommendation.action == action
    assert advice.reasons is not None
    assert [one.lead.staff for one in advice.reasons] == [reason]
    assert advice.reasons[0].lead.value == late_days


@pytest.mark.parametrize("least_p", [0.0, 0.01])
def test_the_staff_is_told_that_no_probability_decided(
    bundle_for: BundleFor, least_p: float
) -> None:
    policy = load_policy(FILE) if not least_p else asking_for(least_p)
    advice = told(bundle_for, policy, 40)
    said = explain(advice.case, advice.recommendation, policy, "en").text("staff")
    assert ("ladder decide, and no probability." in said) is (least_p == 0.0)


def test_a_probability_that_is_asked_for_comes_second(bundle_for: BundleFor) -> None:
    advice = told(bundle_for, asking_for(0.01), 40)
    assert advice.recommendation.action == "suspend"
    assert advice.reasons is not None
    first, *others = [one.lead.feature for one in advice.reasons]
    assert first == "account_days_overdue"
    assert others[:1] == ["account_days_overdue"]  # the model's own


def test_a_row_says_what_is_confirmed_and_how_long_it_was_contested(
    bundle_for: BundleFor,
) -> None:
    policy = load_policy(FILE)
    disputed: list[dict[str, object]] = [
        {
            "dispute_id": dispute,
            "kind": "billing",
            "status": status,
            "event_at": ago(day),
            "invoice_id": "i1",
        }
        # opened before the due day, then twice with a day in common
        for dispute, status, day in (
            ("d", "opened", 45),
            ("d", "withdrawn", 38),
            ("e", "opened", 20),
            ("e", "withdrawn", 15),
            ("f", "opened", 15),
            ("f", "withdrawn", 12),
        )
    ]
    fraud: list[dict[str, object]] = [
        {"kind": "fraud", "event_at": ago(1), "source": "analyst"}
    ]
    advice = told(bundle_for, policy, 40, disputes=disputed, outcomes=fraud)
    row = advice_row(advice, policy)
    assert row["is_fraud_confirmed"] is True
    assert row["days_overdue"] + row["days_contested"] == 40
    assert row["days_contested"] > 0
    plain = advice_row(told(bundle_for, policy, 40), policy)
    assert (plain["is_fraud_confirmed"], plain["days_contested"]) == (False, 0)


@pytest.mark.parametrize(("days", "said"), [(61, 60), (40, None)])
def test_a_row_says_from_when_on_lateness_is_non_payment(
    bundle_for: BundleFor, days: int, said: int | None
) -> None:
    policy = load_policy(FILE)
    row = advice_row(told(bundle_for, policy, days), policy)
    assert row["nonpayment_days"] == said


def test_a_row_tells_moments_in_the_portfolios_zone(
    bundle_for: BundleFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy's is another one; the columns beside are the portfolio's."""
    policy = load_policy(SHIPPED / "reseller-default.yaml")
    monkeypatch.setitem(globals(), "AS_OF", AS_OF.replace(hour=22))
    advice = told(bundle_for, policy, 40)
    zone = ZoneInfo("America/Santiago")
    there = replace(advice, case=replace(advice.case, zone=zone))
    ends = [
        (f"{one['permitted_from'].astimezone(zone):%H:%M}", one["sentence"])
        for one in advice_row(there, policy)["withheld"]
        if one["permitted_from"] is not None
    ]
    assert ends
    assert all(sentence.endswith(f", {at}.") for at, sentence in ends), ends


def test_the_list_says_the_days_once(bundle_for: BundleFor) -> None:
    policy = load_policy(FILE)
    row = advice_row(told(bundle_for, policy, 40), policy)
    row |= {"action_in_run": row["action"], "is_beyond_budget": False}
    [shown] = daily_list(pa.Table.from_pylist([row], schema=SCHEMA), ZoneInfo("UTC"))
    why = shown[[column.title for column in COLUMNS].index("why")]
    assert why == "40 days overdue, after the final notice of 2026-05-20"


def test_a_stop_that_stays_while_all_is_contested_has_its_day_as_reason(
    bundle_for: BundleFor,
) -> None:
    """No probability keeps it, so none is named."""
    off = {"action": "suspend", "reason": "nonpayment", "by": "automation"}
    dispute = {"dispute_id": "d", "kind": "billing", "status": "opened"}
    advice = told(
        bundle_for,
        load_policy(FILE),
        60,
        actions=[{**off, "event_at": ago(20)}],
        disputes=[{**dispute, "event_at": ago(5), "invoice_id": "i1"}],
    )
    found = advice.recommendation
    assert (found.action, found.permission.in_force) == ("suspend", True)
    assert advice.reasons is not None
    [reason] = advice.reasons
    assert reason.family == "timeline"
    assert reason.lead.staff.startswith("access off since 2026-05-26")


def test_no_contribution_is_worked_out_where_days_decide(
    bundle_for: BundleFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are dear, and nobody would see them."""
    monkeypatch.delattr(Predictor, "explain")
    [reason] = told(bundle_for, load_policy(FILE), 40).reasons or ()
    assert reason.family == "timeline"
