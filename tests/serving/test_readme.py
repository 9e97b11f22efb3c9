"""The README's request gets the README's answer."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

README = Path(__file__).parents[2] / "README.md"


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
