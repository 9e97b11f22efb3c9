"""Who asks is what a trusted proxy says, and what nobody else says."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from serving.server import service_config
from serving.settings import BadSettingError, ServingSettings, serving_settings

PROXY, STRANGER = "10.0.0.9", "192.0.2.1"
Visits = Callable[[str, list[str]], list[int]]


@pytest.fixture
def visits(tmp_path: Path) -> Visits:
    """The statuses of visits from an address, each with an X-Forwarded-For."""
    settings = ServingSettings(
        home=tmp_path, trusted_proxies="10.0.0.0/8, ::1", public_rate_limit="1/hour"
    )

    def visited(address: str, forwarded_for: list[str]) -> list[int]:
        config = service_config(settings, 1, None)
        config.load()
        with TestClient(config.loaded_app, client=(address, 1)) as client:
            return [
                client.get("/policy", headers={"X-Forwarded-For": one}).status_code
                for one in forwarded_for
            ]

    return visited


def test_visitors_behind_a_trusted_proxy_are_told_apart(visits: Visits) -> None:
    one, other = "203.0.113.1", "203.0.113.2"
    forged = f"203.0.113.3, {one}"  # what a visitor writes there stands before
    chained = f"{other}, 10.1.1.1"
    asked = [one, one, other, forged, chained]
    assert visits(PROXY, asked) == [200, 429, 200, 429, 429]


def test_of_anybody_else_the_header_is_not_read(visits: Visits) -> None:
    assert visits(STRANGER, ["203.0.113.1", "203.0.113.2"]) == [200, 429]


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    environment = {
        "FORBEAR_HOME": str(tmp_path),
        "FORBEAR_TRUSTED_PROXIES": "10.0.0.1/8",
    }
    with pytest.raises(BadSettingError, match="TRUSTED_PROXIES"):
        serving_settings(environment)
