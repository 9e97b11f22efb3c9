"""`forbear shadow`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.decisions import FORMATS, recorded_at_us
from cli.exits import DIFFERENT
from cli.lists import writing
from cli.output import say, show_table, steps
from features.counted import counted

if TYPE_CHECKING:
    from monitoring.shadow import Comparison, GroupComparison
    from scoring.bundle import Bundle
    from store.shadows import Shadow

app = typer.Typer(
    help="A challenger beside what is in force, off the answer path.",
    no_args_is_help=True,
)


@app.command()
def run(
    model: Annotated[
        list[str] | None,
        typer.Option(help="fraud or nonpayment: its challenger in the registry"),
    ] = None,
    bundle: Annotated[
        list[Path] | None,
        typer.Option(help="folder of a bundle that is asked", exists=True),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(help="policy file that is asked; default: the one in force"),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=FORMATS, help="where a new shadow begins; default: first"
        ),
    ] = None,
) -> None:
    """Ask a challenger what was decided.

    Reads recorded decisions, so no answer waits for it or fails by it. Goes on where
    the last run of the same challenger ended. Run it again and again, or by a timer.
    Exit code 1: there is no challenger, for what is named is in force.

    Example: forbear shadow run --model nonpayment
    """
    from serving.settings import serving_settings
    from serving.shadow import SameAsChampionError, follow

    if not (model or bundle or policy):
        raise typer.BadParameter("name a challenger: --model, --bundle or --policy")
    first = None if since is None else recorded_at_us(since)
    try:
        with steps() as step:
            step("loading the challenger")
            bundles = _bundles(model or [], bundle or [])
            found = follow(serving_settings(), bundles, policy, first, step)
    except SameAsChampionError as error:
        say(str(error))
        raise typer.Exit(DIFFERENT) from error
    if first not in (None, found.since):
        begun = "the first decision" if not found.since else _day(found.since)
        say(f"--from has no effect: this shadow began with {begun} and goes on")
    _show(found)


def _bundles(names: list[str], folders: list[Path]) -> "dict[str, Bundle]":
    """Challengers by name of a target and by folder, one of a target at most."""
    from features.targets import TARGETS
    from scoring.bundle import Bundle

    targets = [target for target in TARGETS if target in names]
    if set(names) != set(targets):
        raise typer.BadParameter("--model is fraud or nonpayment")
    loaded: list[Bundle] = [Bundle.load(folder) for folder in folders]
    if targets:
        from scoring.shelf import forbear_home
        from training.promotion import registered_bundle
        from training.tracking import Tracker

        tracker = Tracker(forbear_home())
        loaded += [registered_bundle(target, tracker) for target in targets]
    if len({one.target for one in loaded}) < len(loaded):
        raise typer.BadParameter("name one bundle of each target")
    return {one.target: one for one in loaded}


@app.command()
def report(
    shadow: Annotated[
        str | None,
        typer.Argument(metavar="SHADOW", help="id; default: what was looked at last"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="JSON file to write, for programs")
    ] = None,
) -> None:
    """Show how often a challenger would decide otherwise.

    By action, segment and money, with examples to look at.

    Example: forbear shadow report
    """
    from contextlib import closing

    from serving.settings import serving_settings
    from store.opening import open_shadows

    with closing(open_shadows(*serving_settings().store)) as shadows:
        listed = shadows.listed()
    chosen = [one for one in listed if shadow in (None, one.shadow_id)]
    if not chosen:
        which = "of this id" if shadow else "yet; `forbear shadow run` makes one"
        raise typer.BadParameter(f"there is no shadow {which}")
    _show(chosen[0])
    if out is not None:
        _write(chosen[0], out)
    if shadow is None and len(listed) > 1:
        rows = [(one.shadow_id, _day(one.updated_at), one.n) for one in listed]
        show_table("All shadows", ("id", "looked at", "compared"), rows)


def _write(shadow: "Shadow", out: Path) -> None:
    import json
    from dataclasses import asdict

    content = asdict(shadow) | {"content": json.loads(shadow.content or "{}")}
    with writing(out) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    say(f"written to {out}")


def _show(shadow: "Shadow") -> None:
    from monitoring.shadow import Comparison

    compared = Comparison.from_json(shadow.content)
    champion, challenger = shadow.champion.bundles, shadow.challenger.bundles
    say(f"shadow {shadow.shadow_id}")
    for target, name in challenger.items():
        if champion.get(target) != name:
            say(f"  {target}: {name} beside {champion.get(target, 'none')}")
    if shadow.champion.policy_hash != shadow.challenger.policy_hash:
        old, new = shadow.champion.policy_hash, shadow.challenger.policy_hash
        say(f"  policy: {compared.challenger_policy(new)} beside {old[:12]}")
    if shadow.n == 0:
        say("no decision of what is in force could be compared yet")
    else:
        _show_compared(shadow, compared)
    if compared.left_out:
        rows = sorted(compared.left_out.items())
        show_table("Not compared", ("why", "decisions"), rows)


def _show_compared(shadow: "Shadow", compared: "Comparison") -> None:
    total = compared.total
    say(
        f"{counted(total.n, 'decision')} from {_day(shadow.first_at)} to"
        f" {_day(shadow.last_at)}:"
        f" {total.n_different:,} with another action"
        f" ({total.n_different / total.n:.1%}), {total.n_harsher:,} of them harsher;"
        f" stops {total.n_stops_after:,} instead of {total.n_stops:,}"
    )
    _show_moves(compared)
    if _show_other_actions(compared):
        _show_where(compared)


def _show_moves(compared: "Comparison") -> None:
    """How far the challenger's probabilities lie from those in force."""
    rows = [
        (
            target,
            m.n,
            m.sum_before / m.n,
            m.sum_after / m.n,
            m.sum_moved / m.n,
            m.n_moved,
        )
        for target, m in compared.moves.items()
        if m.n
    ]
    head = (
        "probability of",
        "decisions",
        "mean",
        "challenger",
        "moves by",
        "above 0.05",
    )
    show_table("", head, rows)


def _show_other_actions(compared: "Comparison") -> bool:
    """By pairs of actions; whether there is one that differs."""
    pairs = [
        (first, second, n)
        for first, row in sorted(compared.actions.items())
        for second, n in sorted(row.items())
        if first != second
    ]
    if pairs:
        show_table("Another action", ("in force", "challenger", "decisions"), pairs)
    return bool(pairs)


def _show_where(compared: "Comparison") -> None:
    """Among whom and what is open the actions differ, at which cost, with examples."""
    costs = compared.costs
    _show_groups("By what is open", compared.bands)
    _show_groups("By segment", compared.segments)
    if costs.n:  # where both sides price both actions
        say(
            "expected cost of the challenger's actions less those in force,"
            f" {counted(costs.n, 'decision')}: {costs.by_champion:+,.2f} by the models"
            f" in force, {costs.by_challenger:+,.2f} by the challenger's"
        )
    keys = ("decision_id", "champion", "challenger", "open")
    examples = [tuple(one[key] for key in keys) for one in compared.examples]
    of_examples = ("decision", "in force", "challenger", "open")
    show_table("Where most is open", of_examples, examples, is_copied=True)


def _show_groups(title: str, groups: "dict[str, GroupComparison]") -> None:
    rows = [
        (name, g.n, g.n_different, g.n_harsher, g.n_stops, g.n_stops_after)
        for name, g in sorted(groups.items())
    ]
    head = ("", "decisions", "another", "harsher", "stops", "challenger's")
    show_table(title, head, rows)


def _day(moment: int | None) -> str:
    if moment is None:
        return "never"
    return datetime.fromtimestamp(moment / 1e6, UTC).date().isoformat()
