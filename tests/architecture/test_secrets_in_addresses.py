"""A secret in an address is in no message: all of them take it out in one place."""

import logging
import re

import pytest

from execution.errors import ProviderUnreachableError
from features.reading.source_url import without_login
from serving.log import prepare_log
from serving.safe_address import require_safe_address
from serving.settings import BadSettingError
from tests.architecture.test_circles import ROOMS, ROOT
from training.errors import RegistryUnavailableError

ADDRESSES = (
    "https://host.example/hook?token=hunter2",
    "https://user:hunter2@host.example/hook",
    "http://host.example/hook?a=b&sig=hunter2#part",
    "postgresql://host/b?sslmode=require&sslpassword=hunter2",
)
# an address in a sentence that is raised or logged
_TOLD = re.compile(
    r"(raise \w+|\blog\.\w+|_log\.\w+)\(.*\{[a-z_.]*(url|uri|dsn)[a-z_]*\}"
)


@pytest.mark.parametrize("url", ADDRESSES)
def test_no_message_tells_a_secret_of_an_address(url: str) -> None:
    told = [
        without_login(url),
        str(BadSettingError("webhook_url", url, "no")),
        str(RegistryUnavailableError(f"API request to {url} failed")),
        str(ProviderUnreachableError("ConnectError")),
    ]
    for name in ("provider_url", "pay_url"):
        with pytest.raises(BadSettingError) as refused:
            require_safe_address(name, url.replace("https", "ftp"))
        told.append(str(refused.value))
    assert [one for one in told if "hunter" in one] == []


def test_what_helps_is_kept() -> None:
    assert without_login("postgresql://h/b?sslmode=require") == (
        "postgresql://h/b?sslmode=require"
    )
    assert without_login("what is this? a=b is no address") == (
        "what is this? a=b is no address"
    )


def test_the_log_of_a_service_names_no_address_that_it_asks() -> None:
    before = logging.getLogger("httpx").level
    try:
        prepare_log("text")
        assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
    finally:
        logging.getLogger("httpx").setLevel(before)


def test_no_sentence_of_ours_quotes_an_address_as_it_is() -> None:
    quoted = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for package in ROOMS
        for file in (ROOT / package).rglob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if _TOLD.search(line)
    ]
    assert quoted == []
