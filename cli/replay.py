"""`forbear replay`."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.decisions import FORMATS, recorded_at_us
from cli.exits import DIFFERENT
from cli.output import say, show_table, steps
from features.counted import counted

if TYPE_CHECKING:
    from serving.replay_range import RangeReplay
    from serving.replay_run import Replay

_MOST_SHOWN = 20  # decisions in the table; all of them are in --out
_EVERY = 100  # decisions between two words about progress


def register(app: typer.Typer) -> None:
    app.command()(replay)


def replay(
    decision_id: Annotated[
        str | None, typer.Argument(metavar="[DECISION_ID]", help="from an answer")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=FORMATS, help="first moment of recording, UTC"),
    ] = None,
    before: Annotated[
        datetime | None,
        typer.Option("--to", formats=FORMATS, help="recorded before it, UTC"),
    ] = None,
    customer: Annotated[
        str | None, typer.Option(help="decisions about this customer")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="every decision that is recorded")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="list of what is not identical: NAME.json or NAME.parquet"),
    ] = None,
) -> None:
    """Compute recorded decisions again and compare.

    Bit for bit; one by its id, or all of a range, of a customer or of the store. Uses
    the bundles and policies of then; what stored events came to is compared as well,
    and stands in for events that are not stored any more. Exit code 1: something came
    out differently, or could not be computed again.

    Example: forbear replay --from 2026-06-01 --to 2026-07-01 --out june.json
    """
    is_range = everything or any((since, before, customer))
    if is_range == (decision_id is not None):
        raise typer.BadParameter("name one decision, or a range, or --all")
    if decision_id is not None:
        _replay_one(decision_id)
    else:
        _replay_many(*_range(since, before), customer, out)


def _replay_one(decision_id: str) -> None:
    """Exit code 1 where it comes out differently."""
    from serving.replay import replay as replayed
    from serving.settings import serving_settings

    replay_ = replayed(serving_settings(), decision_id)
    if replay_.is_identical:
        say(f"identical: {len(replay_.answer):,} bytes of {decision_id}")
        if replay_.basis == "features":
            say(
                "from the facts and features recorded with it: its events are not"
                " stored any more; counterfactuals were not compared"
            )
        return
    _show_differences(decision_id, replay_)
    raise typer.Exit(DIFFERENT)


def _show_differences(decision_id: str, replay_: "Replay") -> None:
    show_table(
        f"{decision_id} comes out differently",
        ("where", "recorded", "replayed"),
        [(d.path, str(d.recorded), str(d.replayed)) for d in replay_.differences]
        or [("layout", "same values", "other bytes")],
    )


def _replay_many(
    since: int | None, before: int | None, customer: str | None, out: Path | None
) -> None:
    """What is not identical goes to `out` as it is found."""
    from serving.replay_range import FIRST, LAST, replay_range
    from serving.settings import serving_settings

    first, end = FIRST if since is None else since, LAST if before is None else before
    results: Counter[str] = Counter()
    n_of_features, shown = 0, list["RangeReplay"]()
    with _listing(out) as add, steps() as step:
        for one in replay_range(serving_settings(), first, end, customer):
            results[one.result] += 1
            n_of_features += one.is_identical and one.basis == "features"
            if not one.is_identical:
                add(one)
                shown += [one] if len(shown) < _MOST_SHOWN else []
            if results.total() % _EVERY == 0:
                n_other = results.total() - results["identical"]
                step(f"{results.total():,} decisions, {n_other:,} not identical")
    _say_result(results, n_of_features, shown, out)


def _say_result(
    results: "Counter[str]",
    n_of_features: int,
    shown: "list[RangeReplay]",
    out: Path | None,
) -> None:
    n, n_other = results.total(), results.total() - results["identical"]
    again = f"{counted(n, 'decision')} computed again"
    say(f"{again}: {n - n_other:,} identical, {n_other:,} not")
    if n_of_features:
        say(
            f"of the identical {n_of_features:,} from recorded facts and features:"
            " their events are not stored any more; counterfactuals were not compared"
        )
    if not n_other:
        return
    del results["identical"]
    show_table("", ("result", "decisions"), results.most_common())
    show_table(
        f"the first {len(shown)}" if n_other > len(shown) else "",
        ("decision", "result", "why"),
        [(one.decision_id, one.result, one.detail) for one in shown],
    )
    say(f"all of them in {out}" if out else "--out NAME.json writes all of them")
    raise typer.Exit(DIFFERENT)


@contextmanager
def _listing(out: Path | None) -> "Iterator[Callable[[RangeReplay], None]]":
    if out is None:
        yield lambda _: None
        return
    from serving.replay_list import FORMS, replay_list

    if out.suffix.lower() not in FORMS:
        raise typer.BadParameter(
            f"--out {out}: the name must end in {' or '.join(FORMS)}"
        )
    with replay_list(out) as add:
        yield add


def _range(
    since: datetime | None, before: datetime | None
) -> tuple[int | None, int | None]:
    """First and end in microseconds since 1970.

    Raises:
        typer.BadParameter: the end does not lie after the first moment.
    """
    first = None if since is None else recorded_at_us(since)
    end = None if before is None else recorded_at_us(before)
    if first is not None and end is not None and end <= first:
        raise typer.BadParameter("--to is not after --from: nothing lies between")
    return first, end
