"""Where `forbear tour` happens: a service, a provider that is none, people at the desk.

Everything is in one folder that goes at the end. Settings of whoever runs it, above all
a database, are left alone.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from cli.output import say
from cli.own_service import COMMAND, free_port, running_service

if TYPE_CHECKING:
    import httpx

    from execution.fakes.partner_center import FakePartnerCenter

_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
_KEY_LASTS = timedelta(hours=8)
_SEE_OTHER = 303


class TourStoppedError(Exception):
    """A step did not come to what it is there to show."""

    code = "tour_stopped"


@dataclass(frozen=True)
class Stage:
    """What the steps use.

    Args:
        folder: of everything; removed at the end.
        url: of the service.
        environment: of every command.
        fake: the provider's server, to see and to change what it knows.
        client: of the service, with a key that sends events.
    """

    folder: Path
    url: str
    environment: Mapping[str, str]
    fake: "FakePartnerCenter"
    client: "httpx.Client"
    provider_url: str

    def forbear(self, *words: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command before everybody's eyes; gives what it prints.

        Raises:
            TourStoppedError: it ended with a code that is not of `codes`.
        """
        say(f"\n$ forbear {_shown(words)}")
        ran = subprocess.run(
            [*COMMAND, *words],
            env=dict(self.environment),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        say(ran.stdout.rstrip())
        if ran.returncode not in codes:
            sys.stderr.write(ran.stderr)
            raise TourStoppedError(f"forbear {words[0]} ended with {ran.returncode}")
        return ran.stdout

    def act(self, *words: str) -> str:
        """`forbear act` at the provider that is none."""
        at = "--provider-url", self.provider_url, "--login-url", self.provider_url
        return self.forbear("act", *words, *at)

    def tell(self, rows: Mapping[str, Any]) -> None:
        """Send events, and that nothing else happened until now."""
        from serving.request import EVENT_TABLES

        now = datetime.now(UTC).isoformat()
        body = {"events": rows, "observed": dict.fromkeys(EVENT_TABLES, now)}
        answer = self.client.post("/v1/events", json=body).raise_for_status().json()
        if answer["rejected"]:
            raise TourStoppedError(f"rows were refused: {answer}")

    def decide(self, customer_id: str) -> dict[str, Any]:
        """A decision about a customer as things stand now."""
        asked = {"customer_id": customer_id, "explain": "always"}
        answer = self.client.post("/v1/score", json=asked).raise_for_status()
        content: dict[str, Any] = answer.json()
        return content

    def recommended(self, customer_id: str, expected: str) -> None:
        """Decide, and say where it is shown.

        Raises:
            TourStoppedError: something else is recommended.
        """
        answer = self.decide(customer_id)
        action = answer["action"]
        if action != expected:
            what = f"{action} is recommended for {customer_id}"
            raise TourStoppedError(f"{what}, not {expected}")
        say(f"{customer_id}: recommended is {action}. {self.page_of(customer_id)}")

    def page_of(self, customer_id: str) -> str:
        """The address of a customer's page at the desk."""
        from serving.desk.addresses import customer_path

        return f"{self.url}{customer_path(customer_id)}"

    def new_key(self, name: str, role: str | None = None) -> str:
        """A key for this run, which ends by itself."""
        from serving.settings import serving_settings
        from store.opening import open_key_store

        ends = datetime.now(UTC) + _KEY_LASTS
        place = serving_settings(self.environment).store
        with closing(open_key_store(*place)) as keys:
            return keys.create(name, expires_at=ends, role=role)[1]

    @contextmanager
    def at_desk(self, name: str, role: str) -> "Iterator[DeskPerson]":
        """Somebody of a role who is signed in."""
        import httpx

        with httpx.Client(base_url=self.url, timeout=30.0) as browser:
            person = DeskPerson(browser)
            person.send("/desk/sign-in", "/desk/sign-in", key=self.new_key(name, role))
            yield person


class DeskPerson:
    """Sends the forms of the desk's pages, as a browser does.

    Args:
        browser: keeps the cookies.
    """

    def __init__(self, browser: "httpx.Client") -> None:
        self._browser = browser

    def send(self, page: str, form: str, **fields: str) -> None:
        """A form of a page, to the address the form names.

        Raises:
            TourStoppedError: the page has no such form, or it was refused.
        """
        shown = self._browser.get(page).raise_for_status().text
        token = _CSRF.search(shown)
        if token is None or f'action="{form}"' not in shown:
            raise TourStoppedError(f"{page} has no form for {form}")
        answer = self._browser.post(form, data={**fields, "csrf": token[1]})
        if answer.status_code != _SEE_OTHER:
            raise TourStoppedError(f"{form} was refused: {answer.status_code}")


@contextmanager
def opened_stage(folder: Path, port: int, **settings: str) -> Iterator[Stage]:
    """A running service and a provider that is none.

    Args:
        folder: empty; of everything that is written.
        port: of the service; 0: one that is free.
        settings: of the service beside those of the tour, as `ServingSettings` names
            them.
    """
    import httpx

    from execution.fakes.partner_center import FakePartnerCenter
    from execution.fakes.server import serving

    fake = FakePartnerCenter()
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    environment = _environment(folder, url, settings)
    with ExitStack() as stack:
        provider_url = stack.enter_context(serving(fake))
        client = stack.enter_context(httpx.Client(base_url=url, timeout=60.0))
        stage = Stage(folder, url, environment, fake, client, provider_url)
        key = stage.new_key("billing")
        environment["FORBEAR_KEY"] = key
        client.headers["Authorization"] = f"Bearer {key}"
        log = folder / "service.log"
        stack.enter_context(running_service(port, log, environment))
        yield stage


def tour_policy() -> str:
    """The policy that ships, which may act at any hour and answers everybody alike.

    Otherwise nobody would be suspended before the eyes of who looks on a Sunday, and a
    few would be treated more softly by chance.
    """
    from advice.assembly import DEFAULT_POLICY

    text, _, _ = DEFAULT_POLICY.read_text("utf-8").partition("\ncases:")
    for shipped, here in (
        ('  country: BE\n  from_time: "08:00"\n  cut_off: "16:00"\n', ""),
        ("not_before_day_off: true", "working_days: [1, 2, 3, 4, 5, 6, 7]"),
        ("exploration:\n  share: 0.03", "exploration:\n  share: 0.0"),
        ("name: reseller-default", "name: tour"),
    ):
        if shipped not in text:
            raise TourStoppedError(f"the shipped policy no longer says {shipped!r}")
        text = text.replace(shipped, here)
    return text


def _environment(folder: Path, url: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the settings of whoever runs the tour."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FORBEAR_")}
    policy = folder / "policy.yaml"
    policy.write_text(tour_policy(), "utf-8")
    stated = {f"FORBEAR_{name.upper()}": value for name, value in settings.items()}
    any_of_them = dict.fromkeys(("TENANT", "CLIENT_ID", "CLIENT_SECRET"), "any")
    return {
        **kept,
        **{f"FORBEAR_PARTNER_CENTER_{name}": v for name, v in any_of_them.items()},
        "FORBEAR_HOME": str(folder / "state"),
        "FORBEAR_POLICY": str(policy),
        "FORBEAR_SERVICE_URL": url,
        "FORBEAR_PUBLIC_URL": url,
        "FORBEAR_LINK_KEY": token_hex(32),
        "FORBEAR_SMTP_FROM": "Billing <billing@reseller.example>",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        **stated,
    }


def _shown(words: tuple[str, ...]) -> str:
    from shlex import join

    return join(words)
