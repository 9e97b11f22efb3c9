"""`forbear replay`."""

from typing import Annotated

import typer

from cli.exits import DIFFERENT
from cli.output import say, show_table


def register(app: typer.Typer) -> None:
    app.command()(replay)


def replay(
    decision_id: Annotated[
        str, typer.Argument(metavar="DECISION_ID", help="from an answer")
    ],
) -> None:
    """Compute a recorded decision again and compare it bit for bit.

    Uses the bundles and the policy of that day. Exit code 1: it came out differently.

    Example: forbear replay d019…
    """
    from serving.replay import replay as replayed
    from serving.settings import serving_settings

    replay_ = replayed(serving_settings(), decision_id)
    if replay_.is_identical:
        say(f"identical: {len(replay_.answer):,} bytes of {decision_id}")
        return
    show_table(
        f"{decision_id} comes out differently",
        ("where", "recorded", "replayed"),
        [(d.path, str(d.recorded), str(d.replayed)) for d in replay_.differences]
        or [("layout", "same values", "other bytes")],
    )
    raise typer.Exit(DIFFERENT)
