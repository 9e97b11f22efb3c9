"""When access returns to whom a stop's invoices were written off."""

from datetime import date
from pathlib import Path

from advice.advisor import Advisor
from backtest.decision_days import DecisionDays
from backtest.run import run_backtest
from decisions.policy_file.load import Policy
from features.portfolio import Portfolio
from features.targets import TARGETS
from scoring.starter import starter

MONTHS = range(1, 6)
NAMES = "abcd"
# of d nothing is written off, whose invoices and payments go on
FILES = {
    "portfolio.yaml": "currency: EUR\nobserved_until: 2026-05-25\n"
    "none: {contacts: 2026-05-25, disputes: 2026-05-25, holds: 2026-05-25}\n",
    "customers.csv": "customer_id,created_at\n"
    + "".join(f"{name},2025-01-01T00:00Z\n" for name in NAMES),
    "invoices.csv": "customer_id,invoice_id,kind,applies_to,event_at,due_at,amount\n"
    + "".join(f"{name},{name},,,2025-12-01,2026-01-01,500\n" for name in "abc")
    + "".join(f"{name},-{name},write_off,{name},2026-04-01,,500\n" for name in "abc")
    + "".join(f"d,d{m},,,2026-0{m}-01,2026-0{m}-20,100\n" for m in MONTHS),
    "payments.csv": "customer_id,payment_id,event_at,status,amount,invoice_id\n"
    "a,pa,2026-05-01T08:00Z,succeeded,500,a\n"
    "b,pb,2026-05-01T08:00Z,succeeded,500,\n"
    + "".join(f"d,p{m},2026-0{m}-15T08:00Z,succeeded,100,d{m}\n" for m in MONTHS),
}


def test_it_returns_on_the_day_on_which_the_loss_is_made_up_for(
    policy: Policy, timeline: Policy, tmp_path: Path
) -> None:
    """By a payment of the invoice (a), by credit (b), or not (c); nothing is owed."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    portfolio = Portfolio.open_usable(tmp_path)
    zone = portfolio.settings.zone
    days = DecisionDays.between(date(2026, 1, 1), date(2026, 5, 20), zone)
    advisor = Advisor({target: starter(target) for target in TARGETS}, policy)
    found = run_backtest(advisor, portfolio, days, against=timeline)
    assert found.old is not None
    ends = {NAMES[s.customer]: s.until and s.until.date() for s in found.old.stops}
    assert ends == {"a": date(2026, 5, 1), "b": date(2026, 5, 1), "c": None}
