"""`forbear act`: carrying recommendations out at the provider."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cli.exits import DIFFERENT, OK
from cli.output import say, show_table

if TYPE_CHECKING:
    from execution import Execution, Provider
    from store.acts import Act, Acts
    from store.decisions import DecisionReader

app = typer.Typer(
    help="Carry recommendations out at the provider.",
    no_args_is_help=True,
)
SHOWN = 100
Customers = Annotated[
    Path | None,
    typer.Option(
        help="CSV with the columns customer_id and provider_id, where they differ",
        exists=True,
        dir_okay=False,
    ),
]
At = Annotated[
    str, typer.Option("--provider", help="partner-center or kill-bill", metavar="NAME")
]
ProviderUrl = Annotated[
    str | None,
    typer.Option(
        help="address of the provider's API; default: Partner Center's", metavar="URL"
    ),
]
LoginUrl = Annotated[
    str,
    typer.Option(help="where Partner Center's tokens are fetched", metavar="URL"),
]
PROVIDERS = PARTNER_CENTER, KILL_BILL = "partner-center", "kill-bill"
_LOGIN = "https://login.microsoftonline.com"


class _Stores(NamedTuple):
    acts: "Acts"
    decisions: "DecisionReader"


@contextmanager
def _stores() -> Iterator[_Stores]:
    from serving.settings import serving_settings
    from store.opening import open_acts, open_decision_reader

    place = serving_settings().store
    stores = _Stores(open_acts(*place), open_decision_reader(*place))
    try:
        yield stores
    finally:
        stores.acts.close()
        stores.decisions.close()


@contextmanager
def _provider(
    name: str, url: str | None, login_url: str, customers: Path | None
) -> "Iterator[Provider]":
    import httpx

    from execution.providers.kill_bill import KillBill, KillBillCredentials
    from execution.providers.partner_center import GLOBAL_URL, PartnerCenter
    from execution.providers.partner_tokens import Credentials, Tokens
    from scoring.shelf import forbear_home
    from serving.safe_address import require_safe_address

    if name not in PROVIDERS:
        raise typer.BadParameter(f"--provider: write one of {', '.join(PROVIDERS)}")
    if url is None and name == KILL_BILL:
        raise typer.BadParameter("--provider-url: say where your Kill Bill is")
    url = url or GLOBAL_URL
    require_safe_address("provider_url", url)
    require_safe_address("login_url", login_url)
    ids = {} if customers is None else _ids(customers)
    drafts = forbear_home() / "requests"
    with httpx.Client(base_url=url, timeout=60.0) as client:
        if name == KILL_BILL:
            user = KillBillCredentials.of_environment(os.environ)
            yield KillBill(client, user, ids, drafts)
        else:
            credentials = Credentials.of_environment(os.environ)
            tokens = Tokens(client, credentials, login_url)
            yield PartnerCenter(client, tokens, ids, drafts)


def _ids(file: Path) -> dict[str, str]:
    import csv

    with file.open(newline="", encoding="utf-8-sig") as rows:
        read = csv.DictReader(rows)
        if not {"customer_id", "provider_id"} <= set(read.fieldnames or ()):
            raise typer.BadParameter("columns customer_id and provider_id are needed")
        pairs = [(row["customer_id"], row["provider_id"]) for row in read]
    ids = dict(pairs)
    if len(ids) < len(pairs):
        raise typer.BadParameter(f"{file}: a customer_id is there twice")
    if not all(ids) or not all(ids.values()):
        raise typer.BadParameter(f"{file}: a row lacks an id")
    return ids


@contextmanager
def _execution(stores: _Stores, provider: "Provider") -> "Iterator[Execution]":
    import httpx

    from execution.carry_out import Execution
    from execution.errors import MissingSettingError
    from execution.recheck import ServiceRecheck
    from execution.service import TIMEOUT_S, Service
    from serving.safe_address import require_safe_address

    url = os.environ.get("FORBEAR_SERVICE_URL", "http://127.0.0.1:8000")
    require_safe_address("service_url", url)
    key = os.environ.get("FORBEAR_KEY", "")
    if not key:
        what = "a key of scope score (forbear keys create) with which acts are checked"
        raise MissingSettingError("FORBEAR_KEY", what)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S) as client:
        service = Service(client)
        yield Execution(*stores, provider, ServiceRecheck(service), service)


@app.command()
def plan(
    since_hours: Annotated[
        float, typer.Option(help="decisions recorded in the last hours", min=0.01)
    ] = 24.0,
    customers: Customers = None,
    at: At = PARTNER_CENTER,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = _LOGIN,
) -> None:
    """Write down what the recorded decisions ask of the provider.

    The last decision of each customer counts, while it holds. Nothing is done yet:
    `forbear act run` checks each act again and shows what it would do. Exit code 1: the
    provider refused to tell of a customer; the others are planned.

    Example: forbear act plan --since-hours 24
    """
    from execution.plan import plan_run

    now = time.time_ns() // 1_000
    since = now - int(since_hours * 3_600_000_000)
    with (
        _stores() as stores,
        _provider(at, provider_url, login_url, customers) as provider,
    ):
        run = plan_run(stores.decisions, stores.acts, provider, since, now)
        n_new = stores.acts.plan(run.acts)
        say(f"{run.n_decisions:,} decisions, {n_new:,} new acts in {run.run_id}")
        for customer_id, code in run.refused.items():
            say(f"{customer_id}: nothing is planned, the provider refuses with {code}")
        if run.n_not_ours:
            say(f"{run.n_not_ours:,} subscriptions that others suspended stay so")
        _show(stores.acts, run.acts)
        raise typer.Exit(DIFFERENT if run.refused else OK)


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
    from store.acts import ACT_STATES

    if state is not None and state not in ACT_STATES:
        raise typer.BadParameter(f"write one of {', '.join(ACT_STATES)}")
    with _stores() as stores:
        states = () if state is None else (state,)
        _show(stores.acts, stores.acts.listed(SHOWN, states=states, run_id=run))


@app.command()
def approve(
    act_id: Annotated[str, typer.Argument(help="of `forbear act list`")],
    by: Annotated[str, typer.Option(help="who agrees")],
) -> None:
    """Agree to an act, as a person; the same person counts once.

    Example: forbear act approve a0f3… --by "Ada Lovelace"
    """
    if not by.strip():
        raise typer.BadParameter("say who agrees")
    with _stores() as stores:
        act = stores.acts.approve(act_id, by.strip(), time.time_ns() // 1_000)
        n_agreed = len(stores.acts.approved_by(act_id))
        say(f"{n_agreed} of {act.n_approvals} agreed to {act.kind} {act.customer_id}")


@app.command()
def run(
    really: Annotated[
        bool, typer.Option("--really", help="ask the provider, and write it down")
    ] = False,
    customers: Customers = None,
    at: At = PARTNER_CENTER,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = _LOGIN,
) -> None:
    """Carry out what is due, or only show it without --really.

    Due is what is planned and agreed to, of each customer the first.

    Each act is checked again a moment before, by a new decision of the service
    (FORBEAR_SERVICE_URL, FORBEAR_KEY), and withdrawn where that no longer permits it.
    Exit code 1: something failed or waits to be tried again.

    Example: forbear act run --really
    """
    with (
        _stores() as stores,
        _provider(at, provider_url, login_url, customers) as provider,
        _execution(stores, provider) as execution,
    ):
        if not really:
            _preview(stores.acts, at, execution)
            return
        execution.require_may_report()
        counted = execution.run(_tell)
        say(
            ", ".join(f"{n} {what}" for what, n in sorted(counted.items())) or "nothing"
        )
        n_open = stores.acts.n_open(at)
        if n_open:
            say(f"{n_open:,} wait to be tried again, or for what another process began")
        raise typer.Exit(DIFFERENT if counted["failed"] or n_open else OK)


@app.command()
def undo(
    run_id: Annotated[str, typer.Argument(help="of `forbear act plan` or `list`")],
    by: Annotated[str, typer.Option(help="who orders it")],
) -> None:
    """Plan to give back all that one run took.

    What the run had not begun is withdrawn.

    Example: forbear act undo run-3f9a… --by "Ada Lovelace"
    """
    from execution.plan import plan_undo

    if not by.strip():
        raise typer.BadParameter("say who orders it")
    with _stores() as stores:
        undone = plan_undo(stores.acts, run_id, by.strip(), time.time_ns() // 1_000)
        back = undone.run
        n_new = stores.acts.plan(back.acts)
        say(
            f"{undone.n_withdrawn:,} acts withdrawn, {undone.n_under_way:,} under way"
            f" (read before anything else), {n_new:,} new acts in {back.run_id}"
        )
        _show(stores.acts, back.acts)
        say("to carry them out: forbear act run --really")


@app.command()
def retry(
    act_id: Annotated[str, typer.Argument(help="of `forbear act list --state failed`")],
) -> None:
    """Try again what was given up.

    Example: forbear act retry a0f3…
    """
    with _stores() as stores:
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

    On this machine, until Ctrl-C.

    Example: forbear act provider --customer acme=sub-1
    """
    from execution.fakes.kill_bill import FakeKillBill
    from execution.fakes.partner_center import FakePartnerCenter
    from execution.fakes.server import serving

    if at not in PROVIDERS:
        raise typer.BadParameter(f"--provider: write one of {', '.join(PROVIDERS)}")
    fake = FakeKillBill() if at == KILL_BILL else FakePartnerCenter()
    for pair in customer or []:
        customer_id, mark, subscription_id = pair.partition("=")
        if not mark or not subscription_id:
            raise typer.BadParameter("write CUSTOMER=SUBSCRIPTION")
        fake.add(customer_id, subscription_id)
    with serving(fake, port) as url:
        say(f"listening at {url}; --provider-url {url} --login-url {url}")
        n_told = 0
        try:
            while True:
                time.sleep(0.2)
                for subscription_id, status in fake.changes[n_told:]:
                    say(f"{subscription_id}: {status}")
                n_told = len(fake.changes)
        except KeyboardInterrupt:
            return


def _preview(acts: "Acts", name: str, execution: "Execution") -> None:
    due = acts.due(name, time.time_ns() // 1_000, SHOWN)
    rows = []
    for act in due:
        step = execution.preview(act)
        would = {"ask": act.kind, "done": "report"}.get(step.what)
        would = would or f"withdraw: {step.why}"
        about = act.act_id, act.customer_id, act.subscription_id
        rows.append((*about, step.stated, would))
    say(
        f"{len(due):,} acts are due and agreed to (of each customer the first);"
        " nothing was asked for"
    )
    if rows:
        show_table("", ("act", "customer", "subscription", "now", "would"), rows)
        say("to carry them out: forbear act run --really")


def _tell(act: "Act", came_to: str) -> None:
    say(f"{act.act_id}  {act.kind} {act.customer_id} {act.subscription_id}: {came_to}")


def _show(acts: "Acts", listed: "list[Act]") -> None:
    from features.moments import to_datetime

    rows = []
    for act in listed:
        now = acts.find(act.act_id)
        agreed = f"{len(acts.approved_by(act.act_id))} of {now.n_approvals}"
        planned = to_datetime(now.planned_at)
        rows.append(
            (
                now.act_id,
                planned.isoformat(timespec="seconds"),
                now.provider,
                now.kind,
                now.customer_id,
                now.subscription_id,
                now.reason,
                agreed,
                now.state,
                now.why or "",
            )
        )
    if rows:
        head = "act", "planned", "at", "what", "customer", "subscription", "reason"
        show_table("", (*head, "agreed", "state", "why"), rows)
