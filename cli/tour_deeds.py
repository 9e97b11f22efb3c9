"""What the steps of `forbear tour` do more than once, and what is long to say."""

import re
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import heading, say
from cli.tour_customers import LATER, OBJECTING, ago, subscription_of
from cli.tour_stage import Stage, TourStoppedError

if TYPE_CHECKING:
    from store.act import Act
    from store.acts import Acts

ALERT = "alert-1"
ANALYST = ("Ada Lind", "risk_analyst")
_APPROVERS = ("Ben Osei", "Cleo Marr")  # where two must agree
_LINK = re.compile(r"http://[\w.:]+/appeal/[\w.~-]+")
_FORM_ID = re.compile(r'name="form_id" value="(\w+)"')
_REPLY = re.compile(r"\br[0-9a-f]{31}\b")
_MOST = 100


def agree(stage: Stage, customer_id: str) -> None:
    """People send the form that agrees, as many as the customer's acts wait for."""
    from serving.desk.addresses import decision_path

    for name in _APPROVERS:
        with _opened_acts(stage) as acts:
            waiting = acts.waiting_for_people(_MOST, customer_id)
        if not waiting:
            return
        with stage.at_desk(name, "approver") as person:
            for act in waiting:
                page = decision_path(act.decision_id)
                say(f"{name} agrees to {act.kind} {customer_id} at {stage.url}{page}")
                person.send(page, f"/desk/acts/{act.act_id}/approve")


def restore(stage: Stage, customer_id: str) -> None:
    """Access comes back, with whoever has to agree."""
    back = stage.decide(customer_id)["follow_up"]["reactivation"]
    if back is None:
        raise TourStoppedError(f"access of {customer_id} is not to come back")
    say(f"Access is to come back ({back['cure']}). {stage.page_of(customer_id)}")
    stage.act("plan")
    agree(stage, customer_id)
    stage.act("run", "--really")
    require_state(stage, customer_id, "active")
    stage.decide(customer_id)  # access is on: nobody is waited for any more


def require_state(stage: Stage, customer_id: str, state: str) -> None:
    """Read at the provider what became of the customer's subscription."""
    subscription_id = subscription_of(customer_id)
    stands = stage.fake.state(customer_id, subscription_id)
    if stands != state:
        raise TourStoppedError(f"{subscription_id} is {stands}, not {state}")
    say(f"The provider says of {subscription_id}: {state}.")


def alert(stage: Stage, customer_id: str) -> None:
    """The provider sees crypto mining since half an hour."""
    seen = (datetime.now(UTC) - timedelta(minutes=30)).replace(tzinfo=None)
    stage.fake.more.resolved_at = ago(minutes=1)
    stage.fake.more.add_event(
        ALERT,
        customer_id,
        subscription_of(customer_id),
        firstOccurrence=seen.isoformat(),
        severity="High",
    )


def request_of(stage: Stage, customer_id: str) -> str:
    """The id of the customer's service request."""
    with _opened_acts(stage) as acts:
        listed: list[Act] = acts.listed(_MOST)
    [one] = [
        act.act_id
        for act in listed
        if (act.customer_id, act.kind) == (customer_id, "open_request")
    ]
    return one


def send_letters(stage: Stage) -> None:
    """Write every letter that is due into a folder, and post it as a person would."""
    from serving.settings import serving_settings
    from store.opening import open_letters

    addresses = stage.folder / "addresses.csv"
    addresses.write_text(
        f"customer_id,email\n{OBJECTING},billing@customer.example\n", "utf-8"
    )
    to = "--addresses", str(addresses), "--by", "folder", "--out", "letters"
    stage.forbear("notify", "plan")
    stage.forbear("notify", "run", *to, "--really")
    with closing(open_letters(*serving_settings(stage.environment).store)) as letters:
        written = letters.listed(_MOST, states=("handed_out",))
    for letter in written:
        sent = "--as", "sent", "--by", ANALYST[0]
        stage.forbear("notify", "mark", letter.letter_id, *sent)


def objection_of(stage: Stage, text: str) -> str:
    """Follow the link of the letter and object; gives the reference of the reply."""
    import httpx

    mails = sorted((stage.folder / "letters").glob("*.html"))
    [link] = {
        found.strip('">') for m in mails for found in _LINK.findall(m.read_text())
    }
    say(f"The letter leads to {link}")
    page = httpx.get(link, timeout=30.0).raise_for_status().text
    form = {"kind": "appeal", "text": text, "form_id": _FORM_ID.findall(page)[0]}
    confirmed = httpx.post(link, data=form, timeout=30.0).raise_for_status().text
    reference: str = _REPLY.findall(confirmed)[0]
    return reference


def in_a_month() -> str:
    """A day, ISO 8601."""
    return (datetime.now(UTC) + timedelta(days=30)).date().isoformat()


def shop_without_payments(folder: Path) -> Path:
    """A simulated portfolio whose payments stopped twelve days before its end."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from simulation import simulate

    shop = folder / "shop"
    simulate("calm", 150, 8, 2, shop, usage_every="week")
    payments = pq.read_table(shop / "payments.parquet")
    last = pc.max(payments["known_at"]).as_py() - timedelta(days=12)
    before = pc.less_equal(payments["known_at"], pa.scalar(last))
    pq.write_table(payments.filter(before), shop / "payments.parquet")
    return shop


def stay(stage: Stage) -> None:
    """Keep the desk open, and say with which keys."""
    name, role = ANALYST
    heading("Look around")
    say(f"the desk   {stage.url}/desk")
    say(f"your key   {stage.new_key(name, role)}")
    say("           shown only now, as a risk analyst; it ends with this tour")
    say(f"Today      {stage.page_of(LATER)} waits for an approver, who agrees with")
    say(f"           {stage.new_key(_APPROVERS[0], 'approver')}")
    say(f"the log    {stage.url}/desk/log: every decision and act; replay one by `v`")
    say(f"the policy {stage.url}/policy, as customers read it")
    say("\nserving until Ctrl-C; then everything is removed …")
    try:
        while True:
            time.sleep(1.0)
    except KeyboardInterrupt:
        say("\nover; everything was removed")


def _opened_acts(stage: Stage) -> "closing[Acts]":
    from serving.settings import serving_settings
    from store.opening import open_acts

    return closing(open_acts(*serving_settings(stage.environment).store))
