"""A fake can be asked with what `forbear act provider` says of it."""

from pathlib import Path

import httpx
import pytest

from execution.fakes.by_name import FAKES, WITH_LOGIN, settings_of
from execution.fakes.server import serving
from execution.providers.by_name import CHOICES, Connection


@pytest.mark.parametrize("name", sorted(FAKES))
def test_a_fake_is_asked_with_the_settings_it_names(name: str, tmp_path: Path) -> None:
    fake = FAKES[name]()
    fake.add("acme", "sub-1")
    with serving(fake) as url, httpx.Client(base_url=url) as client:
        connection = Connection(
            client=client,
            environment=dict(settings_of(name)),
            customers={},
            drafts=tmp_path,
            login_url=url if name in WITH_LOGIN else None,
        )
        provider = CHOICES[name].connect(connection)
        [one] = provider.subscriptions("acme")
    assert one.subscription_id == "sub-1"
