"""A portfolio as columns: the inputs that one customer has, for many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from decisions.actions import STEP_BITS
from decisions.case import Case
from decisions.money.exposure import (
    Exposure,
    FaceValues,
    StakeTerms,
    days_to_stop,
    stakes,
)
from decisions.money.inputs import Inputs
from decisions.money.numbers import Number
from decisions.money.states import exclusive_states
from decisions.rules.eligibility import Eligibility, eligibility_of
from decisions.steps.case_inputs import inputs_of
from decisions.steps.decidable import UNDECIDED, goes_by_days, undecidable, undecided
from decisions.terms import Terms
from features.arrays import BoolArray, FloatArray, TextArray
from features.money import UNITS

# the fields of Inputs: numbers, then masks and actions, then flags
_KINDS: tuple[type[np.generic], ...] = (
    *(np.float64,) * 15,
    *(np.int64,) * 10,
    *(np.bool_,) * 9,
)
_EMPTY = Inputs(*(kind() for kind in _KINDS))


@dataclass(frozen=True)
class Columns:
    """What the rules see of n customers, in the order given.

    Args:
        customer_id: shape (n,), text.
        view: arrays of shape (n,); rows without a decision hold zeros.
        code: why there is no decision, None where there is one.
        eligibility: per row where cases were given, for the reasons in words.
    """

    customer_id: TextArray
    inputs: Inputs
    code: TextArray
    eligibility: tuple[Eligibility | None, ...] = ()

    def __len__(self) -> int:
        return len(self.customer_id)


def columns_of_cases(cases: Sequence[Case], terms: Terms, at: datetime) -> Columns:
    """Columns from whole cases; whatever the facts."""
    numbers: list[Inputs] = []
    codes: list[str | None] = []
    particular: list[Eligibility | None] = []
    for case in cases:
        code = undecidable(case, terms, at)
        eligibility = eligibility_of(case, terms, at)
        inputs = None if code is not None else inputs_of(case, eligibility, terms)
        numbers.append(_EMPTY if inputs is None else inputs)
        codes.append(code if inputs is not None or code else "unknown_money")
        particular.append(eligibility)
    return Columns(
        customer_id=np.array([c.facts.customer_id for c in cases], dtype=object),
        inputs=_stacked(numbers),
        code=np.array(codes, dtype=object),
        eligibility=tuple(particular),
    )


def _stacked(rows: Sequence[Inputs]) -> Inputs:
    fields = zip(*rows, strict=True) if rows else [()] * len(_KINDS)
    return Inputs(
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
    promise, payment in flight, hold, override, appeal, sign of fraud, stop or measure
    in force, of whose money no row was rejected, whose data are fresh, and into whom
    nobody looks for their probabilities (`is_looked_into`), under a policy that does
    not look at everybody: for them the facts are these numbers and nothing else.
    Everybody else goes through `columns_of_cases`; `joined` puts the two together.

    Args:
        terms: the policy in force.
        customer_id: shape (n,).
        probabilities: `p_fraud`, `p_nonpayment` (NaN: no model) and
            `nonpayment_given_fraud`, each of shape (n,).
        money: face values in ten-thousandths, NaN where unknown, each of shape (n,):
            `open`, `recurring_monthly`, `recurring_committed`, `usage_daily_cost`,
            `committed`, `clv`, and `run_up` where the portfolio states it; where they
            are known also `usage_unbilled`, and `days_until_due` (days, not NaN).
        subject_kind: shape (n,), text or None.
    """
    return Columns(
        customer_id=customer_id,
        inputs=_plain_inputs(terms, probabilities, money, subject_kind),
        code=_plain_codes(terms, probabilities, money),
    )


def _plain_inputs(
    terms: Terms,
    probabilities: Mapping[str, FloatArray],
    money: Mapping[str, FloatArray],
    subject_kind: TextArray,
) -> Inputs:
    """No step is permitted and nothing is in force or due."""
    n = len(subject_kind)
    known = {name: np.nan_to_num(p, nan=0.0) for name, p in probabilities.items()}
    p_fraud, p_nonpayment = known["p_fraud"], known["p_nonpayment"]
    fraud, only, good = exclusive_states(
        p_fraud, p_nonpayment, known["nonpayment_given_fraud"]
    )
    stake = plain_exposure(terms.stake, money)
    nothing = np.zeros(n)  # no stop is permitted to them, whatever is assumed
    steps, zero = np.full(n, STEP_BITS), np.zeros(n, dtype=np.int64)
    no = np.zeros(n, dtype=bool)
    persons = np.where(
        subject_kind == "legal_person",
        terms.legal_person_bits,
        terms.natural_person_bits,
    )
    return Inputs(
        p_fraud=fraud,
        p_only=only,
        p_good=good,
        p_fraud_marginal=p_fraud,
        p_nonpayment=p_nonpayment,
        open_cost=stake.open_cost,
        run_up=stake.run_up,
        stoppable=stake.stoppable,
        clv=np.nan_to_num(money["clv"], nan=0.0) / UNITS,
        assumed_run_up=nothing,
        assumed_stoppable=nothing,
        assumed_clv=nothing,
        avoided_nonpayment=nothing,
        avoided_fraud=nothing,
        avoided_fees=nothing,
        ordinary_bits=steps,
        high_usage_bits=steps,
        fraud_bits=steps,
        suspicion_bits=steps,
        ladder_action=zero,
        in_force=zero,
        previous=zero,
        person_bits=persons,
        measure_ways=zero,
        measures_in_force=zero,
        has_meter=no,  # and no measure is permitted
        is_confirmed_fraud=no,
        is_first_invoice=no,
        is_notice_required=no,
        needs_two=no,  # nobody is asked about a stop that is not permitted
        goes_by_days=_by_days(terms, probabilities, money),
        rests_on_signs=no,
        is_left_to_a_person=no,
        is_proven_fraud=no,
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
        days_to_stop(terms, 0.0, money.get("days_until_due", 0.0)),
        FaceValues(
            major("open"),
            major("recurring_monthly"),
            major("recurring_committed"),
            major("usage_daily_cost"),
            major("committed"),
            money["run_up"] / UNITS if "run_up" in money else None,
            major("usage_unbilled") if "usage_unbilled" in money else 0.0,
        ),
    )


def joined(parts: Sequence[Columns]) -> Columns:
    """Several columns one after the other; eligibility stays where it was given."""
    seen: list[Eligibility | None] = []
    for part in parts:
        seen += part.eligibility or (None,) * len(part)
    fields = zip(*(part.inputs for part in parts), strict=True)
    return replace(
        parts[0],
        customer_id=np.concatenate([part.customer_id for part in parts]),
        inputs=Inputs(*(np.concatenate(field) for field in fields)),
        code=np.concatenate([part.code for part in parts]),
        eligibility=tuple(seen),
    )
