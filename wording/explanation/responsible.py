"""Who decides, who is in charge, and by when: a passage for the staff."""

from collections.abc import Iterator

from decisions.actions import STOPS, Action
from wording.explanation.passage import Subject


def responsible(s: Subject) -> Iterator[str]:
    """People and deadlines, also of an appeal where nothing is decided."""
    action = s.answer.action
    if action is not None:
        yield from _people(s, action)
        yield from _pause(s)
        yield from _ending(s)
    appeal = s.answer.follow_up.appeal
    if appeal is not None:
        yield s.words.sentence(
            "staff.person.appeal",
            acknowledge_by=appeal.acknowledge_by,
            decide_by=appeal.decide_by,
        )


def _people(s: Subject, action: Action) -> Iterator[str]:
    if not s.answer.permission.in_force:
        yield from _agreement(s, action)
    if s.answer.people.owner is not None:
        who = s.words.word("teams", s.answer.people.owner)
        yield s.words.sentence("staff.person.owner", who=who)


def _agreement(s: Subject, action: Action) -> Iterator[str]:
    if action == "review":
        yield s.words.sentence("staff.person.review")
    elif s.answer.people.requires_person:
        yield s.words.sentence("staff.person.approvals", n=s.answer.people.approvals)
        for code in s.answer.people.because:
            yield s.words.sentence(f"staff.person.because.{code}")
        who = s.words.words("teams", s.answer.people.approver_roles, "or")
        yield s.words.sentence("staff.person.roles", who=who)
        if s.answer.people.meanwhile_action is not None:
            meanwhile = s.answer.people.meanwhile_action
            yield s.words.sentence("staff.person.meanwhile", action=meanwhile)
    elif action in STOPS:
        yield s.words.sentence("staff.person.automatic")


def _pause(s: Subject) -> Iterator[str]:
    """A stop that must be looked at, and our own charges meanwhile."""
    answer, words = s.answer, s.words
    review_by, pause = answer.follow_up.review_by, answer.follow_up.pause
    if review_by is not None:
        key = "review_by_only" if pause is None else "review_by"
        key = "review_overdue" if review_by <= answer.at else key
        ends = None if pause is None else pause.auto_expires_at
        yield words.sentence(
            f"staff.person.{key}", review_by=review_by, auto_expires_at=ends
        )
    if pause is not None:
        if pause.stop_charging:
            yield words.sentence("staff.person.stop_charging")
        yield words.sentence(f"staff.person.refund_{pause.refund}")


def _ending(s: Subject) -> Iterator[str]:
    """What becomes of data and debt after the end of a contract."""
    end, proposal, words = s.answer.follow_up.contract_end, s.answer.proposal, s.words
    if end is None:
        return
    if s.is_ahead(end.data_export_until):
        until = end.data_export_until
        yield words.sentence("staff.person.data_export", data_export_until=until)
    if s.is_ahead(end.data_deleted_on):
        yield words.sentence("staff.person.deleted", day=end.data_deleted_on)
    is_owed = proposal is None or proposal.stake.open != 0.0
    if end.write_off_from is not None and is_owed:
        yield words.sentence("staff.person.write_off", day=end.write_off_from)
