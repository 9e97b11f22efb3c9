"""The README's request gets the README's answer, and the whole one of docs/api.md."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

from tests.serving.api_page import blocks

README = Path(__file__).parents[2] / "README.md"
NEVER_THE_SAME = ("decision_id", "recorded_at", "versions")


def agrees(shown: Any, answered: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether everything shown is in the answer; numbers are shown rounded."""
    if isinstance(shown, dict):
        return all(agrees(value, answered[key]) for key, value in shown.items())
    if isinstance(shown, list):
        return all(map(agrees, shown, answered))
    if isinstance(shown, float):
        return bool(answered == pytest.approx(shown, rel=1e-3, abs=5e-4))
    return bool(shown == answered)


def test_the_request_on_the_first_screen_gets_the_answer_below(service: Client) -> None:
    page = README.read_text(encoding="utf-8")
    [request] = re.findall(r"<<'END'\n(.*?)\nEND\n", page, re.DOTALL)
    [shown] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    answer = service.post("/v1/score", json=json.loads(request))
    assert answer.status_code == 200
    assert agrees(json.loads(shown), answer.json())


def test_the_whole_answer_of_the_page_is_what_the_service_answers(
    service: Client,
) -> None:
    page = README.read_text(encoding="utf-8")
    [request] = re.findall(r"<<'END'\n(.*?)\nEND\n", page, re.DOTALL)
    [text] = blocks("The answer", "json")
    shown = json.loads(text)
    answered = service.post("/v1/score", json=json.loads(request)).json()
    assert list(paths(shown)) == list(paths(answered))  # whole, and in this order
    for name in NEVER_THE_SAME:
        del shown[name]
    digest = shown["question"].pop("policy_hash").rstrip("…")
    assert answered["question"]["policy_hash"].startswith(digest)
    assert agrees(shown, answered)


def paths(value: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON
    """Every place of a JSON value, lists by position."""
    yield path
    inner = enumerate(value) if isinstance(value, list) else ()
    for key, item in value.items() if isinstance(value, dict) else inner:
        yield from paths(item, f"{path}/{key}")
