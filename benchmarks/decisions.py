"""How fast decisions are, as ratios to a bare NumPy argmin over ready-made costs.

    python -m benchmarks.decisions

One core. Scalar: `recommend` for one customer, with and without uncertain costs, in
arrears (ladder, notices, calendar) and without. Columns: expected costs alone, and a
whole run with every guard-rail, for customers of whom one in ten is in arrears.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from decisions import BudgetUse, Case, Policy, default_policy, recommend
from decisions.money.cost import expected_costs
from decisions.money.inputs import Inputs
from decisions.policy_file.load import parse_document
from decisions.steps.choose_columns import run
from decisions.steps.columns import Columns, columns_of_cases
from features.facts import AccountFacts, Notice
from features.money import UNITS

AT = datetime(2026, 6, 9, 10, 0, tzinfo=UTC)
TABLES = frozenset(
    {"customers", "invoices", "payments", "disputes", "contacts", "holds"}
)


def _facts(rng: np.random.Generator, name: str, is_late: bool) -> AccountFacts:
    open_ = int(rng.lognormal(6, 1.5)) * UNITS
    days = int(rng.integers(1, 70)) if is_late else 0
    notices = tuple(
        Notice(kind, AT - timedelta(days=ago), AT - timedelta(days=ago))
        for kind, ago in (("reminder_1", 35), ("reminder_2", 28), ("final_notice", 20))
        if days > ago
    )
    return AccountFacts(
        customer_id=name,
        as_of=AT,
        source="invoices",
        open=open_,
        contested=0,
        in_flight=0,
        promised=0,
        overdue=open_ if is_late else 0,
        actionable=open_ if is_late else 0,
        days_overdue=days,
        episode_started_at=AT - timedelta(days=days) if is_late else None,
        recurring_monthly=int(rng.lognormal(5, 1)) * UNITS,
        usage_daily_cost=0,
        committed=0,
        clv=int(rng.lognormal(7, 1)) * UNITS,
        subject_kind="legal_person",
        created_at=AT - timedelta(days=900),
        n_invoices_paid=5,
        notices=notices,
        tables=TABLES,
    )


def _cases(n: int, late: float) -> list[Case]:
    rng = np.random.default_rng(7)
    return [
        Case(
            _facts(rng, f"c{i}", bool(rng.random() < late)),
            float(rng.beta(0.3, 30)),
            float(rng.beta(0.4, 8)),
            0.5,
        )
        for i in range(n)
    ]


def _exact(policy: Policy) -> Policy:
    """The same policy with every cost parameter certain: stability off."""

    def plain(value: Any) -> Any:  # noqa: ANN401  any value of a YAML file
        if isinstance(value, dict):
            if set(value) == {"value", "low", "high"}:
                return value["value"]
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    values = policy.document.model_dump(mode="json", by_alias=True)
    return Policy(parse_document(plain(values), "exact"))


def _scalar_us(cases: list[Case], policy: Policy) -> float:
    """Median microseconds of one `recommend`."""
    spent = []
    for case in cases:
        start = perf_counter()
        recommend(case, policy, AT)
        spent.append(perf_counter() - start)
    return 1e6 * median(spent)


def _best(work: Callable[[], object], repeats: int = 5) -> float:
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def _tiled(columns: Columns, n: int) -> Columns:
    times = -(-n // len(columns))

    def many(column: Any) -> Any:  # noqa: ANN401  an array of any kind
        return np.tile(column, times)[:n]

    return replace(
        columns,
        customer_id=many(columns.customer_id),
        inputs=Inputs(*(many(column) for column in columns.inputs)),
        code=many(columns.code),
        eligibility=(),
    )


def scalar_table(n: int) -> None:
    """Print the medians of the scalar path."""
    default = default_policy()
    print(f"one customer, median of {n}        exact costs   uncertain costs")
    for name, late in (("not in arrears", 0.0), ("in arrears", 1.0), ("1 in 10", 0.1)):
        cases = _cases(n, late)
        exact, uncertain = (_scalar_us(cases, p) for p in (_exact(default), default))
        print(f"  {name:<30}{exact:8.1f} us {uncertain:14.1f} us")


def column_table(n: int) -> None:
    """Print cases per second of the columns, and ratios to a bare argmin."""
    default = default_policy()
    terms, sample = default.latest, _cases(4_000, 0.1)
    building = _best(lambda: columns_of_cases(sample, terms, AT), 3) / len(sample)
    columns = _tiled(columns_of_cases(sample, terms, AT), n)
    exact = _exact(default).latest
    assert terms.model is not None
    model, view = terms.model, columns.inputs

    def costs() -> None:
        for start in range(0, n, 16_384):
            part = Inputs(*(c[start : start + 16_384] for c in view))
            np.stack(expected_costs(model, part.x)).argmin(axis=0)

    ready = run(columns, terms, AT, BudgetUse()).costs
    argmin = _best(lambda: ready.argmin(axis=1))
    budget_use = BudgetUse()
    rows = [
        ("bare argmin over ready costs", argmin),
        ("expected costs and argmin", _best(costs)),
        (
            "all guards, exact costs",
            _best(lambda: run(columns, exact, AT, budget_use), 3),
        ),
        (
            "all guards, uncertain costs",
            _best(lambda: run(columns, terms, AT, budget_use), 3),
        ),
    ]
    print(f"{n:,} customers in columns           cases/s      x argmin")
    for name, seconds in rows:
        print(f"  {name:<30}{n / seconds:12,.0f} {seconds / argmin:12.1f}")
    print(f"  {'cases into columns':<30}{1 / building:12,.0f}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=400_000)
    parser.add_argument("--calls", type=int, default=3_000)
    options = parser.parse_args()
    scalar_table(options.calls)
    column_table(options.customers)


if __name__ == "__main__":
    main()
