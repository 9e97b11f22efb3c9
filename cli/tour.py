"""`forbear tour`: from an event to an act and an answer, on this machine."""

import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from cli.output import begin, heading, say
from cli.tour_customers import (
    CUSTOMERS,
    LATE,
    LATER,
    OBJECTING,
    SUSPECT,
    promise,
    rows_of,
    subscription_of,
)
from cli.tour_deeds import (
    ALERT,
    ANALYST,
    agree,
    alert,
    in_a_month,
    objection_of,
    request_of,
    require_state,
    restore,
    send_letters,
    shop_without_payments,
    stay,
)
from cli.tour_stage import Stage, opened_stage


def register(app: typer.Typer) -> None:
    app.command()(tour)


def tour(
    port: Annotated[int, typer.Option(help="port; 0: one that is free", min=0)] = 8000,
    serve: Annotated[
        bool, typer.Option(envvar="SERVE", help="keep the desk open until Ctrl-C")
    ] = True,
) -> None:
    """Show the whole way with invented customers.

    A suspension and a promise, an alert of fraud and a request, an objection, a feed
    that broke; the provider is none. Everything is in a folder that is removed at the
    end; SERVE=0 ends at once.

    Example: forbear tour --no-serve
    """
    begin("starting a service and a provider that is none …")
    with (
        TemporaryDirectory(prefix="forbear-tour-") as folder,
        opened_stage(Path(folder), port) as stage,
    ):
        say(f"A service at {stage.url}, a Partner Center that is none, and customers")
        say("whom nobody knows: nothing leaves this machine, no model was trained (the")
        say("starter answers, so a person agrees to each stop), and the shipped policy")
        say("may act at any hour. People send the desk's forms, as in a browser.")
        walk(stage)
        if serve:
            stay(stage)
        else:
            say("\nSERVE=0: over; everything was removed")


def walk(stage: Stage) -> None:
    """Every step, one after the other.

    Raises:
        TourStoppedError: a step did not come to what it is there to show.
    """
    for customer_id in CUSTOMERS:
        stage.fake.add(customer_id, subscription_of(customer_id))
        stage.tell(rows_of(customer_id))
    for step in STEPS:
        step(stage)


def late_and_back(stage: Stage) -> None:
    """Late, suspended, promised, restored."""
    heading("1  Late, suspended, and back by a promise")
    say(f"{LATE} owes three invoices, the oldest for 75 days; each notice arrived.")
    stage.recommended(LATE, "suspend")
    stage.act("plan")
    agree(stage, LATE)
    stage.act("run", "--really")
    require_state(stage, LATE, "suspended")
    say(f"\n{LATE} promises to pay in ten days. The policy calls that arranged:")
    stage.tell(promise(LATE))
    restore(stage, LATE)


def paused_and_cleared(stage: Stage) -> None:
    """An alert pauses; the provider is asked, and answers."""
    from serving.desk.addresses import customer_path, decision_path

    heading("2  An alert of fraud, a pause, and a question to the provider")
    say(f"The provider sees crypto mining at {SUSPECT}.")
    alert(stage, SUSPECT)
    stage.act("alerts")
    stage.recommended(SUSPECT, "suspend")
    stage.act("plan")
    agree(stage, SUSPECT)
    stage.act("run", "--really")
    require_state(stage, SUSPECT, "suspended")
    say(f"\n{ANALYST[0]} asks the provider, by the form on the customer's page.")
    decision_id = stage.decide(SUSPECT)["decision_id"]
    with stage.at_desk(*ANALYST) as analyst:
        asked = f"{decision_path(decision_id)}/request"
        analyst.send(customer_path(SUSPECT), asked)
    agree(stage, SUSPECT)
    stage.act("run", "--really")
    request = request_of(stage, SUSPECT)
    say("The mail lies in `requests/`, with the evidence attached; a person sends it,")
    say("and later writes down what the answer says: a build server, not mining.")
    by = "--by", ANALYST[0]
    stage.forbear("act", "request", request, "--is", "sent", "--number", "615", *by)
    answered = "--is", "answered", "--result", "fraud_cleared"
    stage.forbear("act", "request", request, *answered, *by)
    # of Microsoft's two ways only Graph takes the word `legitimate`
    stage.act("acknowledge", ALERT, "--as", "legitimate", "--alerts-from", "graph")
    stage.act("alerts")
    restore(stage, SUSPECT)


def objection(stage: Stage) -> None:
    """A letter, its link, an appeal that is upheld, the answer."""
    heading("3  A letter, an objection, and a person who agrees")
    say(f"{OBJECTING} is six days late: the first reminder is due.")
    stage.recommended(OBJECTING, "remind")
    send_letters(stage)
    reply = objection_of(stage, "I paid in cash at your office; here is the receipt.")
    stage.forbear("appeals", "list")
    words = "--result", "upheld", "--because", "We found the payment. We are sorry."
    day = "--until", in_a_month()
    stage.forbear("appeals", "decide", reply, *words, "--by", ANALYST[0], *day)
    send_letters(stage)
    stage.recommended(OBJECTING, "none")


def broken_feed(stage: Stage) -> None:
    """Payments stop coming; automation stops; a person gives it back."""
    heading("4  A feed that broke, and who lets automation go on")
    say("A simulated portfolio of 150 customers whose payments stopped 12 days ago:")
    say("to everybody who looks at it, customers seem to have stopped paying.")
    shop = shop_without_payments(stage.folder)
    stage.forbear("monitor", str(shop), "--out", "was-it-true", codes=(1,))
    say(f"{LATER} would be suspended, like {LATE}. Now a person looks instead:")
    stage.recommended(LATER, "review")
    alarms = stage.forbear("monitor", "alarms", codes=(1,))
    say(f"{ANALYST[0]} mended the feed, and releases at {stage.url}/desk/models")
    with stage.at_desk(*ANALYST) as analyst:
        for alarm_id in re.findall(r"^(\w+) .* since ", alarms, re.MULTILINE):
            form = f"/desk/models/alarms/{alarm_id}/release"
            analyst.send("/desk/models", form, reason="the feed runs again")
    stage.forbear("monitor", "alarms")
    stage.recommended(LATER, "suspend")
    stage.act("plan")


def proof(stage: Stage) -> None:
    """Every decision is computed again, and the chain is whole."""
    heading("5  Can all of that be proven?")
    stage.forbear("replay", "--all")
    stage.forbear("audit", "verify")


STEPS: tuple[Callable[[Stage], None], ...] = (
    late_and_back,
    paused_and_cleared,
    objection,
    broken_feed,
    proof,
)
