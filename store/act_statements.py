"""SQL about acts: what is due, what may be claimed, what was done before."""

from typing import get_args

from store.act import ACT_COLUMNS, PLANNED_ANEW, UNKNOWN_WHETHER_DONE, EndKind
from store.replies import UPHELD

SELECT = f"SELECT {ACT_COLUMNS} FROM acts"  # noqa: S608 - own names
IS_OPEN = "(state IN ('planned', 'asked') OR (state = 'done' AND is_reported = 0))"
IS_AGREED = """n_approvals <= (
    SELECT count(*) FROM act_approvals WHERE act_approvals.act_id = acts.act_id
)"""
NOT_AGREED = f"""
{SELECT} WHERE state = 'planned' AND NOT {IS_AGREED}
AND substr(customer_id, 1, ?) = ? ORDER BY position LIMIT ?
"""
NOT_AGREED_OF = f"""
{SELECT} WHERE state = 'planned' AND customer_id = ? AND NOT {IS_AGREED}
ORDER BY position
"""
# of later: planned for a moment that has not come
IS_OF_LATER = "(state = 'planned' AND n_attempts = 0 AND due_at > ?)"
GOES_AHEAD = """(one.kind = 'restore' AND (earlier.kind NOT IN ('suspend', 'restore')
    OR (earlier.kind = 'suspend' AND earlier.state = 'planned'
        AND earlier.asked_at IS NULL
        AND earlier.subscription_id <> one.subscription_id)
))"""
# one that waits for people holds up only others of its kind that the same decision asks
# for, and one that is done and not yet reported nothing that a person ordered; one of
# later nothing. What gives access back waits for access alone, and for what is under
# way this moment; not for a stop of another subscription that was never asked for
DUE = f"""
WITH open_acts AS (
    SELECT *, {IS_AGREED} AS is_agreed FROM acts
    WHERE {IS_OPEN} AND NOT {IS_OF_LATER}
)
SELECT {ACT_COLUMNS} FROM open_acts AS one
WHERE is_agreed AND provider = ? AND (? = '' OR kind = ? OR state = 'done')
AND due_at <= ? AND leased_until <= ? AND NOT EXISTS (
    SELECT 1 FROM open_acts AS earlier
    WHERE earlier.customer_id = one.customer_id AND earlier.position < one.position
    AND (earlier.is_agreed
        OR (earlier.decision_id = one.decision_id AND earlier.kind = one.kind))
    AND (earlier.state <> 'done' OR one.ordered_by IS NULL) AND NOT {GOES_AHEAD}
) AND NOT EXISTS (
    SELECT 1 FROM open_acts AS other
    WHERE other.customer_id = one.customer_id AND other.act_id <> one.act_id
    AND other.state <> 'done' AND other.leased_until > ?
    AND (one.kind = 'restore' OR other.kind = 'restore')
)
ORDER BY position LIMIT ?
"""  # noqa: S608 - own names
SAME = """
SELECT act_id, position FROM acts WHERE decision_id = ? AND kind = ?
AND run_id = ? AND ordered_by IS NULL AND state = 'planned' ORDER BY position
"""
MOVE = "UPDATE acts SET position = ?, due_at = ? WHERE act_id = ?"
N_OPEN = f"""
SELECT count(*) FROM acts WHERE provider = ? AND {IS_OPEN} AND {IS_AGREED}
AND NOT {IS_OF_LATER}
"""  # noqa: S608 - own names
LEASE = "UPDATE acts SET lease = ?, leased_until = ? WHERE act_id = ?"
# whoever lost the lease meanwhile has no say any more
ASKED = """
UPDATE acts SET state = 'asked', why = NULL, asked_at = ?
WHERE act_id = ? AND lease = ? AND state IN ('planned', 'asked') AND is_undone = 0
"""
SETTLED = """
UPDATE acts SET state = ?, settled_at = ?, why = ?, proof = ?,
    lease = NULL, leased_until = 0 WHERE act_id = ? AND lease = ?
"""
LATER = """
UPDATE acts SET due_at = ?, why = ?, n_attempts = n_attempts + 1,
    lease = NULL, leased_until = 0 WHERE act_id = ? AND lease = ?
"""
PROVEN = "UPDATE acts SET proof = ? WHERE act_id = ? AND state = 'done'"
REPORTED = """
UPDATE acts SET is_reported = 1, why = ?, lease = NULL, leased_until = 0
WHERE act_id = ? AND lease = ?
"""
# of a run: of all its customers, or of one
OF_RUN = "run_id = ? AND (? = '' OR customer_id = ?)"
WITHDRAWN = f"""
UPDATE acts SET state = 'withdrawn', settled_at = ?, why = 'undone',
    lease = NULL, leased_until = 0 WHERE {OF_RUN} AND state = 'planned'
"""  # noqa: S608 - own names
UNDONE = f"UPDATE acts SET is_undone = 1 WHERE {OF_RUN} AND state = 'asked'"  # noqa: S608
# measures that can be ended; a person ends what a person ordered
ENDED = str(tuple(kind.removeprefix("end_") for kind in get_args(EndKind)))
# what was taken, or may have been, and after which nothing else was asked for
_STANDING = f"""state IN ('done', 'asked')
AND (kind = 'suspend' OR (kind IN {ENDED} AND ordered_by IS NULL))
AND NOT EXISTS (
    SELECT 1 FROM acts AS later WHERE later.customer_id = one.customer_id
    AND later.subscription_id = one.subscription_id
    AND later.provider = one.provider AND later.position > one.position
    AND (later.kind IN (one.kind, 'end_' || one.kind)
        OR (one.kind = 'suspend' AND later.kind = 'restore'))
    AND later.state IN ('planned', 'asked', 'done')
)"""  # noqa: S608 - own names
TAKEN = f"{SELECT} AS one WHERE {OF_RUN} AND {_STANDING} ORDER BY position DESC"
# of what was taken: before an appeal of the customer was upheld
_UNJUST = f"""FROM acts AS one WHERE {_STANDING} AND planned_at < (
    SELECT max(coalesce(decided_at, filed_at)) FROM replies
    WHERE {UPHELD} AND replies.customer_id = one.customer_id
)"""  # noqa: S608 - own names
UNJUST_RUNS = f"""
SELECT run_id {_UNJUST} AND customer_id = ? GROUP BY run_id ORDER BY min(position)
"""
UNJUST_CUSTOMERS = f"""
SELECT customer_id, min(planned_at) {_UNJUST}
AND customer_id IN (SELECT customer_id FROM replies WHERE {UPHELD})
AND substr(customer_id, 1, ?) = ?
GROUP BY customer_id ORDER BY min(position) LIMIT ?
"""  # noqa: S608 - own names
# what an earlier decision asked for, and is to be done still
ASKED_BEFORE = f"""
{SELECT} WHERE provider = ? AND customer_id = ? AND subscription_id = ? AND kind = ?
AND decision_id <> ? AND ordered_by IS NULL AND is_undone = 0
AND state IN ('planned', 'asked') AND NOT {IS_OF_LATER}
"""
# nobody need look at what a later decision asks for on other terms
REPLACED = f"""
UPDATE acts SET state = 'withdrawn', settled_at = ?, why = '{PLANNED_ANEW}'
WHERE act_id = ? AND state = 'planned' AND leased_until <= ? AND NOT {IS_AGREED}
"""  # noqa: S608 - own names
_LATER = """
    SELECT 1 FROM acts AS later WHERE later.customer_id = one.customer_id
    AND later.subscription_id = one.subscription_id
    AND later.provider = one.provider AND later.position > one.position
    AND later.kind IN ('suspend', 'restore')
"""
STANDS = f"""kind = 'suspend' AND state = 'done'
AND NOT EXISTS ({_LATER} AND later.state = 'done')"""
STOPPED = f"""
SELECT DISTINCT customer_id FROM acts AS one
WHERE provider = ? AND {STANDS} ORDER BY customer_id
"""  # noqa: S608 - own names
OPEN_RESTORATIONS = f"""
{SELECT} AS one WHERE kind = 'restore' AND state IN ('planned', 'asked', 'failed')
AND NOT {IS_OF_LATER} AND (? = '' OR provider = ?)
AND (state <> 'failed' OR NOT EXISTS ({_LATER} AND later.state <> 'withdrawn'))
ORDER BY position
"""
# what was to give access back since the last stop, and is wanted still
RESTORATIONS = f"""
{SELECT} WHERE kind = 'restore' AND provider = ? AND customer_id = ?
AND subscription_id = ? AND (state <> 'withdrawn' OR why = '{PLANNED_ANEW}')
AND position > (
    SELECT coalesce(max(position), -1) FROM acts WHERE kind = 'suspend'
    AND state = 'done' AND provider = ? AND customer_id = ? AND subscription_id = ?
) ORDER BY position
"""  # noqa: S608 - own names
LAST_DONE = """
SELECT kind FROM acts WHERE provider = ? AND customer_id = ? AND subscription_id = ?
AND kind IN ('suspend', 'restore') AND state = 'done'
ORDER BY position DESC LIMIT 1
"""
# what gives back counts from when it is planned, what takes from when it was asked for
LATER_ABOUT = f"""
{SELECT} AS later WHERE provider = ? AND customer_id = ? AND subscription_id = ?
AND position > (SELECT position FROM acts WHERE act_id = ?)
AND ((kind = ? AND state <> 'withdrawn') OR (kind = ? AND state IN ('asked', 'done')))
ORDER BY position DESC LIMIT 1
"""  # noqa: S608 - own names
# what people gave back, or withdrew before it had begun
BY_PEOPLE = f"""
SELECT max(coalesce(settled_at, planned_at)) FROM acts
WHERE provider = ? AND customer_id = ? AND (
    (kind IN {("restore", *get_args(EndKind))} AND ordered_by IS NOT NULL
        AND state <> 'withdrawn')
    OR (ordered_by IS NULL AND state = 'withdrawn' AND why = 'undone')
)
"""  # noqa: S608 - own names
LAST_DONE_BEFORE = """
SELECT kind FROM acts WHERE provider = ? AND customer_id = ? AND subscription_id = ?
AND kind IN (?, ?) AND act_id <> ? AND state = 'done' ORDER BY position DESC LIMIT 1
"""
OPEN_REQUEST = f"""
SELECT 1 FROM acts WHERE provider = ? AND customer_id = ? AND kind = 'open_request'
AND (state IN ('planned', 'asked')
    OR (state = 'failed' AND why = '{UNKNOWN_WHETHER_DONE}')
    OR (state = 'done' AND NOT EXISTS (
        SELECT 1 FROM request_changes WHERE request_changes.act_id = acts.act_id
        AND request_changes.state = 'closed'
    ))
) LIMIT 1
"""  # noqa: S608 - own names
# what may have been done is read at the provider first
AGAIN = """
UPDATE acts SET state = CASE WHEN asked_at IS NULL THEN 'planned' ELSE 'asked' END,
    due_at = ?, n_attempts = 0, settled_at = NULL,
    why = NULL WHERE act_id = ? AND state = 'failed'
"""
