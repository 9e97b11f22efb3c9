"""How many connections a process may hold: each is an open file, as the store's are.

Where files run out, uvloop closes what connects without an answer and without a word
in the log: the service must refuse before that, for then it says why.
"""

import logging

_log = logging.getLogger("forbear.serving")
_OTHERWISE_OPEN = 100  # store, models, webhooks, pipes: some 40 in a quiet process


def room_for_connections(wanted: int) -> int:
    """The connections to hold at most; the limit of open files is raised for them.

    Args:
        wanted: as the settings have it; fewer where the system does not let us.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OTHERWISE_OPEN
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    room = max(most - _OTHERWISE_OPEN, most // 4)
    if room >= wanted:
        return wanted
    _log.warning(
        "only %d files may be open, so at most %d connections instead of %d: raise the"
        " limit (ulimit -n, LimitNOFILE of systemd), or lower FORBEAR_MAX_CONNECTIONS",
        most,
        room,
        wanted,
    )
    return room
