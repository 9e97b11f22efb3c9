"""The clock, which a command asks once for one thing it does."""

import time


def now_us() -> int:
    """This moment, µs since 1970 UTC."""
    return time.time_ns() // 1_000
