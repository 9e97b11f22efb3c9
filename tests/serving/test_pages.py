"""Pages for people, loaded when somebody first asks for one."""

import asyncio
import subprocess
import sys
import threading

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Match
from starlette.types import ASGIApp, Message

from serving.pages import Pages

LOADED = """
import sys
import serving.server
pages = "serving.desk.page", "serving.public.page", "wording.publication"
print([name for name in pages if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("path", "is_here"),
    [
        ("/desk", True),
        ("/desk/customers/x", True),
        ("/desks", False),
        ("/v1/desk", False),
        ("//desk", False),
        ("*", False),
    ],
)
def test_the_first_word_of_an_address_decides(path: str, is_here: bool) -> None:
    scope = {"type": "http", "method": "PATCH", "path": path}
    match, _ = Pages(("desk",), PlainTextResponse).matches(scope)
    assert match == (Match.FULL if is_here else Match.NONE)


def test_what_answers_is_made_once_and_off_the_event_loop() -> None:
    made: list[threading.Thread] = []

    def make() -> ASGIApp:
        made.append(threading.current_thread())
        return PlainTextResponse("here")

    async def ask_twice() -> list[Message]:
        sent: list[Message] = []
        pages = Pages(("desk",), make)

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/desk", "headers": []}
        await asyncio.gather(*(pages.handle({**scope}, receive, send) for _ in "ab"))
        return sent

    sent = asyncio.run(ask_twice())
    assert [m["body"] for m in sent if "body" in m] == [b"here", b"here"]
    assert len(made) == 1
    assert made[0] is not threading.main_thread()


def test_a_service_starts_without_the_code_of_pages() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
