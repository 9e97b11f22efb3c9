"""`forbear act`: carrying recommendations out at the provider."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import (
    act_alerts,
    act_audit,
    act_check,
    act_measures,
    act_requests,
    act_restore,
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
from cli.exits import DIFFERENT, OK
from cli.output import counted, say
from cli.policy_in_use import place_of_store

if TYPE_CHECKING:
    from cli.act_options import Stores
    from execution.plan import Run
    from store.act import Act
    from store.letters import PlannedLetter

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

    now = time.time_ns() // 1_000
    since = now - int(since_hours * 3_600_000_000)
    with (
        stores_of_acts() as stores,
        asking(at, provider_url, login_url, customers) as provider,
    ):
        published = published_policy(*place_of_store())
        in_force = None if published is None else published.policy_hash
        run = plan_run(stores.decisions, stores.acts, provider, since, now, in_force)
        n_new = stores.acts.plan(run.acts)
        say(f"{counted(run.n_decisions, 'decision')}, {_new(n_new)} in {run.run_id}")
        for customer_id, code in run.refused.items():
            say(
                f"{customer_id}: nothing is planned, the provider refuses with its code"
                f" {code} (does it know this customer? --customers FILE names its ids)"
            )
        for (customer_id, name), code in run.refused_measures.items():
            say(f"{customer_id}: {name} is left out ({code}); the rest is planned")
        for (customer_id, name), code in run.idle_measures.items():
            say(f"{customer_id}: {name} is left out, {IDLE[code]}")
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
        act = stores.acts.approve(act_id, by.strip(), time.time_ns() // 1_000)
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

        counted = execution.run(tell)
        say(
            ", ".join(f"{n} {what}" for what, n in sorted(counted.items()))
            or "nothing is due and agreed to; nothing was asked for"
        )
        show_waiting(stores, at)
        n_open = stores.acts.n_open(at, time.time_ns() // 1_000)
        if n_open:
            wait = "1 act waits" if n_open == 1 else f"{n_open:,} acts wait"
            say(f"{wait} to be tried again, or for what another process began")
        is_partly = tell_stopped_in_part(stores.acts, told)
        is_open = counted["failed"] or n_open or is_partly
        raise typer.Exit(DIFFERENT if is_open else OK)


@app.command()
def undo(
    run_id: Annotated[str, typer.Argument(help="of `forbear act plan` or `list`")],
    by: Annotated[str, typer.Option(help="who orders it")],
    customers: Customers = None,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = None,
) -> None:
    """Plan to give back all that one run took.

    What the run had not begun is withdrawn. Each customer to whom something is given
    back is told by one letter, in their language, when it is back. The provider is not
    asked: its options are repeated in the command that comes next.

    Example: forbear act undo run-3f9a… --by "Ada Lovelace"
    """
    from execution.undo import plan_undo

    if not by.strip():
        raise typer.BadParameter("say who orders it")
    with stores_of_acts() as stores:
        undone = plan_undo(stores.acts, run_id, by.strip(), time.time_ns() // 1_000)
        back = undone.run
        told = _letters_of(stores, back.acts)
        n_new = stores.acts.plan(back.acts, told)
        say(
            f"{counted(undone.n_withdrawn, 'act')} withdrawn,"
            f" {undone.n_under_way:,} under way (read before anything else),"
            f" {_new(n_new)} in {back.run_id}"
        )
        if stores.acts.listed(1, states=("done",), run_id=run_id, kind="stop_meter"):
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


def _tell_what_is_left_out(run: "Run", at: str) -> None:
    if run.n_asked_before:
        say(
            f"{run.n_asked_before:,} acts left out: earlier decisions asked for"
            " them, and they are to be done still (forbear act list)"
        )
    if run.n_outdated:
        say(
            f"{run.n_outdated:,} decisions left out: since they were recorded people"
            " gave back what was taken, or another policy came in force; decide anew"
            " (POST /v1/score)"
        )
    if run.n_not_ours:
        say(f"{run.n_not_ours:,} subscriptions that others suspended stay so")
    if run.n_spared:
        say(f"{run.n_spared:,} subscriptions that {at} itself spares are left alone")


def _letters_of(stores: "Stores", back: "list[Act]") -> "list[PlannedLetter]":
    """Those who get something back are told, each once."""
    from execution.letters.plan import restoration_letters
    from serving.settings import serving_settings
    from store.opening import open_letters

    letters, now = open_letters(*serving_settings().store), time.time_ns() // 1_000
    try:
        return restoration_letters(back, stores.decisions, letters, now)
    finally:
        letters.close()


@app.command()
def retry(
    act_id: Annotated[str, typer.Argument(help="of `forbear act list --state failed`")],
) -> None:
    """Try again what was given up.

    Example: forbear act retry a0f3…
    """
    with stores_of_acts() as stores:
        stores.acts.retry(act_id, time.time_ns() // 1_000)
        say("it is planned again")


@app.command()
def provider(
    port: Annotated[int, typer.Option(help="port", min=0, max=65535)] = 8090,
    customer: Annotated[
        list[str] | None, typer.Option(help="CUSTOMER=SUBSCRIPTION, active; repeat it")
    ] = None,
    at: At = PARTNER_CENTER,
) -> None:
    """Run a provider that is none, to try it out.

    On this machine, until Ctrl-C. It says which options and which settings the other
    commands need to reach it.

    Example: forbear act provider --customer acme=sub-1
    """
    from execution.fakes.by_name import FAKES, WITH_LOGIN, settings_of
    from execution.fakes.server import serving

    if at not in FAKES:
        raise typer.BadParameter(f"--provider: write one of {', '.join(FAKES)}")
    fake = FAKES[at]()
    for pair in customer or []:
        customer_id, mark, subscription_id = pair.partition("=")
        if not mark or not subscription_id:
            raise typer.BadParameter("write CUSTOMER=SUBSCRIPTION")
        fake.add(customer_id, subscription_id)
    with serving(fake, port) as url:
        login = f" --login-url {url}" if at in WITH_LOGIN else ""
        say(f"listening at {url}; --provider {at} --provider-url {url}{login}")
        settings = " ".join(f"{name}={value}" for name, value in settings_of(at))
        say(f"in the other terminal: export {settings}")
        n_told = 0
        try:
            while True:
                time.sleep(0.2)
                for subscription_id, status in fake.changes[n_told:]:
                    say(f"{subscription_id}: {status}")
                n_told = len(fake.changes)
        except KeyboardInterrupt:
            return


def _tell(act: "Act", came_to: str) -> None:
    about = f"{act.customer_id} {act.subscription_id}".rstrip()  # a request has none
    say(f"{act.act_id}  {act.kind} {about}: {came_to}")


def _letters(n: int) -> str:
    """As a sentence begins.

    >>> _letters(1)
    '1 letter tells the customer'
    """
    return (
        "1 letter tells the customer" if n == 1 else f"{n:,} letters tell the customers"
    )


def _new(n: int) -> str:
    return counted(n, "new act")
