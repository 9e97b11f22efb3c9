"""The list of decisions that were not computed again alike, as JSON or Parquet."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from serving.replay_range import RangeReplay

FORMS = ".json", ".parquet"
_STEP = 500  # rows written at a time
Add = Callable[[RangeReplay], None]


@contextmanager
def replay_list(file: Path) -> Iterator[Add]:
    """Gives a function that adds a decision to `file`, whole or not at all.

    Only its owner may read it: it names customers. The form is that of its name.
    """
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    form = _as_parquet if file.suffix.lower() == ".parquet" else _as_json
    try:
        with form(unfinished) as add:
            yield add
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _as_json(file: Path) -> Iterator[Add]:
    with file.open("w", encoding="utf-8") as out:
        out.write("[")
        joint = "\n"

        def add(replayed: RangeReplay) -> None:
            nonlocal joint
            row = _row(replayed)
            out.write(joint + json.dumps(row, default=str, ensure_ascii=False))
            joint = ",\n"

        yield add
        out.write("\n]\n")


@contextmanager
def _as_parquet(file: Path) -> Iterator[Add]:
    """Gives what adds a row; the file is whole when the context ends."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    moment = pa.timestamp("us", "UTC")
    names = RangeReplay._fields
    schema = pa.schema(
        [
            (name, moment if name.endswith(("_at", "as_of")) else "string")
            for name in names
        ]
    )
    rows: list[dict[str, Any]] = []
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:

        def write() -> None:
            writer.write_table(pa.Table.from_pylist(rows, schema))
            rows.clear()

        def add(replayed: RangeReplay) -> None:
            row = _row(replayed)
            rows.append(row | {"differences": json.dumps(row["differences"])})
            if len(rows) == _STEP:
                write()

        yield add
        write()


def _row(replayed: RangeReplay) -> dict[str, Any]:
    differences = [asdict(one) for one in replayed.differences]
    return replayed._asdict() | {"differences": differences}
