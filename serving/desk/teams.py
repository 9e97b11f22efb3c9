"""Who is in the teams that a policy names: they agree to acts, and release holds."""

import logging
from collections.abc import Collection
from typing import NamedTuple

from fastapi import Request

from execution.people import APPROVER, People, PeopleFileError
from serving.desk.page import wording_of
from serving.desk.refusals import DeskRefusalError
from serving.desk.visitor import Visitor
from serving.settings import ServingSettings

_log = logging.getLogger("forbear.serving")
ANYBODY = "person"  # what a policy calls every person


class NamedTeam(NamedTuple):
    """Who may do something, as a page says it.

    Args:
        teams: as the policy names them; `person`: anybody.
        names: of those who are in one of them; None: no file says who is.
        is_visitor: whether whoever looks is one of them.
    """

    teams: tuple[str, ...]
    names: tuple[str, ...] | None
    is_visitor: bool


def named_team(request: Request, visitor: Visitor, teams: Collection[str]) -> NamedTeam:
    """Who of the people is in one of the teams, and whether the visitor is.

    Without a file of people nobody knows who is in which team: then the role at the
    desk alone decides, and the page says so.

    Raises:
        ProblemError: the file of people cannot be used.
    """
    wanted = tuple(teams) or (APPROVER,)
    people = _people(request)
    if people is None or ANYBODY in wanted:
        return NamedTeam(wanted, None, is_visitor=True)
    names = tuple(sorted(n for n, held in people.roles.items() if held & {*wanted}))
    return NamedTeam(wanted, names, visitor.key.name.strip().casefold() in names)


def require_in_team(request: Request, visitor: Visitor, teams: Collection[str]) -> None:
    """Raises ProblemError where the policy names others for it."""
    who = named_team(request, visitor, teams)
    if not who.is_visitor:
        words = wording_of(request)
        named = ", ".join(words.word("teams", team) for team in who.teams)
        if not who.names:
            raise DeskRefusalError("not_in_team", "in_team_nobody", teams=named)
        names = ", ".join(who.names)
        raise DeskRefusalError("not_in_team", "in_team", teams=named, names=names)


def _people(request: Request) -> People | None:
    """As the file has them now. Raises ProblemError where it cannot be read."""
    settings: ServingSettings = request.app.state.settings
    if settings.people is None:
        return None
    try:
        return People.of_file(settings.people)
    except (PeopleFileError, OSError, UnicodeDecodeError) as error:
        _log.error("FORBEAR_PEOPLE cannot be used: %s", error)
        raise DeskRefusalError("people_file", "people_file") from error
