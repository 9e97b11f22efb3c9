"""WHMCS: one address for all, refusals with status 200, services of others."""

import httpx
import pytest

from execution.errors import (
    MissingSettingError,
    ProviderRefusedError,
    ProviderUnreachableError,
)
from execution.fakes.server import serving
from execution.fakes.whmcs import FakeWhmcs
from execution.providers.whmcs import Whmcs, WhmcsCredentials

CREDENTIALS = WhmcsCredentials("identifier", "hidden")
STATES = {
    "Active": "active",
    "Suspended": "suspended",
    "Pending": "pending",
    "Terminated": "ended",
    "Cancelled": "ended",
    "Fraud": "ended",
    "Completed": "ended",
}


@pytest.mark.parametrize(("stated", "state"), STATES.items())
def test_each_of_its_words_has_one_meaning(stated: str, state: str) -> None:
    fake = FakeWhmcs()
    fake.add("1", "7", status=stated)
    with serving(fake) as url, httpx.Client(base_url=url) as client:
        assert Whmcs(client, CREDENTIALS).status("1", "7").state == state


def answering(content: object) -> Whmcs:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=content))
    client = httpx.Client(transport=transport, base_url="https://whmcs")
    return Whmcs(client, CREDENTIALS)


def test_a_service_of_another_client_is_not_taken() -> None:
    """An older WHMCS answers by `serviceid` alone."""
    product = {"id": 7, "clientid": 2, "status": "Active"}
    content = {"result": "success", "totalresults": 1, "products": {"product": product}}
    with pytest.raises(ProviderRefusedError, match="service_not_found"):
        answering(content).status("1", "7")
    assert answering(content).status("2", "7").state == "active"


@pytest.mark.parametrize(
    ("message", "code"),
    [("Client ID Not Found", "client_not_found"), ("Ada owes us", "module_refused")],
)
def test_a_message_becomes_a_code_that_names_nobody(message: str, code: str) -> None:
    content = {"result": "error", "message": message}
    with pytest.raises(ProviderRefusedError) as raised:
        answering(content).status("1", "7")
    assert raised.value.reason == code
    assert "Ada" not in str(raised.value)


@pytest.mark.parametrize("content", [[], 7, {"result": "success", "products": [7]}])
def test_an_answer_of_another_form_is_no_service(content: object) -> None:
    with pytest.raises((ProviderUnreachableError, ProviderRefusedError)):
        answering(content).status("1", "7")


def test_credentials_are_named_when_missing_and_never_shown() -> None:
    with pytest.raises(MissingSettingError, match="FORBEAR_WHMCS_SECRET"):
        WhmcsCredentials.of_environment({"FORBEAR_WHMCS_IDENTIFIER": "i"})
    assert "hidden" not in repr(CREDENTIALS)
