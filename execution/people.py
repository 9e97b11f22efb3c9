"""Who may agree to an act: people by name, each with the roles a policy speaks of."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from execution.errors import ExecutionError
from execution.small_csv import filled_rows

APPROVER = "approver"  # the role, where a decision names none


class PeopleFileError(ExecutionError):
    """A file of people and roles that cannot be used."""

    code = "people_file"

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file}: {why}")


class ApproverError(ExecutionError):
    """Somebody who may not agree to this act."""

    code = "approver"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} may not agree to it: {why}")


@dataclass(frozen=True, slots=True)
class People:
    """People and their roles; names count in whatever case.

    Args:
        roles: of each person, by name in small letters.
    """

    roles: Mapping[str, frozenset[str]]

    @classmethod
    def of_file(cls, file: Path) -> "People":
        """From CSV with the columns `name` and `roles` (several with blanks between).

        Raises:
            PeopleFileError: a column is missing, or a name is missing or there twice.
        """
        rows = filled_rows(file, ("name", "roles"), partial(PeopleFileError, file))
        stated = [(row["name"] or "", row["roles"] or "") for _, row in rows]
        roles = {
            name.strip().casefold(): frozenset(text.split()) for name, text in stated
        }
        if len(roles) < len(stated) or "" in roles:
            raise PeopleFileError(file, "a name is missing, or there twice")
        return cls(roles)

    def require_may_agree(self, name: str, approver_roles: Collection[str]) -> None:
        """Nothing where this person may.

        Args:
            name: of the person.
            approver_roles: who may agree, as the decision says; empty: `approver`.

        Raises:
            ApproverError: nobody of that name, or in no such role.
        """
        roles = self.roles.get(name.strip().casefold())
        if roles is None:
            raise ApproverError(name, "there is nobody of that name among the people")
        wanted = set(approver_roles) or {APPROVER}
        if not roles & wanted:
            raise ApproverError(
                name, f"one of these roles is needed: {', '.join(sorted(wanted))}"
            )
