"""Who must agree before a recommendation is carried out."""

from decisions.actions import ACTIONS, SUSPEND
from decisions.terms import Terms


def approvals_needed(
    terms: Terms,
    action: int,
    subject_kind: str | None,
    exposure: float,
    by_fraud: bool,
) -> int:
    """Number of people who must agree; 0 means automation may act.

    Whoever is not known to be a legal person is treated as a natural person. A review
    is work for one person by its nature. The fraud path does not wait for a second
    pair of eyes: it is reviewed right after and expires by itself.
    """
    rule, name = terms.document.approvals, ACTIONS[action]
    is_natural = subject_kind != "legal_person"
    large = rule.four_eyes_over is not None and exposure > rule.four_eyes_over
    if action >= SUSPEND and large and not by_fraud:
        return 2
    if name in rule.person_for or (is_natural and name in rule.natural_person_for):
        return 1
    return 1 if name in ("review", "block") else 0
