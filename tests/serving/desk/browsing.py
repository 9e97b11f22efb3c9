"""A real browser for tests: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")


@contextmanager
def a_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield started
        started.close()


@contextmanager
def a_context(browser: Browser, width: int, **more: object) -> Iterator[BrowserContext]:
    size = {"width": width, "height": 900}
    with closing(
        browser.new_context(viewport=size, locale="en-US", **more)  # type: ignore[arg-type]
    ) as context:
        yield context
