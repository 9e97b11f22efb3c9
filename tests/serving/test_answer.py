"""Whatever is decided, the answer is what its documented schema says."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advice.advice import Advice
from advice.advisor import Advisor
from decisions import Case, Policy, load_policy, recommend
from decisions.policy_file.load import shipped_policies
from serving.answer import (
    SCORE_ANSWER,
    AnsweredReason,
    ScoreAnswer,
    Versions,
    answer_bytes,
    answer_of,
)
from serving.language import Language
from tests.decisions.decision_cases import TUESDAY, facts_of, random_cases
from tests.serving.conftest import a_bundle

BUNDLES = {target: a_bundle(target) for target in ("fraud", "nonpayment")}
POLICIES = [load_policy(path) for path in shipped_policies()]
ADVISORS = {policy.reference: Advisor(BUNDLES, policy) for policy in POLICIES}
VERSIONS = Versions(forbear="0", bundles={})
NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.filterwarnings("error")  # pydantic warns of a value of another type
@given(
    case=random_cases(),
    policy=st.sampled_from(POLICIES),
    language=st.sampled_from(get_args(Language)),
)
def test_an_answer_reads_back_by_its_schema_and_is_written_the_same(
    case: Case, policy: Policy, language: Language
) -> None:
    advice = Advice(case, recommend(case, policy, TUESDAY), ())
    advisor = ADVISORS[policy.reference]
    answer = answer_of("d1", NOW, advice, advisor, VERSIONS, (), language)
    written = answer_bytes(answer)
    assert written == SCORE_ANSWER.dump_json(answer)
    read = SCORE_ANSWER.validate_json(written)
    assert answer_bytes(read) == written
    assert (read.proposal is None) == (read.action is None)
    assert (read.no_decision is None) == (read.action is not None)


def test_numbers_of_numpy_and_large_ones_are_written_as_numbers() -> None:
    policy = POLICIES[0]
    case = Case(facts_of(), p_fraud=0.01, p_nonpayment=0.02)
    advice = Advice(case, recommend(case, policy, TUESDAY), ())
    advisor = ADVISORS[policy.reference]
    answer = answer_of("d1", NOW, advice, advisor, VERSIONS, (), "en")
    reason = AnsweredReason(
        family="tenure",
        share=cast("float", np.float32(0.5)),
        targets=("fraud",),
        feature="tenure_days",
        value=cast("float", np.int64(3)),
        typical=1e16,
        staff="s",
        customer="c",
    )
    written = json.loads(answer_bytes(replace(answer, reasons=(reason,))))
    [read] = written["reasons"]
    assert (read["share"], read["value"], read["typical"]) == (0.5, 3, 1e16)


def test_what_is_no_json_is_refused_by_name() -> None:
    odd = cast("ScoreAnswer", {"warnings": object()})
    with pytest.raises(TypeError, match="an answer cannot hold a object"):
        answer_bytes(odd)
