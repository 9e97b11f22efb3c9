"""`forbear act order`."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from cli.act_options import (
    PARTNER_CENTER,
    At,
    Customers,
    LoginUrl,
    ProviderUrl,
    asking,
    how_to_carry_out,
    stores_of_acts,
)
from cli.act_table import show_acts
from cli.clock import now_us
from cli.output import say


def register(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(order)


def order(
    measure: Annotated[
        str, typer.Argument(help="a measure, or end_ and its name", metavar="MEASURE")
    ],
    decision_id: Annotated[str, typer.Argument(help="the decision it rests on")],
    by: Annotated[str, typer.Option(help="who orders it")],
    subscription: Annotated[str, typer.Option(help="whose meter is stopped")] = "",
    amount: Annotated[
        str | None,
        typer.Option(help="a month, in the currency the provider bills in"),
    ] = None,
    customers: Customers = None,
    at: At = PARTNER_CENTER,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = None,
) -> None:
    """Plan a measure milder than a stop, by a person's order.

    limit_spending, stop_meter, restrict (no new purchases), stop_charging (no automatic
    charges of ours) or prepayment; `end_` before the name ends it.
    `forbear act run --really` carries it out. What the provider cannot do it says.

    Example: forbear act order limit_spending d0198… --amount 100 --by "Ada Lovelace"
    """
    from execution.measures import ORDERS, ordered

    if measure not in ORDERS:
        raise typer.BadParameter(f"write one of {', '.join(ORDERS)}")
    if not by.strip():
        raise typer.BadParameter("say who orders it")
    if measure == "stop_meter" and not subscription:
        raise typer.BadParameter("--subscription: say whose meter is stopped")
    limit = _amount(amount) if measure == "limit_spending" else None
    with (
        stores_of_acts() as stores,
        asking(at, provider_url, login_url, customers) as provider,
    ):
        act = ordered(
            provider,
            measure,
            stores.decisions.find(decision_id),
            by.strip(),
            now_us(),
            subscription_id=subscription if measure == "stop_meter" else "",
            amount=limit,
        )
        stores.acts.plan([act])
        show_acts(stores.acts, [act])
    run = how_to_carry_out(at, provider_url, login_url, customers)
    say(f"to carry it out: {run}")


def _amount(text: str | None) -> Decimal:
    try:
        amount = Decimal(text or "")
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise typer.BadParameter("--amount: say how much, 0 or more")
    if amount.normalize().as_tuple().exponent < -4:  # type: ignore[operator]  # finite
        raise typer.BadParameter("--amount: write at most four decimals")
    return amount
