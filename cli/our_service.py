"""The score service that commands ask before they do something."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from execution.service import Service

DEFAULT_URL = "http://127.0.0.1:8000"


@contextmanager
def our_service() -> "Iterator[Service]":
    """Our own score service, as FORBEAR_SERVICE_URL and FORBEAR_KEY say.

    Raises:
        MissingSettingError: there is no key.
        BadSettingError: the address would show it to others.
    """
    import httpx

    from execution.environment import required
    from execution.service import TIMEOUT_S, Service
    from serving.safe_address import require_safe_address

    url = os.environ.get("FORBEAR_SERVICE_URL", DEFAULT_URL)
    require_safe_address("service_url", url)
    what = "a key of scope score (forbear keys create) with which things are checked"
    headers = {"Authorization": f"Bearer {required(os.environ, 'FORBEAR_KEY', what)}"}
    with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S) as client:
        yield Service(client)
