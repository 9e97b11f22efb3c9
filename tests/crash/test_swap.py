"""Models change while the service answers: no request fails, every answer is whole.

Two workers are asked from four threads while champions of both targets are promoted
one after the other. In between a champion is named whose bundle is not there, and one
is taken away. The client wrote down what it was answered.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.openapi import EXAMPLE
from serving.replay import replay
from serving.settings import ServingSettings
from tests.crash.client import Client
from tests.serving.conftest import a_bundle, published, put_in_place
from tests.serving.processes import Service, running

Pair = tuple[str, str]  # the bundles of fraud and of non-payment
TARGETS = ("fraud", "nonpayment")
LEVELS = {"fraud": -5.0, "nonpayment": -2.0}
TAKEN_UP = 12  # answers in a row, each on a connection of its own


@dataclass
class Swaps:
    """One run: a service, and which champions were in force one after the other."""

    home: Path
    in_force: list[Pair] = field(default_factory=list)
    n_broken: int = 0

    def begin(self) -> None:
        fraud, nonpayment = (self._publish(target, 0) for target in TARGETS)
        self.in_force.append((fraud, nonpayment))

    def promote(self, number: int) -> None:
        """Another champion of one target, and the next time of the other."""
        fraud, nonpayment = self.in_force[-1]
        made = self._publish(TARGETS[number % 2], number)
        self.in_force.append((fraud, made) if number % 2 else (made, nonpayment))

    def break_off(self, number: int) -> None:
        """A champion without a bundle, or none any more; the next one mends it."""
        champion = self.home / "bundles" / TARGETS[(number + 1) % 2] / "champion"
        if self.n_broken % 2:
            champion.unlink()
        else:
            put_in_place(champion, b"fraud-20260601-00000000\n")
        self.n_broken += 1

    def _publish(self, target: str, number: int) -> str:
        level = LEVELS[target] + number / 1_000
        return published(a_bundle(target, intercept=level), self.home)


def pair_of(answer: dict[str, Any]) -> Pair:
    bundles = answer["versions"]["bundles"]
    return bundles["fraud"]["bundle_id"], bundles["nonpayment"]["bundle_id"]


def wait_until_taken_up(service: Service, pair: Pair) -> None:
    """Until whichever worker is asked answers with these champions."""
    in_a_row, ends = 0, time.monotonic() + 60
    headers = {"Authorization": f"Bearer {service.key}"}
    while in_a_row < TAKEN_UP:
        assert time.monotonic() < ends, "a champion was not taken up"
        url = f"http://127.0.0.1:{service.port}/v1/score"
        answer = httpx.post(url, json=EXAMPLE, headers=headers, timeout=30).json()
        in_a_row = in_a_row + 1 if pair_of(answer) == pair else 0


def swapped_often(home: Path, n_swaps: int) -> str:
    """The figures of a run."""
    swaps, stop = Swaps(home), threading.Event()
    swaps.begin()
    with running(home, "--workers", "2", poll_s=0.05) as service:
        wait_until_taken_up(service, swaps.in_force[-1])
        client = Client(service.port, service.key, EXAMPLE)
        threads = client.ask_until(stop)
        try:
            for number in range(1, n_swaps + 1):
                swaps.promote(number)
                wait_until_taken_up(service, swaps.in_force[-1])
                if number % 5 == 3:
                    swaps.break_off(number)
                    time.sleep(0.3)  # several looks at the champions
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    return assert_all_are_whole(swaps, client)


def assert_all_are_whole(swaps: Swaps, client: Client) -> str:
    """No request failed, and every answer is of champions that stood together."""
    assert (client.refused, client.doubtful) == ([], [])
    answers = [json.loads(body) for body in client.acknowledged.values()]
    of_pair = {pair_of(answer): answer["decision_id"] for answer in answers}
    assert set(of_pair) <= set(swaps.in_force)
    assert len(of_pair) > len(swaps.in_force) // 2
    place = ServingSettings(home=swaps.home)
    assert all(replay(place, decision).is_identical for decision in of_pair.values())
    return (
        f"{len(swaps.in_force) - 1} champions promoted, {swaps.n_broken} broken,"
        f" {len(answers)} answers by {len(of_pair)} pairs of models, 0 failed,"
        f" one of each pair replayed, all identical"
    )


@pytest.mark.slow
def test_models_change_while_it_answers(tmp_path: Path) -> None:
    assert " 1 broken, " in swapped_often(tmp_path, 6)


@pytest.mark.long
def test_models_change_two_hundred_times_while_it_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = swapped_often(tmp_path, 200)
    with capsys.disabled():
        print(f"\n{said}")  # noqa: T201 - the figures of docs/reliability.md
