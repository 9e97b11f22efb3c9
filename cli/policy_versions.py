"""`forbear policy activate` and `forbear policy history`."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.exits import DIFFERENT
from cli.output import say, show_table
from cli.policy_in_use import place_of_store

_MOST_SHOWN = 100


def register(app: typer.Typer) -> None:
    app.command()(activate)
    app.command()(history)


def activate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a policy file (YAML)")],
    author: Annotated[str, typer.Option(help="who wrote the change")],
    by: Annotated[str, typer.Option(help="who agrees; somebody else")],
    because: Annotated[str, typer.Option(help="why; kept with the version")],
) -> None:
    """Put a policy in force in all services.

    In those that share the store, as the desk does. From then on none reads the file
    it was started with (FORBEAR_POLICY), and commands go by this policy where they name
    none. Exit code 1: the check found errors, and nothing was changed.

    Example: forbear policy activate my.yaml --author Ada --by Bo --because "spring"
    """
    from decisions.policy_file.check import check_policy
    from decisions.policy_file.load import load_policy
    from store.opening import open_desk
    from store.policy_versions import PolicyVersion, PolicyVersions

    _require_two(author, by)
    errors = [one for one in check_policy(file) if one.severity == "error"]
    if errors:
        rows = [(one.code, one.where, one.message) for one in errors]
        show_table("Nothing was changed", ("code", "where", "what"), rows)
        raise typer.Exit(DIFFERENT)
    _require_taken_up(file)
    policy, text = load_policy(file), file.read_text(encoding="utf-8")
    at = int(datetime.now(UTC).timestamp() * 1_000_000)
    version = PolicyVersion(
        policy.hash, policy.reference, text, author, by, because, at
    )
    with closing(open_desk(*place_of_store())) as database, database.transaction():
        versions = PolicyVersions(database)
        before = versions.latest()
        versions.add(version, policy.hash if before is None else before.policy_hash)
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


def _require_taken_up(file: Path) -> None:
    """Raises where the champions of this machine could not decide by it."""
    from advice.assembly import champion_ids
    from cli.score import champions
    from scoring.shelf import forbear_home

    if champion_ids(forbear_home()):
        champions(forbear_home(), file)
