"""Features from `ageing`: periodic reports of sources that know no invoices.

Single reports back to the fifth before the latest, and levels, extremes and changes
over three and six of them. Reports are counted in whole weeks: 12 weeks hold three
monthly reports, 25 weeks six, however long the months are.
"""

from features.catalogue.families import BALANCE, CREDIT_USE, LATENESS
from features.feature import (
    Aggregate,
    Difference,
    Feature,
    How,
    LatestAttribute,
    Ratio,
    TimeSince,
    Trend,
)
from features.feature_rows import Above, Equals, Rows, Window

WEEKS = {3: Window(12 * 7), 6: Window(25 * 7)}  # by number of monthly reports
LATE = Above("days_past_due", 0)
TWO_MONTHS_LATE = Above("days_past_due", 59)
REPORTS_BACK = range(6)


def report(column: str, back: int = 0) -> LatestAttribute:
    """A column of the latest report, or of one before it."""
    return LatestAttribute("ageing", column, back=back)


def reports(
    how: How, column: str | None, n: int, where: Rows | None = None
) -> Aggregate:
    """An aggregate over about the last `n` monthly reports."""
    return Aggregate("ageing", how, column, where=where, window=WEEKS[n])


def _ago(back: int) -> str:
    return "" if back == 0 else f"_{back}_before"


def _when(back: int) -> str:
    if back == 0:
        return "in the latest report"
    return f"{back} {'report' if back == 1 else 'reports'} before the latest"


def _balance(back: int) -> Feature:
    return BALANCE.feature(
        f"ageing_balance{_ago(back)}",
        report("balance", back),
        unit="money",
        staff=f"balance {{value}} {_when(back)}",
        why="what was owed, report by report",
    )


def _days_past_due(back: int) -> Feature:
    return LATENESS.feature(
        f"ageing_days_past_due{_ago(back)}",
        report("days_past_due", back),
        unit="days",
        staff=f"{{value}} days past due {_when(back)}",
        customer="How long payments were overdue.",
        why="past lateness is the strongest sign of lateness to come",
        monotone="increasing",
    )


def _paid(back: int) -> Feature:
    return BALANCE.feature(
        f"ageing_paid{_ago(back)}",
        report("paid", back),
        unit="money",
        staff=f"{{value}} paid {_when(back)}",
        why="what came in, report by report",
    )


def _state(back: int) -> Feature:
    return LATENESS.feature(
        f"ageing_state{_ago(back)}",
        report("state", back),
        unit="category",
        staff=f"state “{{value}}” {_when(back)}",
        customer="The state of the account in earlier reports.",
        why="what the source itself calls the account",
    )


def _paid_share(back: int) -> Feature:
    return BALANCE.feature(
        f"ageing_paid_share{_ago(back)}",
        Ratio(report("paid", back), report("balance", back + 1)),
        unit="share",
        staff=f"{{value}} of the balance before was paid {_when(back)}",
        why="who pays only the minimum is near the limit of what they can pay",
    )


def _utilisation(back: int) -> Feature:
    return CREDIT_USE.feature(
        f"ageing_utilisation{_ago(back)}",
        Ratio(report("balance", back), report("credit_limit", back)),
        unit="share",
        staff=f"{{value}} of the credit limit in use {_when(back)}",
        why="who uses all the credit there is has no reserve",
    )


def _over_reports(n: int) -> tuple[Feature, ...]:
    """What the last `n` reports say together."""
    return *_lateness(n), *_debt_and_payments(n)


def _lateness(n: int) -> tuple[Feature, ...]:
    """How late, and how often, over the last `n` reports."""
    return (
        LATENESS.feature(
            f"ageing_late_reports_{n}r",
            reports("count", None, n, LATE),
            unit="reports",
            staff=f"late in {{value}} of the last {n} reports",
            why="a habit of lateness",
            monotone="increasing",
        ),
        LATENESS.feature(
            f"ageing_days_past_due_max_{n}r",
            reports("max", "days_past_due", n),
            unit="days",
            staff=f"up to {{value}} days past due in {n} reports",
            why="how far it went before it was cured",
            monotone="increasing",
        ),
        LATENESS.feature(
            f"ageing_days_past_due_mean_{n}r",
            reports("mean", "days_past_due", n),
            unit="days",
            staff=f"{{value}} days past due on average over {n} reports",
            why="level of lateness",
            monotone="increasing",
        ),
    )


def _debt_and_payments(n: int) -> tuple[Feature, ...]:
    """What was owed and paid over the last `n` reports."""
    return (
        BALANCE.feature(
            f"ageing_balance_mean_{n}r",
            reports("mean", "balance", n),
            unit="money",
            staff=f"mean balance {{value}} over {n} reports",
            why="level of debt",
        ),
        BALANCE.feature(
            f"ageing_balance_change_{n}r",
            Trend(report("balance"), report("balance", n - 1)),
            unit="trend",
            staff=f"balance against {n - 1} reports before: {{value}}",
            why="debt that grows",
        ),
        BALANCE.feature(
            f"ageing_paid_sum_{n}r",
            reports("sum", "paid", n),
            unit="money",
            staff=f"{{value}} paid over {n} reports",
            why="what came in",
        ),
        BALANCE.feature(
            f"ageing_paid_to_balance_{n}r",
            Ratio(reports("sum", "paid", n), reports("sum", "balance", n)),
            unit="share",
            staff=f"paid {{value}} of the balances of {n} reports",
            why="the share of the debt that is usually paid",
        ),
        CREDIT_USE.feature(
            f"ageing_utilisation_mean_{n}r",
            Ratio(reports("mean", "balance", n), report("credit_limit")),
            unit="share",
            staff=f"{{value}} of the credit limit in use over {n} reports",
            why="who lives on credit",
        ),
    )


AGEING_FEATURES: tuple[Feature, ...] = (
    *(_days_past_due(back) for back in REPORTS_BACK),
    *(_state(back) for back in REPORTS_BACK),
    *(_balance(back) for back in REPORTS_BACK),
    *(_paid(back) for back in REPORTS_BACK),
    *(_paid_share(back) for back in REPORTS_BACK[:-1]),
    *(_utilisation(back) for back in (0, 1, 2, 5)),
    *(feature for n in WEEKS for feature in _over_reports(n)),
    LATENESS.feature(
        "ageing_very_late_reports_6r",
        reports("count", None, 6, TWO_MONTHS_LATE),
        unit="reports",
        staff="two months late or more in {value} of the last 6 reports",
        why="two months are rarely an oversight",
        monotone="increasing",
    ),
    LATENESS.feature(
        "ageing_days_past_due_change_3r",
        Difference(report("days_past_due"), report("days_past_due", 2)),
        unit="days",
        staff="{value} days later than two reports before",
        why="rolling from one bucket of lateness to the next",
    ),
    LATENESS.feature(
        "ageing_late_age_days",
        TimeSince("ageing", "last", LATE),
        unit="days",
        staff="last late report {value} days ago",
        why="a lateness long past says less",
    ),
    BALANCE.feature(
        "ageing_balance_max_6r",
        reports("max", "balance", 6),
        unit="money",
        staff="balance of up to {value} in 6 reports",
        why="the most they ever owed lately",
    ),
    BALANCE.feature(
        "ageing_balance_std_6r",
        reports("std", "balance", 6),
        unit="money",
        staff="balance varies by {value}",
        why="balances that swing",
    ),
    BALANCE.feature(
        "ageing_paid_min_6r",
        reports("min", "paid", 6),
        unit="money",
        staff="paid at least {value} in each of 6 reports",
        why="a single month without payment",
    ),
    BALANCE.feature(
        "ageing_paid_max_6r",
        reports("max", "paid", 6),
        unit="money",
        staff="paid up to {value} in one of 6 reports",
        why="the most they could pay",
    ),
    CREDIT_USE.feature(
        "ageing_credit_limit",
        report("credit_limit"),
        unit="money",
        staff="credit limit {value}",
        why="a limit is somebody's earlier judgement of what they can carry",
    ),
    CREDIT_USE.feature(
        "ageing_unused_reports_6r",
        reports("count", None, 6, Equals("state", "no_use")),
        unit="reports",
        staff="no use in {value} of the last 6 reports",
        why="an account that is not used is not run down",
    ),
    BALANCE.feature(
        "ageing_age_days",
        TimeSince("ageing", "last"),
        unit="days",
        staff="latest report is {value} days old",
        why="an old report says less",
    ),
)
