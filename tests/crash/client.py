"""A billing system that writes every answer down, and asks again if in doubt."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from typing import Any

THREADS = 4
PAUSE_S = 0.3  # after a refusal


@dataclass
class Client:
    """Asks about many customers, each question under an idempotency key of its own.

    Args:
        acknowledged: the answer to each question that was answered with 200.
        doubtful: questions sent without an answer: they may be recorded or not.
        refused: questions answered with 503.
    """

    port: int
    key: str
    example: dict[str, Any]
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def n_answered(self) -> int:
        return len(self.acknowledged) + len(self.refused)

    def ask_until(self, stop: threading.Event) -> list[threading.Thread]:
        """Several threads that ask one question after the other."""
        threads = [
            threading.Thread(target=self._ask_on, args=(stop,)) for _ in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        return threads

    def ask_again(self, name: str) -> tuple[int, bytes]:
        """The same question under the same idempotency key."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            return self._ask(connection, name)
        finally:
            connection.close()

    def settle(self) -> None:
        """Send again what is in doubt; one decision each must come of it."""
        for name in self.doubtful:
            status, body = self.ask_again(name)
            while status == 503:
                time.sleep(0.05)
                status, body = self.ask_again(name)
            assert status == 200, body
            self.acknowledged[name] = body
        self.doubtful.clear()

    def _ask_on(self, stop: threading.Event) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not stop.is_set():
            with self._lock:
                name = f"q{next(self._numbers)}"
            try:
                status, body = self._ask(connection, name)
            except (OSError, HTTPException):
                with self._lock:
                    self.doubtful.append(name)
                connection.close()
                time.sleep(0.01)
                continue
            with self._lock:
                if status == 200:
                    self.acknowledged[name] = body
                else:
                    self.refused.append(name)
            if status == 503:
                time.sleep(PAUSE_S)
        connection.close()

    def _ask(self, connection: HTTPConnection, name: str) -> tuple[int, bytes]:
        body = {**self.example, "customer_id": f"c{int(name[1:]) % 97}"}
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Content-Type": "application/json",
            "Idempotency-Key": name,
        }
        connection.request("POST", "/v1/score", json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
