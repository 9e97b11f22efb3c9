"""What ends an import. A bad row does not: it is counted and reported."""

from datetime import datetime
from pathlib import Path


class ImportingError(Exception):
    """An import that cannot go on; the message says what to do."""

    code = "import_failed"


class NothingToImportError(ImportingError):
    """The files hold nothing that the source's importer knows."""

    code = "nothing_to_import"


class SameFileNameError(ImportingError):
    """Two files of one name: a row could not be named by its file."""

    code = "import_same_file_name"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"two different files are named {name}; rename one, so that a row can be "
            "found by the name of its file"
        )


class RateMissingError(ImportingError):
    """Amounts in another currency, of a table that names no currency."""

    code = "import_rate_missing"

    def __init__(self, currency: str, main: str | None) -> None:
        super().__init__(
            f"these amounts are in {currency}, the portfolio is in {main}: say what "
            f"one {currency} is, such as --rate {currency}=0.92; nothing was written"
        )


class UnreadableFileError(ImportingError):
    """A file that is not of the form it should have; the message names the place."""

    code = "import_file_unreadable"


class UnreadableValueError(ImportingError):
    """A value that no table can hold, such as an amount of 1e30."""

    code = "import_value_unreadable"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; correct it in the file; nothing was written")


class MemoryLimitError(ImportingError):
    """A step needs more memory at one time than an import may hold."""

    code = "import_memory_limit"

    def __init__(self, memory_mb: int) -> None:
        super().__init__(
            f"a step of this import needs more than {memory_mb} MB: say --memory "
            f"{2 * memory_mb}; nothing was written"
        )


class DiskFullError(ImportingError):
    """What did not fit in memory does not fit on the disk either."""

    code = "import_disk_full"

    def __init__(self, portfolio: Path) -> None:
        super().__init__(
            f"what does not fit in memory is kept on the disk of {portfolio}, and "
            "there is no room left: free some (as much as the files take), or say "
            "--memory with more; nothing was written"
        )


class MomentAheadError(ImportingError):
    """The files show a moment that has not come yet."""

    code = "import_moment_ahead"

    def __init__(self, moment: datetime) -> None:
        super().__init__(
            f"the latest moment in these files is {moment:%Y-%m-%d %H:%M} UTC, which "
            "has not come yet: correct the row, or say --exported-at; nothing was "
            "written"
        )


class SumsDifferError(ImportingError):
    """The money of the portfolio is not the money of the source; nothing was kept."""

    code = "import_sums_differ"


class OtherPortfolioError(ImportingError):
    """The portfolio there has other settings than the import needs."""

    code = "import_other_portfolio"


class SharedIdsError(ImportingError):
    """Two systems gave one number: in one portfolio one would overwrite the other."""

    code = "import_ids_shared"

    def __init__(self, n: int, table: str, first: str, source: str, other: str) -> None:
        super().__init__(
            f"{n:,} {table} of {source} have the number of one that {other} brought, "
            f"such as {first}, and would overwrite it: give each system a folder of "
            f"its own (another --out); nothing was written"
        )
