"""More than can be answered in time is refused at once; nothing accepted is lost."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from serving.errors import ProblemError
from serving.turnstile import LARGE_BYTES, MOST_RECEIVING, Turnstile
from tests.serving.processes import Service, running


def test_one_at_a_time_in_the_order_of_coming() -> None:
    turnstile, log = Turnstile(10), list[str]()

    async def one(name: str) -> None:
        async with turnstile.turn():
            log.append(f"{name} in")
            await asyncio.sleep(0)
            log.append(f"{name} out")

    async def three() -> None:
        await asyncio.gather(*(one(name) for name in "abc"))

    asyncio.run(three())
    assert log == ["a in", "a out", "b in", "b out", "c in", "c out"]


def test_the_place_of_one_that_fails_is_free_again() -> None:
    turnstile = Turnstile(1)
    for _ in range(3):
        with suppress(ZeroDivisionError), turnstile.accepted():
            assert turnstile.is_full()
            raise ZeroDivisionError
    assert not turnstile.is_full()


def test_more_than_its_places_are_refused() -> None:
    turnstile = Turnstile(2)
    with turnstile.accepted(), turnstile.accepted():
        with pytest.raises(ProblemError) as refused, turnstile.accepted():
            pass
        assert refused.value.code == "overloaded"


def test_bodies_on_their_way_are_bounded() -> None:
    turnstile = Turnstile(1)
    coming = [turnstile.receiving() for _ in range(MOST_RECEIVING)]
    for one in coming:
        one.__enter__()
    with pytest.raises(ProblemError), turnstile.receiving():
        pass
    for one in coming:
        one.__exit__(None, None, None)
    with turnstile.receiving():
        pass


def test_only_what_is_large_is_computed_in_a_thread() -> None:
    turnstile = Turnstile(1)

    async def where() -> list[bool]:
        here = threading.get_ident()
        sizes = (LARGE_BYTES, LARGE_BYTES + 1)
        idents = [await turnstile.compute(n, threading.get_ident) for n in sizes]
        return [ident == here for ident in idents]

    assert asyncio.run(where()) == [True, False]
    turnstile.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("state")
    with running(home, max_accepted=2) as service:
        yield service


@pytest.mark.slow
def test_beyond_capacity_it_sheds_and_loses_nothing(
    service: Service, asked: dict[str, Any]
) -> None:
    headers = {"Authorization": f"Bearer {service.key}"}
    url = f"http://127.0.0.1:{service.port}"

    async def flood() -> tuple[list[httpx.Response], list[int]]:
        limits = httpx.Limits(max_connections=41)
        async with httpx.AsyncClient(
            base_url=url, headers=headers, limits=limits, timeout=60
        ) as client:

            async def ask(n: int) -> httpx.Response:
                body = {**asked, "customer_id": f"c{n}"}
                return await client.post("/v1/score", json=body)

            async def health() -> int:
                return (await client.get("/healthz")).status_code

            scores = [asyncio.create_task(ask(n)) for n in range(200)]
            healthy = [await health() for _ in range(10)]
            return list(await asyncio.gather(*scores)), healthy

    answers, healthy = asyncio.run(flood())
    assert set(healthy) == {200}
    accepted = [one for one in answers if one.status_code == 200]
    shed = [one for one in answers if one.status_code != 200]
    assert accepted
    assert {one.status_code for one in shed} == {503}
    assert {one.json()["code"] for one in shed} == {"overloaded"}
    assert {one.headers["retry-after"] for one in shed} == {"1"}
    with service.client() as client:
        for one in accepted:
            said = one.json()
            again = client.get(f"/v1/decisions/{said['decision_id']}")
            assert again.content == one.content
        assert client.post("/v1/score", json=asked).status_code == 200
        assert "forbear_shed_total" in client.get("/metrics").text


@pytest.mark.slow
def test_the_service_lives_while_a_large_request_is_read(
    service: Service, asked: dict[str, Any]
) -> None:
    """400,000 empty rows took 14 s of the event loop once."""
    asked["events"]["usage"] = [{}] * 400_000
    body, answers = json.dumps(asked).encode(), list[httpx.Response]()

    def send() -> None:
        headers = {"Content-Type": "application/json"}
        with service.client(120) as client:
            answers.append(client.post("/v1/score", content=body, headers=headers))

    sending = threading.Thread(target=send)
    longest, n, began = 0.0, 0, time.monotonic()
    sending.start()
    with service.client() as client:
        while sending.is_alive():
            asked_at = time.monotonic()
            assert client.get("/healthz").status_code == 200
            longest, n = max(longest, time.monotonic() - asked_at), n + 1
    took = time.monotonic() - began
    sending.join()
    [answer] = answers
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_rows")
    assert len(answer.content) < 50_000
    assert n >= 3
    assert longest < took / 2
