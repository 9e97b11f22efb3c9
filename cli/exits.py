"""What the exit codes of every command mean."""

OK = 0
DIFFERENT = 1  # the command did its work and what it looked at is not as it should be
UNUSABLE = (
    2  # wrong usage, or an input that cannot be used; one line on stderr says why
)
REJECTS = 3  # done, but rows were rejected
BROKEN = 70  # a fault of this program; stderr shows where (EX_SOFTWARE of sysexits.h)
STOPPED = 130  # by Ctrl-C, as shells have it (128 + SIGINT)
