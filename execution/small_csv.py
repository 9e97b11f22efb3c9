"""Small CSV files that a reseller keeps by hand: people, addresses, other ids."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path


def filled_rows(
    file: Path, needed: Sequence[str], refused: Callable[[str], Exception]
) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    """Each row with its line in the file; lines without a value are none.

    Spreadsheets leave such lines below their rows.

    Args:
        file: in UTF-8.
        needed: columns that must be there.
        refused: makes the error that is raised where one is not, of the reason.
    """
    with file.open(newline="", encoding="utf-8-sig") as rows:
        read = csv.DictReader(rows)
        if not set(needed) <= set(read.fieldnames or ()):
            raise refused(f"the columns {' and '.join(needed)} are needed")
        for row in read:
            if any(row.values()):
                yield read.line_num, row
