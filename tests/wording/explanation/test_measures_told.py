"""A measure is told to staff and customers, and published, in every language."""

import re
from dataclasses import replace

import pytest

from decisions import Case, recommend
from decisions.policy.measures import MEASURES as NAMES
from tests.decisions.decision_cases import TUESDAY, with_measures
from tests.decisions.test_measures import begun, told_nothing
from wording.explanation import LANGUAGES, explain
from wording.messages import Wording
from wording.publication.composition import compose

RAW = re.compile(r"\b[a-z]+_[a-z_]+\b|[{}]|\bNone\b")
CASE = Case(told_nothing(), 0.0, 0.6)


def only(name: str, approvals: int) -> dict[str, object]:
    measure = {"fixed": 1, "stop": [0.5, 0.5], "approvals": approvals}
    return {name: measure | ({"limit": 150} if name == "limit_spending" else {})}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_measure_is_told_in_words(name: str, lang: str) -> None:
    policy = with_measures(only(name, 2))
    answer = recommend(CASE, policy, TUESDAY)
    said = explain(CASE, answer, policy, lang)
    words = Wording(lang, "EUR", policy.latest.zone)
    named = words.word("measures", name)
    assert named != name.replace("_", " ")
    staff, customer = said.text("staff"), said.text("customer")
    assert named in staff
    assert named in customer
    assert words.sentence("staff.recommended.measure_two") in staff
    assert ("150" in staff) == (name == "limit_spending")
    assert not RAW.findall(staff + customer)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_measure_that_stands_is_told_to_staff_and_customer(lang: str) -> None:
    policy = with_measures(only("prepayment", 1))
    case = replace(CASE, facts=replace(CASE.facts, measures=(begun("prepayment"),)))
    answer = recommend(case, policy, TUESDAY)
    assert not answer.permission.measures
    said = explain(case, answer, policy, lang)
    words = Wording(lang, "EUR", policy.latest.zone)
    named = words.word("measures", "prepayment")
    stands = words.sentence("staff.recommended.measure_in_force", measures=named)
    assert stands in said.text("staff")
    applies = words.sentence("customer.action.measure", measure=named)
    assert applies in said.text("customer")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("approvals", [0, 1, 2])
def test_a_customer_is_told_that_a_measure_applies_only_where_nobody_is_asked(
    lang: str, approvals: int
) -> None:
    policy = with_measures(only("stop_charging", approvals))
    answer = recommend(CASE, policy, TUESDAY)
    assert answer.action == "review"
    words = Wording(lang, "EUR", policy.latest.zone)
    named = words.word("measures", "stop_charging")

    def is_told(key: str) -> bool:
        return words.sentence(f"customer.action.{key}", measure=named) in customer

    customer = explain(CASE, answer, policy, lang).text("customer")
    assert is_told("measure") == (approvals == 0)
    assert is_told("measure_person") == (approvals > 0)
    assert is_told("review") == (approvals > 0)  # nothing changes until then
    calm = replace(answer, action="none")
    customer = explain(CASE, calm, policy, lang).text("customer")
    assert named in customer
    assert not is_told("none")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_published_page_says_which_there_may_be(lang: str) -> None:
    listed = {key: value for name in NAMES for key, value in only(name, 1).items()}
    [section] = [
        s for s in compose(with_measures(listed), lang).sections if s.name == "measures"
    ]
    words = Wording(lang, "EUR", with_measures().latest.zone)
    told = repr(section)
    keys = [*NAMES, "person"]
    keys.remove("limit_spending")
    for key in keys:
        assert repr(words.sentence(f"publish.measures.{key}"))[1:-1] in told
    limited = words.sentence("publish.measures.limit_spending_to", limit=150.0)
    assert repr(limited)[1:-1] in told
    without = compose(with_measures({}), lang)
    assert "measures" not in [s.name for s in without.sections]
