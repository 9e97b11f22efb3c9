"""`forbear policy activate` and `forbear policy history`."""

from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cli.exits import DIFFERENT
from cli.output import say, show_table
from cli.policy_check import show_findings
from cli.policy_in_use import place_of_store

if TYPE_CHECKING:
    from decisions.policy.finding import Finding
    from decisions.policy_file.load import Policy
    from store.policy_versions import PolicyVersion

_MOST_SHOWN = 100


def register(app: typer.Typer) -> None:
    app.command()(activate)
    app.command()(history)


def activate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a policy file (YAML)")],
    author: Annotated[str, typer.Option(help="who wrote the change")],
    by: Annotated[str, typer.Option(help="who agrees; somebody else")],
    because: Annotated[str, typer.Option(help="why; kept with the version")],
    instead_of: Annotated[
        str | None,
        typer.Option(
            metavar="HASH",
            help="of the policy it takes the place of, as `history` shows it; refused"
            " where another one is the latest",
        ),
    ] = None,
) -> None:
    """Put a policy in force in all services.

    In those that share the store, as the desk does. From then on none reads the file
    it was started with (FORBEAR_POLICY), and commands go by this policy where they name
    none. Exit code 1: the check found errors, and nothing was changed.

    Example: forbear policy activate my.yaml --author Ada --by Bo --because "spring"
    """
    from store.opening import open_desk
    from store.policy_versions import ALL, PolicyVersion, PolicyVersions

    _require_two(author, by)
    (text, policy), now = _read(file), datetime.now(UTC)
    with closing(open_desk(*place_of_store())) as database:
        versions = PolicyVersions(database)
        base, published = versions.number(), versions.listed(ALL)
        _require_base(published, instead_of)
        if errors := _errors(policy, text, published, now):
            _refuse(file, errors)
        _require_taken_up(policy)
        warnings = _warnings(policy, now)
        at = int(now.timestamp() * 1_000_000)
        version = PolicyVersion(
            policy.hash, policy.reference, text, author, by, because, at
        )
        with database.transaction():
            versions.add(version, base)
    if warnings:
        show_findings(str(file), warnings)
    say(f"{policy.reference} is in force: {policy.hash}")


def history() -> None:
    """List the policies that were published, the latest first.

    Example: forbear policy history
    """
    from features.moments import to_datetime
    from store.opening import open_desk
    from store.policy_versions import PolicyVersions

    with closing(open_desk(*place_of_store())) as database:
        listed = PolicyVersions(database).listed(_MOST_SHOWN)
    if not listed:
        say("nothing was published; each service goes by the file it was started with")
        return
    rows = [
        (
            to_datetime(one.published_at).isoformat(" ", "seconds"),
            one.reference,
            one.policy_hash[:12],
            one.author,
            one.approver,
            one.reason,
        )
        for one in listed
    ]
    names = ("published (UTC)", "policy", "hash", "author", "agreed", "why")
    show_table("", names, rows)


def _require_two(author: str, by: str) -> None:
    if not author.strip() or not by.strip():
        raise typer.BadParameter("name who wrote the change and who agrees to it")
    if author.strip().casefold() == by.strip().casefold():
        raise typer.BadParameter("--by: somebody else than the author agrees")


def _read(file: Path) -> "tuple[str, Policy]":
    """Read once: what is checked is what comes into force."""
    from decisions.errors import PolicyFileError
    from decisions.policy_file.load import parse_policy, policy_text

    text = policy_text(file)
    try:
        return text, parse_policy(text, file.name)
    except PolicyFileError as error:
        _refuse(file, error.findings)


def _require_base(published: "list[PolicyVersion]", instead_of: str | None) -> None:
    """Raises where the latest is not the one that the caller knows."""
    from store.errors import PolicyMovedError

    if instead_of is None:
        return
    if not published:
        raise typer.BadParameter(
            "--instead-of: nothing was published yet; leave it out"
        )
    if not instead_of or not published[0].policy_hash.startswith(instead_of):
        raise PolicyMovedError(published[0].reference)


def _errors(
    policy: "Policy", text: str, published: "list[PolicyVersion]", at: datetime
) -> "list[Finding]":
    """What keeps it from being put in force."""
    from advice.policy_publication import hash_now, obstacles
    from decisions.policy_file.check import check
    from decisions.policy_file.lines import on_lines

    before = hash_now(published[0]) if published else None
    findings = [*obstacles(policy, before, published, at), *check(policy)]
    return on_lines((one for one in findings if one.severity == "error"), text)


def _warnings(policy: "Policy", at: datetime) -> "list[Finding]":
    """What it does to those who are under way by the policy that decided until now."""
    from cli.policy_in_use import policy_in_use
    from decisions.policy_file.load import load_policy
    from decisions.policy_file.succession import notices_restart

    return list(notices_restart(load_policy(policy_in_use(None)), policy, at))


def _refuse(file: Path, errors: "Iterable[Finding]") -> NoReturn:
    show_findings(f"{file}: nothing was changed", errors)
    raise typer.Exit(DIFFERENT)


def _require_taken_up(policy: "Policy") -> None:
    """Raises where the champions of this machine could not decide by it.

    The starter goes with any policy, for it has no money of its own.
    """
    from advice.assembly import assemble, champion_ids, ids_in_force
    from scoring.shelf import forbear_home
    from scoring.starter import is_a_starter

    home = forbear_home()
    if not all(is_a_starter(home, *one) for one in champion_ids(home).items()):
        assemble(home, ids_in_force(home), policy)
