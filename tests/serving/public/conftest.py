"""A service with a letter that was sent, and the link that stands in it."""

import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from httpx import Client

from execution.letters.signed_link import LinkSigner
from serving.settings import ServingSettings
from store.letters import PlannedLetter, letter_id_of
from store.opening import open_key_store, open_letters
from tests.serving.conftest import a_bundle, client_of, published

KEY = "k" * 32
YEAR_US = 365 * 86_400_000_000


class Public(NamedTuple):
    """A client without a key, one with a key, and the settings of their service."""

    client: Client
    staff: Client
    settings: ServingSettings


def link_of(letter_id: str, key: str = KEY, ahead: int = YEAR_US) -> str:
    token = LinkSigner([key]).token(letter_id, time.time_ns() // 1_000 + ahead)
    return f"/appeal/{token}"


def a_letter_about(
    place: Public, answer: dict[str, Any], notice: str = "reminder_1"
) -> str:
    """Write down that a letter was planned from an answer; its id."""
    letter_id = letter_id_of("notice", answer["decision_id"], notice)
    letter = PlannedLetter(
        letter_id=letter_id,
        customer_id=answer["customer_id"],
        kind="notice",
        notice=notice,
        about_id=answer["decision_id"],
        channel="email",
        policy=answer["question"]["policy"],
        policy_hash=answer["question"]["policy_hash"],
        planned_at=1,
        due_at=1,
    )
    letters = open_letters(*place.settings.store)
    letters.plan([letter])
    letters.close()
    return letter_id


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    home: Path = tmp_path_factory.mktemp("public")
    settings = ServingSettings.model_validate(
        {
            "home": home,
            "poll_s": 0.05,
            "link_key": KEY,
            "form_rate_limit": "8/hour",
            "public_rate_limit": "10000/minute",
        }
    )
    usual = a_bundle("nonpayment")
    rates = {"JPY": Decimal("0.006")}
    settings_of_bundles = usual.settings.model_copy(update={"rates": rates})
    published(replace(usual, settings=settings_of_bundles), home)
    fraud = a_bundle("fraud", intercept=-5.0, settings=settings_of_bundles)
    published(fraud, home)
    keys = open_key_store(home)
    _, key = keys.create("staff")
    keys.close()
    with client_of(settings, key) as staff:
        client = Client(
            transport=staff._transport, base_url=staff.base_url, follow_redirects=False
        )
        yield Public(client, staff, settings)
