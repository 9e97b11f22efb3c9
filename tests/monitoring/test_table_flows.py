"""How rows of each table arrive, and that those which are gone ring until released."""

import json
import shutil
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from advice.advisor import Advisor
from advice.assembly import DEFAULT_POLICY
from decisions.policy_file.load import load_policy
from features.moments import DAY_US, microseconds
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from monitoring.run import monitor
from monitoring.table_flows import TableFlow, table_flows
from scoring.bundle import Bundle
from store.monitoring import Cause
from store.opening import open_monitoring
from tests.monitoring.conftest import NOW, Simulated

pytestmark = pytest.mark.slow  # a world is simulated for some of them


INVOICED = datetime(2026, 1, 1, 9, tzinfo=UTC)
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty customers, a bill and a payment of each; ten disputes."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "portfolio.yaml").write_text("name: shop\ncurrency: EUR\n")
    write(folder, "customers", "customer_id,event_at", "c{n},{day}", 30)
    bill = "c{n},{day},i{n},{due},10.00"
    write(folder, "invoices", "customer_id,event_at,invoice_id,due_at,amount", bill, 30)
    paid = "c{n},{day},p{n},succeeded,10.00,i{n}"
    head = "customer_id,event_at,payment_id,status,amount,invoice_id"
    write(folder, "payments", head, paid, 30)
    disputed = "c{n},{day},d{n},chargeback_other,opened,10.00"
    head = "customer_id,event_at,dispute_id,kind,status,amount"
    write(folder, "disputes", head, disputed, 10)
    return folder


@pytest.fixture(scope="module")
def first(whole: Path) -> dict[str, Any]:
    """A run that saw all of it."""
    return look(whole)


@pytest.fixture
def shop(whole: Path, tmp_path: Path) -> Path:
    """A copy to lose rows from."""
    return shutil.copytree(whole, tmp_path / "shop")


def write(folder: Path, table: str, head: str, row: str, n_rows: int) -> None:
    """So many rows, one a day."""
    lines = [head]
    for n in range(n_rows):
        day = INVOICED + timedelta(days=n)
        due = day + timedelta(days=14)
        lines.append(row.format(n=n, day=day.isoformat(), due=due.isoformat()))
    (folder / f"{table}.csv").write_text("\n".join(lines) + "\n")


def cut(folder: Path, table: str, n_rows: int) -> None:
    """The table with its first rows alone."""
    file = folder / f"{table}.csv"
    lines = file.read_text().splitlines()[: n_rows + 1]
    file.write_text("\n".join(lines) + "\n")


def look(
    folder: Path,
    before: Sequence[dict[str, Any]] = (),
    released: Collection[str] = (),
) -> dict[str, Any]:
    """Numbers of a run, as a store gives them back."""
    portfolio = Portfolio.open(folder)
    advisor = Advisor({}, load_policy(DEFAULT_POLICY), portfolio.settings)
    run = monitor(portfolio, advisor, portfolio.latest_moment, before, released)
    seen: dict[str, Any] = json.loads(json.dumps(run.to_json()))
    return seen


def rows_gone(run: dict[str, Any]) -> list[str]:
    """Tables that ring for it."""
    found = [c["subject"] for c in run["causes"] if c["code"] == "rows_gone"]
    assert len(found) == len(set(found))
    return found


@pytest.mark.parametrize(
    ("n_left", "observed", "rings"),
    [
        pytest.param(0, "", True, id="emptied"),
        pytest.param(0, "observed_until: 2026-03-01\n", True, id="as_of stays"),
        pytest.param(14, "", True, id="cut off"),
        pytest.param(15, "", False, id="older years left out"),
    ],
)
def test_rows_that_are_gone_ring_at_every_look(
    shop: Path, n_left: int, observed: str, *, rings: bool
) -> None:
    """Whether what is observed goes back with them, or stays as it was."""
    with (shop / "portfolio.yaml").open("a") as settings:
        settings.write(observed)
    runs = [look(shop)]
    assert rows_gone(runs[0]) == []
    for table in ("invoices", "payments"):
        cut(shop, table, n_left)
    for _ in range(2):
        runs.insert(0, look(shop, runs))
        assert rows_gone(runs[0]) == ["invoices", "payments"] * rings


def test_the_run_before_is_the_last_one_however_far_it_observed(
    shop: Path, first: dict[str, Any]
) -> None:
    """Ten days were known, then thirty; of these the first twelve are left."""
    tables = ["customers", "invoices", "payments"]
    for table in tables:
        cut(shop, table, 12)
    young = first | {"as_of": microseconds(INVOICED + timedelta(days=10))}
    young |= {"tables": [one | {"n_accepted": 10} for one in first["tables"]]}
    seen = look(shop, [first, young])
    assert young["as_of"] < seen["as_of"] < first["as_of"]
    assert rows_gone(seen) == tables


def test_a_table_that_is_no_longer_there_rings_at_every_look(
    shop: Path, first: dict[str, Any]
) -> None:
    runs = [first]
    (shop / "disputes.csv").rename(shop / "disputes.csv.old")
    for _ in range(2):
        runs.insert(0, look(shop, runs))
        assert rows_gone(runs[0]) == ["disputes"]
    [why] = [c["why"] for c in runs[0]["causes"] if c["code"] == "rows_gone"]
    assert why == (
        "disputes: 0 rows, and 10 before; rows are never taken out:"
        " export the table whole"
    )


def test_emptied_payments_ring_though_they_count_as_not_looked_at(
    shop: Path, first: dict[str, Any]
) -> None:
    runs = [first]
    cut(shop, "payments", 0)
    assert "payments" not in Portfolio.open(shop).settings.tables
    assert rows_gone(look(shop, runs)) == ["payments"]


def test_questions_are_nothing_that_happened(shop: Path) -> None:
    """A day later other customers are asked about, fewer or none."""
    write(shop, "snapshots", "customer_id,event_at", "c{n},{day}", 30)
    before = look(shop)
    with (shop / "invoices.csv").open("a") as bills:
        day, due = (INVOICED + timedelta(days=n) for n in (31, 45))
        bills.write(f"c1,{day.isoformat()},i31,{due.isoformat()},10.00\n")
    cut(shop, "snapshots", 1)
    assert rows_gone(look(shop, [before])) == []
    (shop / "snapshots.csv").unlink()
    assert rows_gone(look(shop, [before])) == []


@pytest.mark.parametrize(("table", "n"), [("disputes", 10), ("payments", 30)])
def test_rows_that_are_there_and_rejected_are_not_gone(
    shop: Path, first: dict[str, Any], table: str, n: int
) -> None:
    """Their dates cannot be read any more: one cause, at every look."""
    runs = [first]
    file = shop / f"{table}.csv"
    file.write_text(file.read_text().replace("2026-", "MMXXVI-"))
    for _ in range(2):
        runs.insert(0, look(shop, runs))
        [flow] = [one for one in runs[0]["tables"] if one["table"] == table]
        assert (flow["n_accepted"], flow["n_rejected"]) == (0, n)
        assert [c["code"] for c in runs[0]["causes"]] == ["rejected_rows"]


def test_once_a_person_released_it_what_is_there_is_the_measure(
    shop: Path, tmp_path: Path
) -> None:
    """And what goes missing after that rings anew, without waiting for 30 days."""
    monitoring, seen = open_monitoring(tmp_path / "store"), []
    for at, n_left in enumerate([30, 12, 12, 12, 0, 0]):
        cut(shop, "payments", n_left)
        runs = monitoring.runs_of("shop", 9)
        since = runs[0].at if runs else 0
        released = [one.subject for one in monitoring.released_since("shop", since)]
        run = look(shop, [json.loads(one.content) for one in runs], released)
        causes = [Cause(**one) for one in run["causes"]]
        content = json.dumps(run)
        raised = monitoring.record(10 * at, run["as_of"], "shop", content, causes)
        seen.append((rows_gone(run), [one.code for one in raised]))
        if at == 2:
            monitoring.release("ana", "old years are left out", 10 * at + 5)
    monitoring.close()
    rings, raises = ["payments"], ["rows_gone"]
    lost = [(rings, raises), (rings, [])]
    assert seen == [([], []), *lost, ([], []), *lost]


def test_a_feed_that_stopped_is_seen(calm: Simulated, model: Bundle) -> None:
    payments = calm.tables["payments"]
    ends = pa.scalar(NOW - timedelta(days=9), pa.timestamp("us", tz="UTC"))
    kept = payments.filter(pc.less_equal(payments["known_at"], ends))
    broken = calm.until(NOW, payments=kept)
    causes = [c for f in table_flows(broken, broken.observed_until) for c in f.causes()]
    assert [(c.code, c.subject) for c in causes] == [("feed_stopped", "payments")]


def test_data_that_ended_long_ago_ring_where_quiet_is_counted_from_now(
    now: Portfolio,
) -> None:
    later = now.observed_until + 580 * 86_400_000_000
    causes = [c for f in table_flows(now, later) for c in f.causes()]
    stopped = {c.subject: c.why for c in causes if c.code == "feed_stopped"}
    assert "nothing new for 58" in stopped["payments"]
    assert "invoices" in stopped


@pytest.mark.parametrize("weeks", [2, 8, 12, 26])
def test_a_dead_feed_rings_on_however_long_it_is_dead(
    calm: Simulated, weeks: int
) -> None:
    ends = pa.scalar(NOW - timedelta(weeks=weeks), pa.timestamp("us", tz="UTC"))
    payments = calm.tables["payments"]
    kept = payments.filter(pc.less_equal(payments["known_at"], ends))
    broken = calm.until(NOW, payments=kept)
    [one] = [f for f in table_flows(broken, microseconds(NOW)) if f.table == "payments"]
    assert [cause.code for cause in one.causes()] == ["feed_stopped"]


def billed(at: list[datetime], observed_until: datetime) -> Portfolio:
    """One customer with a bill at each of these moments."""
    rows = {
        "customer_id": ["c"] * len(at),
        "event_at": at,
        "invoice_id": [f"i{n}" for n in range(len(at))],
        "due_at": at,
        "amount": [1.0] * len(at),
    }
    people = {"customer_id": ["c"], "event_at": [min(at)]}
    return Portfolio.from_tables(
        {"customers": pa.table(people), "invoices": pa.table(rows)},
        PortfolioSettings(observed_until=observed_until),
    )


@pytest.mark.parametrize("months", [2, 3, 12])
def test_bills_of_a_quarter_or_a_year_are_no_feed_that_stopped(months: int) -> None:
    """A thousand bills on two days, and nothing until the next ones are due."""
    days = [NOW - timedelta(days=30 * months * n + 29 * months) for n in range(3)]
    at = [day + timedelta(minutes=n) for day in days for n in range(2_000)][::2]
    portfolio = billed(at, NOW)
    for later, codes in ((0, []), (40 * months, ["feed_stopped"])):
        now = microseconds(NOW + timedelta(days=later))
        [one] = [f for f in table_flows(portfolio, now) if f.table == "invoices"]
        assert [cause.code for cause in one.causes()] == codes


def paid_but_on(quiet: Collection[int], n_days: int) -> Portfolio:
    """Payments twice a day of so many, but on some of these days."""
    paid = [
        FIRST_DAY + timedelta(days=day, hours=12 * half)
        for day in range(n_days)
        if day not in quiet
        for half in (0, 1)
    ]
    rows = {
        "customer_id": ["c"] * len(paid),
        "event_at": paid,
        "payment_id": [f"p{n}" for n in range(len(paid))],
        "status": ["succeeded"] * len(paid),
        "amount": [10.0] * len(paid),
    }
    people = {"customer_id": ["c"], "event_at": [FIRST_DAY]}
    return Portfolio.from_tables(
        {"customers": pa.table(people), "payments": pa.table(rows)},
        PortfolioSettings(tables=frozenset({"customers", "payments"})),
    )


@pytest.mark.parametrize(
    ("quiet", "codes"),
    [
        pytest.param(range(5 * 91), [], id="quiet at the end of every quarter"),
        pytest.param(range(91), ["feed_stopped"], id="quiet once a year ago"),
        pytest.param(
            range(254, 359), ["feed_stopped"], id="quiet once, for more than a quarter"
        ),
    ],
)
def test_payments_of_bills_of_a_quarter_may_be_quiet_at_its_end(
    quiet: range, codes: list[str]
) -> None:
    """In the last 25 of 91 days; and now since 22 days.

    What was quiet for 105 days is 91 as well as 183 days ago, and still happened once.
    """
    is_outage = len(quiet) == 105
    days = [day for day in quiet if is_outage or day % 91 >= 66]
    portfolio = paid_but_on(days, 5 * 91 - 25)
    end = microseconds(FIRST_DAY + timedelta(days=91 * 5 - 3))
    flows = [f for f in table_flows(portfolio, end) if f.table == "payments"]
    assert [cause.code for f in flows for cause in f.causes()] == codes


def test_seasons_are_looked_at_only_where_something_rings(
    now: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(table: object, moment: int) -> float:
        raise AssertionError

    for name in ("quiet_season", "busiest_season"):
        monkeypatch.setattr(f"monitoring.table_flows.{name}", never)
    flows = table_flows(now, now.observed_until)
    assert not [cause for flow in flows for cause in flow.causes()]
    with pytest.raises(AssertionError):
        table_flows(now, now.observed_until + 580 * DAY_US)


@pytest.mark.parametrize(
    ("quarters_back", "codes"),
    [
        pytest.param([0], ["unusual_volume"], id="for the first time"),
        pytest.param([0, 1], [], id="as a quarter ago"),
        pytest.param([0, 4], [], id="as a year ago"),
    ],
)
def test_a_week_of_many_bills_may_be_one_of_every_quarter(
    quarters_back: list[int], codes: list[str]
) -> None:
    """Ten bills a day, and 500 on the first days of these quarters; 2025-10-03."""
    now = datetime(2025, 10, 3, tzinfo=UTC)
    at = [now - timedelta(hours=2.4 * n) for n in range(4_000)]
    for back in quarters_back:
        year, month = divmod(2025 * 12 + 9 - 3 * back, 12)
        at += [datetime(year, month + 1, 1, tzinfo=UTC)] * 500
    portfolio = billed(at, now)
    flows = table_flows(portfolio, microseconds(now))
    [one] = [f for f in flows if f.table == "invoices"]
    assert [cause.code for cause in one.causes()] == codes


def flow(**changes: object) -> TableFlow:
    usual = TableFlow("payments", 1_000, 0, 100, (80, 120), 0.5, 2.0, 0.1)
    return replace(usual, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        pytest.param({}, [], id="as usual"),
        pytest.param({"n_last_week": 40}, [], id="half of the least"),
        pytest.param({"n_last_week": 39}, ["unusual_volume"], id="below it"),
        pytest.param({"n_last_week": 240}, [], id="twice the most"),
        pytest.param({"n_last_week": 241}, ["unusual_volume"], id="above it"),
        pytest.param({"n_last_week": 0, "usual": None}, [], id="too few to say"),
        pytest.param({"quiet_days": 4.0}, [], id="twice the longest gap"),
        pytest.param({"quiet_days": 4.1}, ["feed_stopped"], id="longer"),
        pytest.param({"quiet_days": 9, "mean_gap_days": 1.0}, [], id="rows are rare"),
        pytest.param({"n_rejected": 20}, [], id="two percent rejected"),
        pytest.param({"n_rejected": 21}, ["rejected_rows"], id="more"),
        pytest.param({"n_accepted": 9, "n_rejected": 9}, [], id="a handful"),
    ],
)
def test_how_rows_arrive(changes: dict[str, object], codes: list[str]) -> None:
    assert [cause.code for cause in flow(**changes).causes()] == codes
