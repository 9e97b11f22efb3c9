"""The labels audit: known courses are counted as they went; thin data are said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.moments import DAY_US
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from training.audits.courses import ALL_DAYS, Course, courses
from training.audits.label_counts import (
    arrival_curve,
    loss_caught,
    roll_rates,
    roll_to_loss,
    separate_losses,
)
from training.audits.label_page import label_page, summary
from training.audits.labels import LabelsAudit, audit_labels

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
YEAR = 365 * DAY_US


def course(n: int, due: int, paid: int | None, lost: int | None = None) -> Course:
    """One invoice due on a day: paid on a day or never; written off on a day."""
    end = 10 * YEAR if paid is None else paid * DAY_US
    spells = {
        n_days: [((due + n_days) * DAY_US, end)]
        if (due + n_days) * DAY_US < end
        else []
        for n_days in ALL_DAYS
    }
    losses = [] if lost is None else [(lost * DAY_US, 1)]
    return Course(f"c{n}", 0, spells, losses)


def test_the_definition_that_parts_losers_from_late_payers_shows() -> None:
    """Forty pay on day 50, twenty never: they are written off on day 130 or 131."""
    found = [course(n, 0, 50) for n in range(40)]
    found += [course(100 + n, 0, None, 130 + n % 2) for n in range(20)]
    rolled = roll_to_loss(found, YEAR)
    assert rolled[30] is not None
    assert rolled[60] is not None
    assert rolled[30].value == pytest.approx(20 / 60)
    assert rolled[60].value == 1.0
    caught = loss_caught(found)[120]
    assert caught is not None
    assert caught.value == 1.0


def test_what_is_written_off_month_by_month_is_one_loss() -> None:
    """Two customers with twelve write-offs each tell what two customers tell."""
    months = [(day * DAY_US, 1) for day in range(130, 490, 30)]
    found = [replace(course(n, 0, None), losses=months) for n in range(2)]
    assert loss_caught(found)[120] is None, "too few, not 24"
    again = replace(found[0], losses=[months[0], (months[0][0] + YEAR, 1)])
    assert [len(separate_losses(one)) for one in (found[0], again)] == [1, 2]


def test_spells_not_followed_for_half_a_year_are_not_counted() -> None:
    found = [course(n, 0, None) for n in range(40)]
    assert roll_to_loss(found, 100 * DAY_US)[30] is None


def test_roll_rates_are_rates_of_customer_months() -> None:
    found = [course(n, 10, 45) for n in range(30)]
    months = [k * 30 * DAY_US for k in range(4)]
    rates = roll_rates(found, months)
    # on day 0 not late, on day 30 20 days late, on days 60 and 90 paid
    assert rates["not late"] == pytest.approx(
        {name: 0.5 * (name in ("not late", "1–29 days")) for name in rates["not late"]}
    )
    assert rates["1–29 days"]["not late"] == 1.0


def test_delays_yet_to_come_do_not_make_arrivals_look_fast() -> None:
    """Exponential delays of 40 days on average, seen for 0 to 100 days.

    2,000 of them: the standard error of the share is below 0.03; 4 of these, a false
    alarm in 16,000 draws. Counting what has arrived would say 0.71 instead of 0.58.
    """
    rng = np.random.default_rng(3)
    delay = rng.exponential(40.0, 4_000)
    seen = rng.uniform(0.0, 100.0, 4_000)
    has_arrived = delay <= seen
    days, arrived = arrival_curve(
        (delay[has_arrived] * DAY_US).astype(np.int64),
        (seen[has_arrived] * DAY_US).astype(np.int64),
    )
    by_30 = arrived[np.searchsorted(days, 30)]
    expected = (1 - np.exp(-30 / 40)) / (1 - np.exp(-100 / 40))  # of those up to 100
    assert by_30 == pytest.approx(expected, abs=0.12)
    naive = float((delay[has_arrived] <= 30).mean())
    assert naive > expected + 0.12


@pytest.fixture(scope="module")
def lumen() -> LabelsAudit:
    return audit_labels(Portfolio.open(SAMPLES / "lumen"))


@pytest.mark.slow
def test_the_sample_with_invoices_is_told_whole(lumen: LabelsAudit) -> None:
    shares = [s.value for s in lumen.roll_to_loss.values() if s is not None]
    assert shares == sorted(shares)
    assert lumen.days_past_due == 90
    assert lumen.horizon_days == 120
    assert set(lumen.base_rates) == {"fraud", "nonpayment"}
    assert set(lumen.delays) == {"chargeback", "confirmed", "analyst"}
    assert not lumen.unsaid
    page = label_page(lumen)
    assert page.count("<figure>") == page.count("<figcaption>") == 8
    assert "`" not in page


@pytest.mark.slow
def test_six_reports_and_one_outcome_say_what_they_can() -> None:
    """Taiwan: two months late in the last report means 70 % and more default."""
    audit = audit_labels(Portfolio.open(SAMPLES / "taiwan"))
    rolled = audit.roll_to_loss[60]
    assert rolled is not None
    assert 0.68 < rolled.value < 0.76
    assert audit.horizon_days is None
    assert any("horizon" in line for line in audit.unsaid)
    assert "horizon: the data cannot say" in "\n".join(summary(audit))
    assert "<figure>" in label_page(audit)


def test_an_outcome_that_repeats_a_write_off_is_one_loss() -> None:
    """The ledger writes two invoices off at one moment, and an outcome says so, too."""
    at = "2026-03-01T00:00:00Z"
    tables = {
        "customers": pa.table(
            {"customer_id": ["c1"], "event_at": ["2025-01-01T00:00:00Z"]}
        ),
        "invoices": pa.table(
            {
                "customer_id": ["c1"] * 4,
                "invoice_id": ["i1", "i2", "w1", "w2"],
                "event_at": ["2025-06-01T00:00:00Z"] * 2 + [at] * 2,
                "due_at": ["2025-06-15"] * 2 + [None] * 2,
                "amount": ["10.00", "20.00"] * 2,
                "kind": ["invoice"] * 2 + ["write_off"] * 2,
                "applies_to": [None] * 2 + ["i1", "i2"],
            }
        ),
        "payments": pa.table(
            {
                "customer_id": ["c1"],
                "payment_id": ["p1"],
                "event_at": [at],
                "status": ["failed"],
                "amount": ["10.00"],
                "invoice_id": ["i1"],
            }
        ),
        "outcomes": pa.table(
            {
                "customer_id": ["c1"],
                "event_at": [at],
                "kind": ["written_off"],
                "source": ["ledger"],
            }
        ),
    }
    settings = PortfolioSettings.model_validate(
        {"name": "one", "observed_until": "2026-06-30T00:00:00Z"}
    )
    portfolio = Portfolio.from_tables(tables, settings)
    [one] = courses(portfolio, ["c1"])
    assert [money for _, money in one.losses] == [300_000]


@pytest.mark.slow
def test_vintages_name_the_definition_they_count_by(lumen: LabelsAudit) -> None:
    page = label_page(replace(lumen, days_past_due=None, compared_days_past_due=60))
    assert "Share ever 60 days past due" in page
