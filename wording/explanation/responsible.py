"""Who decides, who is in charge, and by when: a passage for the staff."""

from collections.abc import Iterator

from decisions.actions import STOPS, Action
from wording.explanation.passage import Subject


def responsible(s: Subject) -> Iterator[str]:
    """People and deadlines, also of an appeal where nothing is decided."""
    action = s.answer.recommended_action
    if action is not None:
        yield from _people(s, action)
        yield from _pause(s)
        yield from _ending(s)
    appeal = s.answer.appeal
    if appeal is not None:
        yield s.words.sentence(
            "staff.person.appeal",
            acknowledge_by=appeal.acknowledge_by,
            decide_by=appeal.decide_by,
        )


def _people(s: Subject, action: Action) -> Iterator[str]:
    if not s.answer.in_force:
        yield from _agreement(s, action)
    if s.answer.owner is not None:
        who = s.words.word("teams", s.answer.owner)
        yield s.words.sentence("staff.person.owner", who=who)


def _agreement(s: Subject, action: Action) -> Iterator[str]:
    if action == "review":
        yield s.words.sentence("staff.person.review")
    elif s.answer.requires_person:
        yield s.words.sentence("staff.person.approvals", n=s.answer.approvals)
        for code in s.answer.person_because:
            yield s.words.sentence(f"staff.person.because.{code}")
        who = s.words.words("teams", s.answer.approver_roles, "or")
        yield s.words.sentence("staff.person.roles", who=who)
        if s.answer.meanwhile_action is not None:
            meanwhile = s.answer.meanwhile_action
            yield s.words.sentence("staff.person.meanwhile", action=meanwhile)
    elif action in STOPS:
        yield s.words.sentence("staff.person.automatic")


def _pause(s: Subject) -> Iterator[str]:
    """A stop that must be looked at, and our own charges meanwhile."""
    answer, words = s.answer, s.words
    if answer.review_by is not None:
        key = "review_by" if answer.auto_expires_at is not None else "review_by_only"
        key = "review_overdue" if answer.review_by <= answer.at else key
        yield words.sentence(
            f"staff.person.{key}",
            review_by=answer.review_by,
            auto_expires_at=answer.auto_expires_at,
        )
    if answer.stop_charging:
        yield words.sentence("staff.person.stop_charging")
    if answer.refund is not None:
        yield words.sentence(f"staff.person.refund_{answer.refund}")


def _ending(s: Subject) -> Iterator[str]:
    """What becomes of data and debt after the end of a contract."""
    answer, words = s.answer, s.words
    if s.is_ahead(answer.data_export_until):
        until = answer.data_export_until
        yield words.sentence("staff.person.data_export", data_export_until=until)
    if s.is_ahead(answer.data_deleted_on):
        yield words.sentence("staff.person.deleted", day=answer.data_deleted_on)
    is_owed = answer.stake is None or answer.stake.open != 0.0
    if answer.write_off_from is not None and is_owed:
        yield words.sentence("staff.person.write_off", day=answer.write_off_from)
