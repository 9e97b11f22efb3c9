"""Who may do what: the table of the document, the one of the code, and every form."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from httpx import Client

from serving.desk.addresses import customer_path
from serving.desk.mount import ROUTERS
from serving.desk.roles import DEEDS, MAY, Deed
from store.keys import ROLES, Role
from tests.serving.desk.conftest import LATE, Person

Somebody = Callable[..., Person]
DOCUMENT = Path(__file__).parents[3] / "docs" / "desk.md"
COLUMNS: dict[str, tuple[Deed, ...]] = {
    "looks": ("look",),
    "snooze, ask again, hold": ("snooze", "score", "hold"),
    "override": ("override",),
    "end a hold early": ("release_hold",),
    "settle a suspicion": ("find_out",),
    "ask the provider": ("ask_provider",),
    "approve acts": ("approve",),
    "decide objections": ("decide_appeal",),
    "export": ("export",),
    "change the policy": ("change_policy",),
    "publish the policy": ("publish_policy",),
    "release an alarm": ("release_alarm",),
    "sees who looked": ("see_access",),
}
WORDS: dict[str, Deed] = {"snooze": "snooze", "ask again": "score", "hold": "hold"}
# what each form is for; those that everybody signed in may send are `look`
FORMS: dict[str, Deed] = {
    "/desk/find": "look",
    "/desk/sign-out": "look",
    "/desk/log": "look",
    "/desk/log/acts": "look",
    "/desk/log/decisions.csv": "export",
    "/desk/log/chain": "look",
    "/desk/log/access": "see_access",
    "/desk/decisions/{decision_id}/replay": "look",
    "/desk/customers/{code}/score": "score",
    "/desk/customers/{code}/snooze": "snooze",
    "/desk/customers/{code}/override": "override",
    "/desk/customers/{code}/hold": "hold",
    "/desk/customers/{code}/release": "release_hold",
    "/desk/customers/{code}/finding": "find_out",
    "/desk/appeals/{reply_id}/decide": "decide_appeal",
    "/desk/customers/{code}/give-back": "decide_appeal",
    "/desk/decisions/{decision_id}/request": "ask_provider",
    "/desk/acts/{act_id}/approve": "approve",
    "/desk/policy": "change_policy",
    "/desk/policy/{change_id}/submit": "change_policy",
    "/desk/policy/{change_id}/backtest": "change_policy",
    "/desk/policy/{change_id}/publish": "publish_policy",
    "/desk/policy/{change_id}/refuse": "publish_policy",
    "/desk/models/alarms/{alarm_id}/release": "release_alarm",
}
BEFORE_ANYBODY_IS_SIGNED_IN = {"/desk/sign-in", "/desk/choices"}


def documented() -> dict[str, set[Deed]]:
    """The table of the document."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith(("| role |", "| `"))
    ]
    begin = next(n for n, row in enumerate(rows) if row[0] == "role")
    head, *body = rows[begin : begin + 1 + len(ROLES)]
    return {
        row[0].strip("`"): {
            deed
            for name, cell in zip(head[1:], row[1:], strict=True)
            for deed in deeds_of(name, cell)
        }
        for row in body
    }


def deeds_of(column: str, cell: str) -> Iterator[Deed]:
    if cell == "yes":
        yield from COLUMNS[column]
    elif cell:
        yield from (WORDS[word] for word in cell.split(", "))


def sent() -> set[str]:
    """The addresses of all forms."""
    routes = [route for router in ROUTERS for route in router.routes]
    return {
        route.path
        for route in routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    }


def test_the_document_says_who_may_do_what() -> None:
    assert documented() == {role: set(MAY[role]) for role in ROLES}
    assert {deed for deeds in COLUMNS.values() for deed in deeds} == set(DEEDS)


def test_every_form_is_listed_here() -> None:
    assert sent() == set(FORMS) | BEFORE_ANYBODY_IS_SIGNED_IN


@pytest.fixture
def places(stored: dict[str, str]) -> dict[str, str]:
    names = {"decision_id": stored[LATE], "code": customer_path(LATE).split("/")[-1]}
    names |= dict.fromkeys(("act_id", "change_id", "alarm_id", "reply_id"), "none")
    return {form: form.format(**names) for form in FORMS}


@pytest.mark.parametrize("role", ROLES)
def test_a_form_without_its_token_or_of_another_role_does_nothing(
    person: Somebody, places: dict[str, str], role: Role
) -> None:
    one = person(role)
    allowed = documented()[role]
    for form, path in places.items():
        answer = one.sends(path, csrf="")
        code = "form_expired" if FORMS[form] in allowed else "role_may_not"
        assert (answer.status_code, code in answer.text) == (403, True), form


def test_a_stranger_sends_nothing(
    person: Somebody, desk: Client, places: dict[str, str]
) -> None:
    person()
    for path in places.values():
        answer = desk.post(path, data={"csrf": ""}, follow_redirects=False)
        assert answer.headers["location"].partition("?")[0] == "/desk/sign-in", path


def test_each_page_of_its_own_deed_is_for_its_roles(person: Somebody) -> None:
    pages: dict[str, Deed] = {
        "/desk/log/decisions.csv": "export",
        "/desk/log/access": "see_access",
    }
    table = documented()
    for role in ROLES:
        one = person(role)
        for path, deed in pages.items():
            status = 200 if deed in table[role] else 403
            assert one.opens(path).status_code == status, (role, path)


def test_the_one_who_may_not_publish_is_told_so_for_a_change_of_another(
    person: Somebody,
) -> None:
    assert "publish_policy" not in documented()["risk_analyst"]
    answer = person("risk_analyst").sends("/desk/policy/none/publish", reason="yes")
    assert answer.status_code == 403
    assert "role_may_not" in answer.text
