"""`forbear act`: carrying recommendations out at the provider."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import (
    act_alerts,
    act_audit,
    act_check,
    act_measures,
    act_provider,
    act_requests,
    act_restore,
    act_undo,
)
from cli.act_by_hand import tell_by_hand
from cli.act_options import (
    PARTNER_CENTER,
    At,
    Customers,
    LoginUrl,
    ProviderUrl,
    asking,
    carrying_out,
    how_to_carry_out,
    stores_of_acts,
)
from cli.act_run import SHOWN, preview, tell_stopped_in_part
from cli.act_table import remind, show_acts, show_waiting
from cli.clock import now_us
from cli.exits import DIFFERENT, OK
from cli.output import say
from cli.policy_in_use import place_of_store
from features.counted import counted

if TYPE_CHECKING:
    from execution.planned_run import Run
    from store.act import Act

app = typer.Typer(
    help="Carry recommendations out at the provider.",
    no_args_is_help=True,
)
IDLE = {
    "no_meter": "the provider bills nothing by use there",
    "so_already": "it is so already",
}
act_alerts.register(app)
act_requests.register(app)
act_measures.register(app)
act_check.register(app)
act_audit.register(app)
act_restore.register(app)
act_undo.register(app)
act_provider.register(app)


@app.command()
def plan(
    since_hours: Annotated[
        float, typer.Option(help="decisions recorded in the last hours", min=0.01)
    ] = 24.0,
    by_hand: Annotated[
        Path | None,
        typer.Option(help="CSV to write: whom to order by hand, and what"),
    ] = None,
    customers: Customers = None,
    at: At = PARTNER_CENTER,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = None,
) -> None:
    """Write down what the recorded decisions ask of the provider.

    The last decision of each customer counts, while it holds. Nothing is done yet:
    `forbear act run` checks each act again and shows what it would do. Exit code 1: the
    provider refused to tell of a customer or a measure; the others are planned.
    Measures that the provider has not are listed, for a person to order, after a new
    decision of the service about each (FORBEAR_SERVICE_URL, FORBEAR_KEY); where that
    cannot be had none is listed (exit code 1).

    Example: forbear act plan --since-hours 24
    """
    from execution.plan import plan_run
    from store.opening import published_policy

    now = now_us()
    since = now - int(since_hours * 3_600_000_000)
    with (
        stores_of_acts() as stores,
        asking(at, provider_url, login_url, customers) as provider,
    ):
        published = published_policy(*place_of_store())
        in_force = None if published is None else published.policy_hash
        run = plan_run(stores.decisions, stores.acts, provider, since, now, in_force)
        n_new = stores.acts.plan(run.acts)
        decisions = counted(run.n_decisions, "decision")
        say(f"{counted(n_new, 'new act')} from {decisions}, in {run.run_id}")
        _tell_what_is_left_out(run, at)
        show_acts(stores.acts, run.acts)
        is_told = not run.by_hand or tell_by_hand(run.by_hand, at, by_hand)
        is_refused = run.refused or run.refused_measures or not is_told
        raise typer.Exit(DIFFERENT if is_refused else OK)


@app.command("list")
def list_acts(
    state: Annotated[
        str | None,
        typer.Option(help="planned, asked, done, withdrawn or failed; default: all"),
    ] = None,
    run: Annotated[str | None, typer.Option(help="of one run")] = None,
) -> None:
    """What was planned, and what came of it, the latest first.

    Example: forbear act list --state planned
    """
    from store.act import ACT_STATES

    if state is not None and state not in ACT_STATES:
        raise typer.BadParameter(f"write one of {', '.join(ACT_STATES)}")
    with stores_of_acts() as stores:
        states = () if state is None else (state,)
        show_acts(stores.acts, stores.acts.listed(SHOWN, states=states, run_id=run))


@app.command()
def approve(
    act_id: Annotated[str, typer.Argument(help="of `forbear act list`")],
    by: Annotated[str, typer.Option(help="who agrees")],
    people: Annotated[
        Path | None,
        typer.Option(
            help="CSV with the columns name and roles: who may agree, and as what",
            envvar="FORBEAR_PEOPLE",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Agree to an act, as a person; the same person counts once.

    With --people the name must be there, in a role that the decision asks for.

    Example: forbear act approve a0f3… --by "Ada Lovelace" --people people.csv
    """
    import json

    from execution.people import People

    if not by.strip():
        raise typer.BadParameter("say who agrees")
    with stores_of_acts() as stores:
        if people is not None:
            act = stores.acts.find(act_id)
            answer = json.loads(stores.decisions.find(act.decision_id).answer)
            roles = answer["people"]["approver_roles"]
            People.of_file(people).require_may_agree(by, roles)
        n_before = len(stores.acts.approved_by(act_id))
        act = stores.acts.approve(act_id, by.strip(), now_us())
        n_agreed = len(stores.acts.approved_by(act_id))
        if n_agreed == n_before:
            say(f"{by.strip()} agreed already: a name counts once, ask somebody else")
        say(f"{n_agreed} of {act.n_approvals} agreed to {act.kind} {act.customer_id}")


@app.command()
def run(
    really: Annotated[
        bool, typer.Option("--really", help="ask the provider, and write it down")
    ] = False,
    customers: Customers = None,
    at: At = PARTNER_CENTER,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = None,
) -> None:
    """Carry out what is due, or only show it without --really.

    Due is what is planned and agreed to, of each customer the first. What waits for
    people is named, with who may agree.

    Each act is checked again a moment before, by a new decision of the service
    (FORBEAR_SERVICE_URL, FORBEAR_KEY), and withdrawn where that no longer permits it.
    Exit code 1: something failed or waits to be tried again, or a customer is stopped
    in part, who is named.

    Example: forbear act run --really
    """
    with (
        stores_of_acts() as stores,
        asking(at, provider_url, login_url, customers) as provider,
        carrying_out(stores, provider) as execution,
    ):
        remind(stores.acts, at)
        if not really:
            n_due = preview(stores.acts, at, execution)
            show_waiting(stores, at)
            if n_due:
                run = how_to_carry_out(at, provider_url, login_url, customers)
                say(f"to carry them out: {run}")
            return
        execution.require_may_report()
        told: list[Act] = []

        def tell(act: "Act", came_to: str) -> None:
            told.append(act)
            _tell(act, came_to)

        n_by_end = execution.run(tell)
        say(
            ", ".join(f"{n} {what}" for what, n in sorted(n_by_end.items()))
            or "nothing is due and agreed to; nothing was asked for"
        )
        show_waiting(stores, at)
        n_open = stores.acts.n_open(at, now_us())
        if n_open:
            wait = "1 act waits" if n_open == 1 else f"{n_open:,} acts wait"
            say(f"{wait} to be tried again, or for what another process began")
        is_partly = tell_stopped_in_part(stores.acts, told)
        is_open = n_by_end["failed"] or n_open or is_partly
        raise typer.Exit(DIFFERENT if is_open else OK)


def _tell_what_is_left_out(run: "Run", at: str) -> None:
    """Customers, measures and subscriptions for which nothing is planned, and why."""
    for customer_id, code in run.refused.items():
        say(
            f"{customer_id}: nothing is planned, the provider refuses with its code"
            f" {code} (does it know this customer? --customers FILE names its ids)"
        )
    for (customer_id, name), code in run.refused_measures.items():
        say(f"{customer_id}: {name} is left out ({code}); the rest is planned")
    for (customer_id, name), code in run.idle_measures.items():
        say(f"{customer_id}: {name} is left out, {IDLE[code]}")
    if run.n_asked_before:
        say(
            f"{counted(run.n_asked_before, 'act')} left out: earlier decisions asked"
            " for them, and they are to be done still (forbear act list)"
        )
    if run.n_outdated:
        say(
            f"{counted(run.n_outdated, 'decision')} left out: since they were recorded"
            " people gave back what was taken, or another policy came in force; decide"
            " anew (POST /v1/score)"
        )
    if run.n_not_ours:
        say(f"{run.n_not_ours:,} subscriptions that others suspended stay so")
    if run.n_spared:
        say(f"{run.n_spared:,} subscriptions that {at} itself spares are left alone")


@app.command()
def retry(
    act_id: Annotated[str, typer.Argument(help="of `forbear act list --state failed`")],
) -> None:
    """Try again what was given up.

    Example: forbear act retry a0f3…
    """
    with stores_of_acts() as stores:
        stores.acts.retry(act_id, now_us())
        say("it is planned again")


def _tell(act: "Act", came_to: str) -> None:
    about = f"{act.customer_id} {act.subscription_id}".rstrip()  # a request has none
    say(f"{act.act_id}  {act.kind} {about}: {came_to}")
