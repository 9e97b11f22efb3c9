"""A portfolio as columns: the same view the scalar path has, for many customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from decisions.actions import STEP_BITS
from decisions.case import Case
from decisions.inputs import View
from decisions.money.exposure import (
    UNITS,
    Exposure,
    FaceValues,
    StakeTerms,
    days_to_stop,
    stakes,
)
from decisions.money.numbers import Number
from decisions.money.states import FloatArray, exclusive_states
from decisions.rules.eligibility import Circumstances, circumstances
from decisions.steps.by_days import UNDECIDED, goes_by_days, undecided
from decisions.steps.inputs import undecidable, view
from decisions.terms import Terms

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.object_]

# the fields of View: numbers, then masks and actions, then flags
_KINDS: tuple[type[np.generic], ...] = (
    *(np.float64,) * 12,
    *(np.int64,) * 7,
    *(np.bool_,) * 7,
)
_EMPTY = View(*(kind() for kind in _KINDS))


@dataclass(frozen=True)
class Columns:
    """What the rules see of n customers, in the order given.

    Args:
        customer_id: shape (n,), text.
        view: arrays of shape (n,); rows without a decision hold zeros.
        code: why there is no decision, None where there is one.
        circumstances: per row where cases were given, for the reasons in words.
    """

    customer_id: TextArray
    view: View
    code: TextArray
    circumstances: tuple[Circumstances | None, ...] = ()

    def __len__(self) -> int:
        return len(self.customer_id)


def columns_of_cases(cases: Sequence[Case], terms: Terms, at: datetime) -> Columns:
    """Columns from whole cases; any circumstances are allowed."""
    views: list[View] = []
    codes: list[str | None] = []
    particular: list[Circumstances | None] = []
    for case in cases:
        code = undecidable(case, terms, at)
        seen = circumstances(case, terms, at)
        numbers = None if code is not None else view(case, seen, terms)
        views.append(_EMPTY if numbers is None else numbers)
        codes.append(code if numbers is not None or code else "unknown_money")
        particular.append(seen)
    return Columns(
        customer_id=np.array([c.facts.customer_id for c in cases], dtype=object),
        view=_stacked(views),
        code=np.array(codes, dtype=object),
        circumstances=tuple(particular),
    )


def _stacked(views: Sequence[View]) -> View:
    fields = zip(*views, strict=True) if views else [()] * len(_KINDS)
    return View(
        *(np.array(f, dtype=kind) for f, kind in zip(fields, _KINDS, strict=True))
    )


def looks_at_everybody(terms: Terms) -> bool:
    """Whether numbers do not suffice for customers about whom nothing is going on.

    They do not where the policy has a scope, or its provider's terms differ by product:
    then `columns_of_plain` may not be used.
    """
    scope = terms.document.scope
    return scope != type(scope)() or terms.stake.reads_products


def columns_of_plain(
    terms: Terms,
    customer_id: TextArray,
    probabilities: Mapping[str, FloatArray],
    money: Mapping[str, FloatArray],
    subject_kind: TextArray,
) -> Columns:
    """Columns of customers about whom nothing is going on, straight from arrays.

    Only for customers who owe nothing overdue or contested and have no dispute,
    promise, payment in flight, hold, override, appeal, sign of fraud or stop in force,
    of whose money no row was rejected, and whose data are fresh, under a policy that
    does not look at everybody: for them the facts are these numbers and nothing else.
    Everybody else goes through `columns_of_cases`; `joined` puts the two together.

    Args:
        terms: the policy in force.
        customer_id: shape (n,).
        probabilities: `p_fraud`, `p_nonpayment` (NaN: no model) and
            `nonpayment_given_fraud`, each of shape (n,).
        money: face values in ten-thousandths, NaN where unknown, each of shape (n,):
            `open`, `recurring_monthly`, `recurring_committed`, `usage_daily_cost`,
            `committed`, `clv`, and `run_up` where the portfolio states it.
        subject_kind: shape (n,), text or None.
    """
    return Columns(
        customer_id=customer_id,
        view=_plain_view(terms, probabilities, money, subject_kind),
        code=_plain_codes(terms, probabilities, money),
    )


def _plain_view(
    terms: Terms,
    probabilities: Mapping[str, FloatArray],
    money: Mapping[str, FloatArray],
    subject_kind: TextArray,
) -> View:
    """No step is permitted and nothing is in force or due."""
    n = len(subject_kind)
    known = {name: np.nan_to_num(p, nan=0.0) for name, p in probabilities.items()}
    p_fraud, p_nonpayment = known["p_fraud"], known["p_nonpayment"]
    states = exclusive_states(p_fraud, p_nonpayment, known["nonpayment_given_fraud"])
    steps, zero = np.full(n, STEP_BITS), np.zeros(n, dtype=np.int64)
    no = np.zeros(n, dtype=bool)
    persons = np.where(
        subject_kind == "legal_person",
        terms.legal_person_bits,
        terms.natural_person_bits,
    )
    return View(
        *states,
        p_fraud,
        p_nonpayment,
        *plain_exposure(terms.stake, money),
        np.nan_to_num(money["clv"], nan=0.0) / UNITS,
        *(np.zeros(n),) * 3,  # no stop is permitted to them, whatever is assumed
        *(steps, steps, steps),
        *(zero, zero, zero),
        persons,
        *(no, no, no, no),  # so nobody is asked about one
        _by_days(terms, probabilities, money),
        *(no, no),
    )


def _by_days(
    terms: Terms,
    probabilities: Mapping[str, FloatArray],
    money: Mapping[str, FloatArray],
) -> BoolArray:
    blind, poor = _is_blind(probabilities), _is_poor(terms, money)
    by_days: BoolArray = goes_by_days(terms, blind, poor, is_broken=False)
    return by_days


def _is_blind(probabilities: Mapping[str, FloatArray]) -> BoolArray:
    p_fraud, p_nonpayment = probabilities["p_fraud"], probabilities["p_nonpayment"]
    blind: BoolArray = np.isnan(p_fraud) & np.isnan(p_nonpayment)
    return blind


def _is_poor(terms: Terms, money: Mapping[str, FloatArray]) -> BoolArray:
    poor: BoolArray = np.isnan(money["clv"]) & terms.needs_clv
    return poor


def _plain_codes(
    terms: Terms,
    probabilities: Mapping[str, FloatArray],
    money: Mapping[str, FloatArray],
) -> TextArray:
    code = undecided(
        terms,
        _by_days(terms, probabilities, money),
        _is_blind(probabilities),
        _is_poor(terms, money),
        np.isnan(money["open"]),
    )
    codes: TextArray = np.array(UNDECIDED, dtype=object)[code]
    return codes


def plain_exposure(terms: StakeTerms, money: Mapping[str, FloatArray]) -> Exposure:
    """`exposure` for customers who are not overdue, as columns."""

    def major(name: str) -> Number:
        """A column of money in major units; unknown counts as nothing."""
        return np.nan_to_num(money[name], nan=0.0) / UNITS

    return stakes(
        terms,
        days_to_stop(terms, 0.0),
        FaceValues(
            major("open"),
            major("recurring_monthly"),
            major("recurring_committed"),
            major("usage_daily_cost"),
            major("committed"),
            money["run_up"] / UNITS if "run_up" in money else None,
        ),
    )


def joined(parts: Sequence[Columns]) -> Columns:
    """Several columns one after the other; circumstances stay where they were given."""
    seen: list[Circumstances | None] = []
    for part in parts:
        seen += part.circumstances or (None,) * len(part)
    fields = zip(*(part.view for part in parts), strict=True)
    return replace(
        parts[0],
        customer_id=np.concatenate([part.customer_id for part in parts]),
        view=View(*(np.concatenate(field) for field in fields)),
        code=np.concatenate([part.code for part in parts]),
        circumstances=tuple(seen),
    )
