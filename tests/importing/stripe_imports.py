"""An import of Stripe's objects."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from tests.importing.stripe_objects import (
    write_lines,
)

EXPORTED = datetime(2026, 6, 1, tzinfo=UTC)


Rows = list[dict[str, Any]]


Import = Callable[..., ImportReport]


@pytest.fixture
def run(tmp_path: Path) -> Import:
    def _run(
        *objects: Mapping[str, Any],
        at: datetime = EXPORTED,
        currency: str | None = None,
    ) -> ImportReport:
        file = write_lines(tmp_path / f"export-{at:%Y%m%d}.ndjson", objects)
        return import_files(
            SOURCES["stripe"],
            [file],
            tmp_path / "portfolio",
            ImportSettings(exported_at=at, currency=currency),
        )

    return _run
