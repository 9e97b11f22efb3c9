"""Numbers with what they count, in words."""


def counted(n: int, one: str, many: str | None = None) -> str:
    """A number with what it counts.

    >>> counted(1, "act"), counted(1_200, "act"), counted(0, "reply", "replies")
    ('1 act', '1,200 acts', '0 replies')
    """
    return f"1 {one}" if n == 1 else f"{n:,} {many or one + 's'}"
