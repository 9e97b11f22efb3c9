import pytest

from advice.joint_reasons import joint_reasons
from scoring.reasons import Reason


def reason(family: str, contribution: float) -> Reason:
    return Reason(family, contribution, 0.0, family + "_7d", 1.0, 0.0, family, family)


FRAUD = [reason("alerts", 3.0), reason("payments", 1.0)]
NONPAYMENT = [reason("lateness", 2.0), reason("payments", 1.0)]
BOTH = {"fraud": FRAUD, "nonpayment": NONPAYMENT}


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        pytest.param(
            {"fraud": 1.0, "nonpayment": 0.0},
            ["alerts", "payments"],
            id="all the loss is fraud's",
        ),
        pytest.param(
            {"fraud": 0.0, "nonpayment": 1.0},
            ["lateness", "payments"],
            id="all the loss is non-payment's",
        ),
        pytest.param(
            {"fraud": 0.5, "nonpayment": 0.5},
            ["alerts", "lateness", "payments"],
            id="half and half: a family of both scores adds up",
        ),
        pytest.param(
            {"fraud": 0.25, "nonpayment": 0.75},
            ["lateness", "payments", "alerts"],
            id="the costlier state leads",
        ),
    ],
)
def test_families_count_by_the_loss_behind_them(
    weights: dict[str, float], expected: list[str]
) -> None:
    found = joint_reasons(BOTH, weights, covered=1.0)
    assert [r.family for r in found] == expected
    assert sum(r.share for r in found) == pytest.approx(1.0)


def test_a_family_of_both_scores_names_both() -> None:
    found = joint_reasons(BOTH, {"fraud": 0.4, "nonpayment": 0.6}, covered=1.0)
    [both] = [r for r in found if r.family == "payments"]
    assert both.targets == ("nonpayment", "fraud")


def test_a_single_score_needs_no_weight() -> None:
    found = joint_reasons({"fraud": FRAUD}, {"fraud": 0.0, "nonpayment": 1.0})
    assert [r.family for r in found] == ["alerts", "payments"]


def test_at_most_four_and_no_more_than_needed() -> None:
    many = [reason(f"f{i}", 1.0) for i in range(9)]
    assert len(joint_reasons({"fraud": many}, {"fraud": 1.0})) == 4
    steep = [reason("one", 95.0), *many]
    [only] = joint_reasons({"fraud": steep}, {"fraud": 1.0})
    assert only.family == "one"
    assert only.share == pytest.approx(95 / 104)
