"""`forbear act restore`."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from cli.act_options import (
    PARTNER_CENTER,
    At,
    Customers,
    LoginUrl,
    ProviderUrl,
    Stores,
    asking,
    carrying_out_with,
    stores_of_acts,
)
from cli.clock import now_us
from cli.exits import DIFFERENT, OK
from cli.our_service import our_service
from cli.output import say
from features.counted import counted

if TYPE_CHECKING:
    from execution.restoring import RestorationWatch
    from store.act import Act


def register(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(restore)


def restore(
    every: Annotated[
        float | None,
        typer.Option(
            help="look again after so many seconds, until Ctrl-C; default: once",
            min=0.1,
        ),
    ] = None,
    customers: Customers = None,
    at: At = PARTNER_CENTER,
    provider_url: ProviderUrl = None,
    login_url: LoginUrl = None,
) -> None:
    """Give access back to whoever paid, while they wait.

    Asks the service (FORBEAR_SERVICE_URL, FORBEAR_KEY) about each customer whom our
    acts stopped: of whom events arrived since the last look, and all of them every 15
    minutes. What is cured is planned and done at once; nothing is taken. What a person
    must agree to, what cannot be asked about, and what is back later than the policy
    promises, is named. With --every it goes on when the service, the provider or the
    store cannot be asked. Exit code 1: something is late, or cannot be asked about.

    Example: forbear act restore --every 10
    """
    from execution.restoring import RestorationWatch
    from serving.settings import serving_settings
    from store.opening import open_event_reader

    with (
        stores_of_acts() as stores,
        asking(at, provider_url, login_url, customers) as provider,
        our_service() as service,
    ):
        execution = carrying_out_with(stores, provider, service)
        execution.require_may_report()
        events = open_event_reader(*serving_settings().store)
        try:
            restoring = RestorationWatch(*stores, events, provider, service, execution)
            looking = _Looking(restoring, stores, at)
            if every is None:
                raise typer.Exit(DIFFERENT if looking.once() else OK)
            say(f"gives access back at {at}, every {every:g} seconds, until Ctrl-C")
            while True:
                looking.again()
                time.sleep(every)
        except KeyboardInterrupt:
            return
        finally:
            events.close()


class _Looking:
    """Looks and says what is new."""

    def __init__(self, restoring: "RestorationWatch", stores: Stores, at: str) -> None:
        self._restoring, self._stores, self._at = restoring, stores, at
        self._told = set[str]()
        self._error = ""

    def once(self) -> bool:
        """Whether something is late, or cannot be asked about.

        Raises:
            ExecutionError: service or provider cannot be asked now.
            DecisionStoreError: the store cannot be read.
        """
        is_refused = False
        try:
            while True:
                n_left, is_one_refused = self._step()
                is_refused |= is_one_refused
                if not n_left:
                    break
        finally:
            is_late = self._tell_late()
        return is_refused or is_late

    def again(self) -> None:
        """Say once what cannot be asked, until it changes, and go on."""
        from execution.errors import ExecutionError
        from store.errors import DecisionStoreError

        try:
            self.once()
        except (ExecutionError, DecisionStoreError) as error:
            if str(error) != self._error:
                say(str(error))
            self._error = str(error)
        else:
            self._error = ""

    def _step(self) -> tuple[int, bool]:
        """How many are left to be asked about now, and whether one cannot be."""
        try:
            looked = self._restoring.look()
        finally:
            self._restoring.carry_out(_tell)
        for act in looked.planned:
            if act.n_approvals:
                say(f"{act.act_id}  restore {act.customer_id}: waits for a person")
        for customer_id, code in looked.refused.items():
            self._say_once(f"{customer_id}: access is not given back ({code})")
        if looked.n_not_ours:
            n = counted(looked.n_not_ours, "subscription")
            self._say_once(f"{n} that others suspended, left alone")
        return looked.n_left, bool(looked.refused)

    def _tell_late(self) -> bool:
        """Whether something is late; each is named once."""
        from execution.restoring import late_restorations

        is_late = False
        now, stores = now_us(), self._stores
        for act, by in late_restorations(stores.acts, stores.decisions, self._at, now):
            is_late = True
            name = f"{act.customer_id} {act.subscription_id}"
            self._say_once(
                f"LATE: {name} was to have access by {by:%Y-%m-%d %H:%M} UTC"
                f" ({act.why or act.state}); forbear act list --state {act.state}"
            )
        return is_late

    def _say_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            say(text)


def _tell(act: "Act", came_to: str) -> None:
    say(f"{act.act_id}  restore {act.customer_id} {act.subscription_id}: {came_to}")
