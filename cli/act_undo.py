"""`forbear act undo`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.act_options import (
    Customers,
    LoginUrl,
    ProviderUrl,
    how_to_carry_out,
    stores_of_acts,
)
from cli.act_table import show_acts
from cli.clock import now_us
from cli.output import say
from features.counted import counted

if TYPE_CHECKING:
    from cli.act_options import Stores
    from store.act import Act
    from store.letters import PlannedLetter


def register(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(undo)


def undo(
    run_id: Annotated[str, typer.Argument(help="of `forbear act plan` or `list`")],
    by: Annotated[str, typer.Option(help="who orders it")],
    customer: Annotated[
        str | None,
        typer.Option(help="to whom alone it is given back; default: everybody"),
    ] = None,
    customers: Customers = None,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = None,
) -> None:
    """Plan to give back what one run took.

    What the run had not begun is withdrawn. Each customer to whom something is given
    back is told by one letter, in their language, when it is back. The provider is not
    asked: its options are repeated in the command that comes next.

    Example: forbear act undo run-3f9a… --by "Ada Lovelace"
    """
    from execution.undo import plan_undo

    if not by.strip():
        raise typer.BadParameter("say who orders it")
    with stores_of_acts() as stores:
        undone = plan_undo(stores.acts, run_id, by.strip(), now_us(), customer)
        back = undone.run
        told = _letters_of(stores, back.acts)
        n_new = stores.acts.plan(back.acts, told)
        say(
            f"{counted(undone.n_withdrawn, 'act')} withdrawn,"
            f" {undone.n_under_way:,} under way (read before anything else),"
            f" {counted(n_new, 'new act')} in {back.run_id}"
        )
        meters = stores.acts.listed(
            1, states=("done",), run_id=run_id, kind="stop_meter", customer_id=customer
        )
        if meters:
            say("meters that were stopped stay so: start them at the provider")
        if not n_new:
            say("nothing is to be given back: it is given back, or planned, already")
            return
        show_acts(stores.acts, back.acts)
        for name in sorted({act.provider for act in back.acts}):
            run = how_to_carry_out(name, provider_url, login_url, customers)
            say(f"to carry them out: {run}")
        if provider_url is None:
            say("with --provider-url and --login-url where the other commands have it")
        say(
            f"{_letters(len(told))} when it is back: forbear notify run --addresses"
            " addresses.csv (shows what would be sent; --really sends it)"
        )


def _letters_of(stores: "Stores", back: "list[Act]") -> "list[PlannedLetter]":
    """Those who get something back are told, each once."""
    from execution.letters.plan import restoration_letters
    from serving.settings import serving_settings
    from store.opening import open_letters

    letters, now = open_letters(*serving_settings().store), now_us()
    try:
        return restoration_letters(back, stores.decisions, letters, now)
    finally:
        letters.close()


def _letters(n: int) -> str:
    """As a sentence begins.

    >>> _letters(1)
    '1 letter tells the customer'
    """
    return (
        "1 letter tells the customer" if n == 1 else f"{n:,} letters tell the customers"
    )
