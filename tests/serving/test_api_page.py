"""The examples of docs/api.md do what the page says."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from httpx import Client

from tests.serving.api_page import blocks

# made anew with every answer
_OWN = {"decision_id", "recorded_at"}


def asked(command: str) -> tuple[str, Mapping[str, str], Any]:
    """Address, headers and body of a curl command."""
    [address] = re.findall(r"http://127\.0\.0\.1:8000(\S+)", command)
    headers = dict(re.findall(r'-H "(\S+): ([^"$]+)"', command))
    [body] = re.findall(r"-d '(.*?)'", command, re.DOTALL)
    return address, headers, json.loads(body)


def without_own(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {k: without_own(v) for k, v in value.items() if k not in _OWN}
    return [without_own(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("heading", ["Sending events as they happen", "Many customers"])
def test_the_request_gets_the_answer_below_it(service: Client, heading: str) -> None:
    [command] = blocks(heading, "sh")
    [shown] = blocks(heading, "json")
    address, headers, body = asked(command)
    answer = service.post(address, json=body, headers=dict(headers))
    assert without_own(answer.json()) == without_own(json.loads(shown))
