"""Letters with real processes: the whole way of an objection, and deaths on the way."""

import asyncio
import os
import random
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from store.opening import open_letters
from tests.execution.letters.conftest import Mailbox, a_late_customer, mail_server
from tests.execution.test_with_the_service import TABLES, ago
from tests.serving.conftest import a_bundle, published
from tests.serving.processes import Service, running

pytestmark = pytest.mark.slow
LINK_KEY = "0123456789abcdef" * 4


class SlowMailbox(Mailbox):
    """Takes its time over the last word, so that deaths fall into it."""

    async def handle_DATA(self, *args: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's own
        answer = await super().handle_DATA(*args)
        await asyncio.sleep(0.3)
        return answer


def environment(home: Path, service: Service, port: int) -> Mapping[str, str]:
    return {
        **os.environ,
        "FORBEAR_HOME": str(home),
        "FORBEAR_SERVICE_URL": f"http://127.0.0.1:{service.port}",
        "FORBEAR_KEY": service.key,
        "FORBEAR_LINK_KEY": LINK_KEY,
        "FORBEAR_PUBLIC_URL": f"http://127.0.0.1:{service.port}",
        "FORBEAR_SMTP_HOST": "127.0.0.1",
        "FORBEAR_SMTP_PORT": str(port),
        "FORBEAR_SMTP_TLS": "none",
        "FORBEAR_SMTP_FROM": "Billing <billing@reseller.example>",
    }


def forbear(stated: Mapping[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "cli.main", *words]
    ran = subprocess.run(
        command, env=dict(stated), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    return ran.stdout


def late(service: Service, names: list[str]) -> None:
    """Customers to whom a reminder is due, and the decisions that say so."""
    with service.client() as client:
        for name in names:
            events = a_late_customer()
            events["invoices"][0]["invoice_id"] = f"i-{name}"
            sent = {"customer_id": name, "events": events}
            sent["observed"] = dict.fromkeys(TABLES, ago(seconds=0))
            client.post("/v1/events", json=sent).raise_for_status()
            answer = client.post("/v1/score", json={"customer_id": name}).json()
            assert answer["follow_up"]["notices_due"], answer


def addresses(file: Path, names: list[str]) -> Path:
    rows = [f"{name},{name}@customer.example,en\n" for name in names]
    file.write_text("customer_id,email,language\n" + "".join(rows))
    return file


def test_from_a_reminder_to_the_answer_of_an_objection(tmp_path: Path) -> None:
    home, mailbox = tmp_path / "state", Mailbox()
    published(a_bundle("nonpayment"), home)
    published(a_bundle("fraud", intercept=-5.0), home)
    with (
        running(home, link_key=LINK_KEY) as service,
        mail_server(mailbox) as port,
    ):
        late(service, ["acme-secret"])
        stated = environment(home, service, port)
        file = addresses(tmp_path / "addresses.csv", ["acme-secret"])
        send = ["notify", "run", "--addresses", str(file), "--really"]
        forbear(stated, "notify", "plan")
        assert forbear(stated, *send).endswith("1 sent, 1 told\n")
        body = mailbox.mails[0].get_body(("plain",))
        assert body is not None
        text = body.get_content()
        [form] = re.findall(r"http://\S+/appeal/\S+", text)
        [policy] = re.findall(r"http://\S+/policy/\S+", text)
        assert "acme" not in form
        assert "Collections policy" in httpx.get(policy).text
        page = httpx.get(form).text
        [form_id] = set(re.findall(r'name="form_id" value="(\w+)"', page))
        fields = {"kind": "appeal", "form_id": form_id, "text": "I paid in cash."}
        confirmed = httpx.post(form, data=fields)
        assert confirmed.status_code == 200, confirmed.text
        [reply] = re.findall(r"reference: (r[0-9a-f]{31})", confirmed.text)
        listed = forbear(stated, "appeals", "list")
        assert listed.startswith("1 reply")
        assert "open" in listed
        because = "We found the receipt."
        words = ["--result", "upheld", "--because", because, "--by", "Ada"]
        decided = forbear(
            stated, "appeals", "decide", reply, *words, "--until", "2999-12-31"
        )
        assert decided.endswith("the service knows\n")
        assert forbear(stated, *send).endswith("1 sent, 1 told\n")
        answer = mailbox.mails[1]
        assert answer["Subject"] == "Your objection: we agree with you"
        told = answer.get_body(("plain",))
        assert told is not None
        assert because in told.get_content()
        with service.client() as client:
            now = client.post("/v1/score", json={"customer_id": "acme-secret"}).json()
        assert now["follow_up"]["appeal"] is None
        kinds = {one["kind"] for one in now["permission"]["holds"]}
        assert kinds == {"override"}
        log = service.log.read_text()
    assert "acme-secret" not in log
    assert form.partition("/appeal/")[2][:40] not in log


@pytest.mark.parametrize(
    "n_kills",
    [pytest.param(2, id="few"), pytest.param(200, id="many", marks=pytest.mark.long)],
)
def test_no_letter_goes_out_twice_whenever_a_process_dies(
    tmp_path: Path, n_kills: int
) -> None:
    home, mailbox, chance = tmp_path / "state", SlowMailbox(), random.Random(7)
    published(a_bundle("nonpayment"), home)
    published(a_bundle("fraud", intercept=-5.0), home)
    names = [f"c{n}" for n in range(n_kills + 2)]
    file = addresses(tmp_path / "addresses.csv", names)
    with running(home) as service, mail_server(mailbox) as port:
        late(service, names)
        stated = environment(home, service, port)
        forbear(stated, "notify", "plan")
        words = ["notify", "run", "--addresses", str(file), "--really"]
        command = [sys.executable, "-m", "cli.main", *words]
        for _ in range(n_kills):
            process = subprocess.Popen(
                command, env=dict(stated), stdout=subprocess.DEVNULL
            )
            time.sleep(chance.uniform(1.0, 2.5))
            process.kill()
            process.wait(60)
            let_time_pass(home)
        subprocess.run(command, env=dict(stated), check=False, capture_output=True)
        letters = open_letters(home)
        listed = letters.listed(10_000)
        letters.close()
    assert len(listed) == len(names)
    assert len(mailbox.recipients) == len(set(mailbox.recipients))
    outcomes = {(one.state, one.why, one.is_reported) for one in listed}
    certain, uncertain = ("sent", None, True), ("failed", "unknown_whether_sent", False)
    assert outcomes <= {certain, uncertain}
    # what counts as sent went out
    sent = {f"{one.customer_id}@customer.example" for one in listed if one.is_reported}
    assert sent <= set(mailbox.recipients)


def let_time_pass(home: Path) -> None:
    """Leases and pauses of a process that is no more are over."""
    with closing(sqlite3.connect(home / "decisions.sqlite")) as db, db:
        db.execute("UPDATE letters SET leased_until = 0, due_at = planned_at")
