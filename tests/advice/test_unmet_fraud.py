"""What stands in for a model of fraud, and what that costs: the last line of a list."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from advice.advised import AdvisedParts
from advice.advisor import Advisor
from advice.portfolio_run import metadata
from advice.unmet_fraud import unmet_fraud, unmet_fraud_note
from decisions.policy_file.load import Policy
from scoring.bundle import Bundle
from scoring.level import Level

BundleOf = Callable[[str], Bundle]
LEVEL = Level(0.01, 0.0, 0.04)


def advised(metadata: dict[str, str], **columns: list[Any]) -> AdvisedParts:
    """A list of four: two left alone, one reminded, one looked at."""
    rows: dict[str, list[Any]] = {
        "action_in_run": ["none", None, "remind", "review"],
        "measures": [[]] * 4,
        "is_fraud_confirmed": [False] * 4,
        "p_fraud": [0.01] * 4,
        "open": [100.0, 200.0, 300.0, 9_000.0],
        "run_up": [50.0, 0.0, 0.0, 9_000.0],
    }
    measures = pa.array((rows | columns)["measures"], pa.list_(pa.string()))
    table = pa.table(rows | columns | {"measures": measures})
    return AdvisedParts.of(table.replace_schema_metadata(metadata))


def of_few(bundle: Bundle, level: Level | None = LEVEL) -> Bundle:
    return replace(bundle, is_proven=False, level=level)


@pytest.fixture
def stated(bundle_of: BundleOf, policy: Policy) -> dict[str, str]:
    return metadata(Advisor({"fraud": of_few(bundle_of("fraud"))}, policy))


def test_only_who_is_left_alone_or_reminded_is_counted(
    stated: dict[str, str], policy: Policy
) -> None:
    """By hand: 0.97 of open at cost (0.82) and run-up, and a fee of 20."""
    model = policy.latest.model
    assert model is not None
    seen = unmet_fraud(advised(stated), model)
    loss = 0.97 * (0.82 * (100 + 200 + 300) + 50) + 3 * 20
    assert (seen.n_customers, seen.n_unknown) == (3, 0)
    assert seen.each == pytest.approx(loss / 3)
    assert seen.expected == pytest.approx(0.01 * loss)
    assert seen.low == 0.0
    assert seen.high == pytest.approx(0.04 * loss)


def test_unknown_money_is_no_zero_and_confirmed_fraud_not_left_alone(
    stated: dict[str, str], policy: Policy
) -> None:
    model = policy.latest.model
    assert model is not None
    unknown = advised(stated, open=[None, 200.0, 300.0, 1.0])
    assert unmet_fraud(unknown, model).n_unknown == 1
    note = unmet_fraud_note(unknown, policy, None, "EUR")
    assert note is not None
    assert note.endswith("of 1 customer the money is not known")
    confirmed = advised(stated, is_fraud_confirmed=[True, False, False, False])
    assert unmet_fraud(confirmed, model).n_customers == 2
    capped = advised(stated, measures=[[], ["spending_cap"], [], []])
    assert unmet_fraud(capped, model).n_customers == 2


def test_the_one_that_turns_out_a_fraud_is_who_is_likely_to(
    stated: dict[str, str], policy: Policy
) -> None:
    model = policy.latest.model
    assert model is not None
    rows = advised(stated, p_fraud=[0.5, 0.0, 0.0, 0.0], open=[1_000.0, 1.0, 1.0, 1.0])
    seen = unmet_fraud(rows, model)
    assert seen.each == pytest.approx(0.97 * (0.82 * 1_000 + 50) + 20)
    assert seen.expected == pytest.approx(0.5 * seen.each)


def test_the_note_tells_level_and_money(
    bundle_of: BundleOf, stated: dict[str, str], policy: Policy
) -> None:
    note = unmet_fraud_note(advised(stated), policy, of_few(bundle_of("fraud")), "EUR")
    assert note == (
        "fraud: a model of few outcomes stands in, which within 90 days expects it of"
        " 1.00% of the customers (95 % interval 0.00% to 4.00%). With the 3 customers"
        " whom this list leaves alone or reminds a loss of EUR 6 is expected (EUR 0 to"
        " EUR 23); one that turns out a fraud costs EUR 195 on average"
    )


def test_without_a_probability_only_the_loss_of_one_is_told(policy: Policy) -> None:
    note = unmet_fraud_note(advised({}, p_fraud=[None] * 4), policy, None, "EUR")
    assert note == (
        "fraud: no model of it is in force, only its signs stand in. How many of the 3"
        " customers whom this list leaves alone or reminds are frauds is not known;"
        " one that turns out a fraud costs EUR 195 on average"
    )


def test_a_level_that_nothing_confirms_has_no_interval(
    bundle_of: BundleOf, policy: Policy
) -> None:
    """Nobody looked for fraud here, so the starter stays where it was made."""
    bundle = replace(of_few(bundle_of("fraud"), None), is_starter=True)
    rows = advised(metadata(Advisor({"fraud": bundle}, policy)))
    note = unmet_fraud_note(rows, policy, bundle, "EUR")
    assert note is not None
    assert "the starter stands in at its own level, which nothing here" in note
    assert "a loss of EUR 6 is expected; one" in note


def test_a_model_without_a_level_is_not_said_to_have_learnt_it_elsewhere(
    bundle_of: BundleOf, policy: Policy
) -> None:
    bundle = of_few(bundle_of("fraud"), None)
    rows = advised(metadata(Advisor({"fraud": bundle}, policy)))
    note = unmet_fraud_note(rows, policy, bundle, "EUR")
    assert note is not None
    assert note.startswith(
        "fraud: a model that outcomes do not bear out yet stands in."
    )


def test_what_cannot_be_told_is_said(stated: dict[str, str], policy: Policy) -> None:
    nobody = advised(stated, action_in_run=["review"] * 4)
    note = unmet_fraud_note(nobody, policy, None, "EUR")
    assert note is not None
    assert note.endswith("leaves nobody alone of whom the money is known")
    plain = Policy(policy.document.model_copy(update={"costs": None}))
    note = unmet_fraud_note(advised(stated), plain, None, "EUR")
    assert note is not None
    assert note.endswith("not known, for the policy states no costs")


def test_a_model_that_is_borne_out_needs_no_note(
    bundle_of: BundleOf, policy: Policy
) -> None:
    assert unmet_fraud_note(advised({}), policy, bundle_of("fraud"), "EUR") is None
