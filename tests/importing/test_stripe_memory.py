"""Stripe: what the objects become does not have to fit in memory."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb

from importing import SOURCES, ImportSettings, import_files
from importing.source import StagedSource

N = 40_000  # invoices, each paid by a charge of its own
ROOM_MB = 56


def test_states_of_more_objects_than_fit_in_memory(tmp_path: Path) -> None:
    """The last state of each object, and the payments, go to disk where need be.

    Beside the room of reading, which is the same for any number of objects.
    """
    stripe = SOURCES["stripe"]

    def stage(
        connection: duckdb.DuckDBPyConnection,
        files: Sequence[Path],
        exported_at: datetime | None,
    ) -> StagedSource:
        read = stripe.stage(connection, files, exported_at)
        connection.execute(f"SET memory_limit = '{ROOM_MB}MB'")
        return read

    file = tmp_path / "objects.ndjson"
    with file.open("w", encoding="utf-8") as lines:
        for i in range(N):
            of_both: dict[str, object] = {
                "currency": "eur",
                "created": 1_735_689_600 + i,
            }
            of_both["customer"] = f"cus_{i // 20}"
            bill: dict[str, object] = {
                "object": "invoice",
                "id": f"in_{i}",
                "status": "paid",
            }
            paid: dict[str, object] = {
                "object": "charge",
                "id": f"ch_{i}",
                "status": "succeeded",
            }
            paid |= {"amount": 1000 + i, "invoice": f"in_{i}"}
            for one in ({**bill, "total": 1000 + i}, paid):
                lines.write(json.dumps(of_both | one) + "\n")
    report = import_files(
        replace(stripe, stage=stage), [file], tmp_path / "portfolio", ImportSettings()
    )

    counts = {table.table: table.n_made for table in report.tables}
    assert counts["invoices"] == counts["payments"] == N
