"""Everything the report of one target rests on, gathered once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from advice.stakes import stakes_at
from decisions.terms import Terms
from features.account import debt_table
from features.arrays import FloatArray, IntArray, TextArray
from features.batch import feature_table, matrix
from features.counted import counted
from features.moments import DAY_US, to_datetime
from features.portfolio import Portfolio
from features.reading.csv_file import csv_parts
from features.targets import Target
from scoring.bundle import Bundle
from scoring.intervals import MetricEstimate, customer_blocks
from scoring.metrics import auc
from scoring.predictor import Predictor
from scoring.reasons import reasons
from training.access import WithAccess, with_access
from training.audits.monotone import MonotoneRow
from training.errors import ProtectedFileError
from training.judged_rows import segments_of
from training.later import DateMetrics, by_date, later_intervals
from training.rehearsal import Origin
from training.report.drawn_ratio import drawn_ratio
from training.report.fairness import FairnessAudit, audit
from training.report.savings import Savings, savings
from training.rows import Rows
from training.trained_model import TrainedModel
from training.training_data import TrainingData

LEAK_DAYS = 30  # how much too late features would be known
MOST_LOOKED_AT = 3_000  # rows whose money and features are computed anew
MOST_EXPLAINED = 1_000
SHARES = (0.005, 0.01, 0.02, 0.05, 0.1)  # of the customers, looked at on each date
LEAST_POSITIVES = 10


@dataclass(frozen=True)
class LeakEstimate:
    """What the same model would reach if features were known 30 days too late."""

    days: int
    n: int
    now: float
    too_late: float


@dataclass(frozen=True)
class ReasonEvidence:
    """Own contributions to the calibrated log-odds, of rows drawn from the test rows.

    Args:
        parts: (n, F) contributions; x: (n, F) the values they came from.
        family: mean absolute contribution by family, largest first.
        overlap: mean share of families that stay the same from the model of one origin
            to the next, over the riskiest rows; None without two origins.
    """

    names: tuple[str, ...]
    parts: FloatArray
    x: FloatArray
    family: Mapping[str, float]
    overlap: float | None


@dataclass(frozen=True)
class Evidence:
    """What the report of one target says, as numbers.

    Args:
        with_access: about the test rows whose customer had access at the moment; None
            where the portfolio knows no actions.
        found_at: share of the customers looked at, of each date, to the share of those
            it happened to.
        directions: what holding each direction costs; empty where nobody asked.
    """

    target: Target
    bundle: Bundle
    learnt: TrainedModel
    rows: Rows
    test: Rows
    with_access: WithAccess | None
    dates: tuple[DateMetrics, ...]
    later: Mapping[str, MetricEstimate]
    origins: tuple[Origin, ...]
    found_at: Mapping[float, MetricEstimate]
    segments: TextArray
    savings: Savings | None
    reasons: ReasonEvidence
    leak: LeakEstimate | None
    audits: tuple[FairnessAudit, ...]
    directions: tuple[MonotoneRow, ...] = ()

    def day(self, moment: int) -> str:
        """The local day of a moment (µs since 1970 UTC)."""
        at = to_datetime(moment).astimezone(self.bundle.settings.zone)
        return at.date().isoformat()


def evidence(
    portfolio: Portfolio,
    target: Target,
    gathered: TrainingData,
    bundle: Bundle,
    learnt: TrainedModel,
    origins: Sequence[Origin],
    terms: Terms,
    protected: Mapping[str, Mapping[str, str | None]],
) -> Evidence:
    """Gather what the report says.

    Args:
        portfolio: that was learnt from.
        target: whose model.
        gathered: its rows.
        bundle: what serves.
        learnt: the same, and its judgement.
        origins: rehearsals of training, for optimism and stable reasons.
        terms: of the policy whose costs are used.
        protected: attribute to customer id to group; never features.
    """
    rows = gathered.rows[target]
    test = rows[learnt.split.test]
    label, p = learnt.judgement.label, learnt.judgement.p
    ids = np.array(gathered.customer_ids, dtype=object)[test.customer]
    dates = tuple(by_date(label, p, test.as_of))
    segments = segments_of(test)
    groups: dict[str, TextArray] = {"segment": segments}
    for name, by_customer in protected.items():
        groups[name] = np.array([by_customer.get(one) for one in ids], dtype=object)
    has_both = bool(learnt.judgement.metrics)
    return Evidence(
        target=target,
        bundle=bundle,
        learnt=learnt,
        rows=rows,
        test=test,
        with_access=with_access(portfolio, ids, test.as_of, label, p),
        dates=dates,
        later=later_intervals(learnt.judgement.metrics, list(dates)),
        origins=tuple(origins),
        found_at=_found_at(label, p, test) if has_both else {},
        segments=segments,
        savings=_savings(portfolio, target, ids, test, learnt, terms),
        reasons=_reasons(bundle, test, p, origins),
        leak=_leak(portfolio, gathered, origins[-1]) if origins else None,
        audits=tuple(
            audit(name, group, label, p, test.customer)
            for name, group in groups.items()
            if has_both and len(set(group.astype(str))) > 1
        ),
    )


def read_protected(
    file: Path, customer_ids: Collection[str]
) -> dict[str, dict[str, str | None]]:
    """Attribute to customer id to group, of a CSV with a column `customer_id`.

    Args:
        file: read as tables of a portfolio are: any of their separators.
        customer_ids: of the portfolio.

    Raises:
        ProtectedFileError: if there is no such column, or no other; a line that cannot
            be cut into cells; or nobody in it is in the portfolio.
    """
    parts = list(csv_parts(file, file.name, "protected"))
    groups = pa.concat_tables([part.rows for part in parts])
    names = [name for name in groups.column_names if name != "customer_id"]
    if not names or len(names) == len(groups.column_names):
        raise ProtectedFileError(file)
    if malformed := sum(len(part.malformed) for part in parts):
        raise ProtectedFileError(
            file,
            f"{counted(malformed, 'line')} with another number of cells than the"
            " header: quote cells that hold the separator",
        )
    who = groups["customer_id"].to_pylist()
    if set(who).isdisjoint(customer_ids):
        raise ProtectedFileError(
            file,
            "nobody in it is a customer of the portfolio: customer_id must be spelt as"
            " in its tables",
        )
    return {
        name: dict(zip(who, groups[name].to_pylist(), strict=True)) for name in names
    }


def _found_at(
    label: FloatArray, p: FloatArray, test: Rows
) -> dict[float, MetricEstimate]:
    """Recall when so large a share of each date's customers is looked at."""
    looked_at = {share: np.zeros(len(test)) for share in SHARES}
    for moment in np.unique(test.as_of):
        own = np.flatnonzero(test.as_of == moment)
        order = own[np.argsort(-p[own], kind="stable")]
        for share, rows in looked_at.items():
            rows[order[: max(1, round(share * len(own)))]] = 1.0
    blocks = customer_blocks(test.customer)
    return {
        share: drawn_ratio(rows * label, label, blocks)
        for share, rows in looked_at.items()
    }


def _sample(n: int, most: int = MOST_LOOKED_AT) -> IntArray:
    """In order, all of n rows or `most` of them by lot."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, most, replace=False))


def _savings(
    portfolio: Portfolio,
    target: Target,
    ids: TextArray,
    test: Rows,
    learnt: TrainedModel,
    terms: Terms,
) -> Savings | None:
    """None where no money is known or the policy states no costs."""
    if terms.model is None:
        return None
    chosen = _sample(len(test))
    pairs = pa.table(
        {"customer_id": pa.array(ids[chosen]), "as_of": test.as_of[chosen]}
    )
    stakes = stakes_at(portfolio, terms, pairs)
    if not len(stakes.customer_ids):
        return None
    place = {
        (who, at): int(row)
        for who, at, row in zip(
            ids[chosen].tolist(), test.as_of[chosen].tolist(), chosen, strict=True
        )
    }
    pairs_known = zip(stakes.customer_ids, stakes.as_of.tolist(), strict=True)
    order = np.array([place[pair] for pair in pairs_known], dtype=np.int64)
    days = np.nan_to_num(
        debt_table(portfolio, stakes.snapshots)["days_overdue"].to_numpy()
    )
    if learnt.judgement.label[order].sum() < LEAST_POSITIVES:
        return None
    return savings(
        target,
        stakes,
        terms.model,
        learnt.judgement.label[order],
        learnt.judgement.p[order],
        days.astype(np.float64),
        customer_blocks(test.customer[order]),
        terms.document.currency,
        terms.reference,
    )


def _reasons(
    bundle: Bundle, test: Rows, p: FloatArray, origins: Sequence[Origin]
) -> ReasonEvidence:
    """What moves the model among test rows, by feature and by family."""
    chosen = _sample(len(test), MOST_EXPLAINED)
    parts = Predictor(bundle).explain(test.x[chosen]).contributions[:, :-1]
    by_family: dict[str, FloatArray] = {}
    for i, feature in enumerate(bundle.feature_set.features):
        by_family[feature.family] = (
            by_family.get(feature.family, np.zeros(len(chosen))) + parts[:, i]
        )
    mass = {name: float(np.abs(sums).mean()) for name, sums in by_family.items()}
    return ReasonEvidence(
        bundle.feature_set.names,
        parts,
        test.x[chosen],
        dict(sorted(mass.items(), key=lambda item: -item[1])),
        _overlap(bundle, test, p, origins),
    )


def _overlap(
    bundle: Bundle, test: Rows, p: FloatArray, origins: Sequence[Origin]
) -> float | None:
    """Mean Jaccard of the families named by successive models, on the riskiest rows."""
    if len(origins) < 2:
        return None
    riskiest = np.argsort(-p, kind="stable")[:100]
    named = []
    for origin in origins:
        fitted = origin.learnt.fitted
        own = replace(bundle, model=fitted.model, calibration=fitted.calibration)
        explained = Predictor(own).explain(test.x[riskiest]).contributions
        named.append(
            [
                {reason.family for reason in reasons(own, x, parts)}
                for x, parts in zip(test.x[riskiest], explained, strict=True)
            ]
        )
    overlaps = [
        len(a & b) / len(a | b)
        for before, after in pairwise(named)
        for a, b in zip(before, after, strict=True)
        if a | b
    ]
    return float(np.mean(overlaps)) if overlaps else None


def _leak(
    portfolio: Portfolio, gathered: TrainingData, origin: Origin
) -> LeakEstimate | None:
    """A model on rows after its training, with features of the day and of 30 later."""
    after, shift = origin.after, LEAK_DAYS * DAY_US
    may = np.flatnonzero(after.as_of + shift <= portfolio.observed_until)
    chosen = may[_sample(len(may))]
    label = after.label[chosen]
    if not LEAST_POSITIVES <= label.sum() < len(label):
        return None
    ids = np.array(gathered.customer_ids, dtype=object)[after.customer[chosen]]
    pairs = {"customer_id": pa.array(ids), "as_of": after.as_of[chosen] + shift}
    features = after.feature_set
    late = matrix(feature_table(portfolio, pa.table(pairs), features), features)
    p_late = origin.learnt.fitted.probability(replace(after[chosen], x=late))
    return LeakEstimate(
        LEAK_DAYS, len(chosen), auc(label, origin.p[chosen]), auc(label, p_late)
    )
