"""What stores refuse."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path


class DecisionStoreError(Exception):
    """Base of what a store of decisions refuses."""

    code = "decision_store_error"


class StoreUnavailableError(DecisionStoreError):
    code = "decision_store_unavailable"

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(
            f"decisions cannot be recorded or read ({cause}), so none is given;"
            " check that the store can be reached, written and has space, then retry"
        )


class StoreFileError(StoreUnavailableError):
    """A SQLite file cannot be used; `file` is its path."""

    def __init__(self, file: Path, cause: str) -> None:
        self.file = file
        super().__init__(cause)


class StoreReplacedError(StoreUnavailableError):
    """Files that are written are not the ones another process would find."""

    code = "decision_store_replaced"

    def __init__(self, file: object) -> None:
        self.cause = str(file)
        DecisionStoreError.__init__(
            self,
            f"{file} was deleted, replaced or cut while the service writes it; what is"
            " recorded now would be lost, so no decision is given: put the same file"
            " back, or stop the service, restore a backup and start it again",
        )


class MissingSchemaError(DecisionStoreError):
    """A database in which no table of ours was made yet."""

    code = "store_schema_missing"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there are no tables of {name} yet: run `forbear db upgrade`, which makes"
            " them, or look whether FORBEAR_DATABASE_URL names the right database"
        )


class FirstSchemaError(DecisionStoreError):
    """Tables of 0.1.0, whose decisions lack what is recorded since."""

    code = "store_schema_first"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the tables of {name} are of 0.1.0, and no later release reads or upgrades"
            " them: keep the folder for that release, which replays them; for this one"
            " name another FORBEAR_HOME, copy `bundles/` into it and make keys anew"
        )


class OlderSchemaError(DecisionStoreError):
    """Tables of an earlier release."""

    code = "store_schema_older"

    def __init__(self, name: str, revision: str) -> None:
        super().__init__(
            f"the tables of {name} are of an earlier release (revision {revision}):"
            " make a backup with that release (or copy the files, or `pg_dump`), then"
            " run `forbear db upgrade`"
        )


class NewerSchemaError(DecisionStoreError):
    code = "store_schema_newer"

    def __init__(self, name: str, revision: str) -> None:
        super().__init__(
            f"the tables of {name} are of a later release (revision {revision}):"
            " install that release again; this one would not understand them"
        )


class UnknownDecisionError(DecisionStoreError):
    code = "unknown_decision"

    def __init__(self, decision_id: str) -> None:
        super().__init__(f"no decision {decision_id!r} is recorded here")


class UnknownDocumentError(DecisionStoreError):
    code = "unknown_document"

    def __init__(self, document_hash: str) -> None:
        super().__init__(f"no policy or settings of hash {document_hash} are kept here")


class AlteredDecisionError(DecisionStoreError):
    code = "decision_altered"

    def __init__(self, decision_id: str) -> None:
        super().__init__(
            f"the record of {decision_id} is not as it was sealed;"
            " run `forbear audit verify`"
        )


class BackupFileError(DecisionStoreError):
    code = "backup_file"

    def __init__(self, file: object, why: str) -> None:
        super().__init__(f"{file} {why}")


class StoreNotEmptyError(DecisionStoreError):
    code = "store_not_empty"

    def __init__(self) -> None:
        super().__init__(
            "there is something in the store; a backup is restored into an empty one:"
            " another FORBEAR_HOME, or another database or schema"
        )


class NoDecisionsError(DecisionStoreError):
    code = "no_decisions"

    def __init__(self, where: object) -> None:
        super().__init__(
            f"no decisions are recorded in {where}: is FORBEAR_HOME right?"
        )


class DecisionsGoneError(DecisionStoreError):
    """Events lie in a state folder whose decisions and keys are gone."""

    code = "decisions_gone"

    def __init__(self, home: object, decisions: str, events: str) -> None:
        super().__init__(
            f"{decisions} is gone from {home}, where {events} still is: move {events}"
            " away, then bring both back by `forbear db restore FILE` or begin anew"
        )


class ErasureRefusedError(DecisionStoreError):
    """The law or a running case asks for the record: `because` says what."""

    code = "erasure_refused"

    def __init__(
        self, because: Sequence[str], until: int | None, said_at: int | None = None
    ) -> None:
        """`said_at`: of the decision that says so; None: it is so now."""
        self.because, self.until = tuple(because), until
        reasons = list(because)
        if because and said_at is not None:
            day = datetime.fromtimestamp(said_at / 1_000_000, UTC).date()
            reasons.append(f"so says the last decision, as of {day}: it may be over")
        if until is not None:
            day = datetime.fromtimestamp(until / 1_000_000, UTC).date()
            reasons.append(f"the policy keeps records until {day}")
        # another score would make another record, which is kept as long again
        then = "ask again once that has ended, without a new score"
        if because and said_at is not None:
            then = "score the customer again once that has ended, then ask again"
        super().__init__(
            f"the customer cannot be erased yet ({'; '.join(reasons)}); {then}"
        )


class SlotTakenError(DecisionStoreError):
    """Another decision took the slot this one rests on: decide again."""

    code = "slot_taken"

    def __init__(self) -> None:
        super().__init__("the budget slot was taken in the meantime; decide again")


class IdempotencyConflictError(DecisionStoreError):
    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(
            "this Idempotency-Key was used with another body;"
            " send the first body again or take a new key"
        )


class UnknownActError(DecisionStoreError):
    code = "unknown_act"

    def __init__(self, act_id: str) -> None:
        super().__init__(f"no act {act_id} was planned; `forbear act list` shows them")


class UnknownAlertError(DecisionStoreError):
    code = "unknown_alert"

    def __init__(self, alert_id: str) -> None:
        super().__init__(
            f"no alert {alert_id} was read; `forbear act alerts` reads and shows them"
        )


class RequestStateError(DecisionStoreError):
    """An act that opened no service request.

    Args:
        is_what: its kind and state.
    """

    code = "request_state"

    def __init__(self, act_id: str, is_what: str) -> None:
        super().__init__(
            f"act {act_id} is {is_what} and opened no service request; `forbear act"
            " requests` shows those that did"
        )


class UnknownRunError(DecisionStoreError):
    code = "unknown_run"

    def __init__(self, run_id: str, customer_id: str | None = None) -> None:
        of_whom = "" if customer_id is None else f" about customer {customer_id}"
        super().__init__(
            f"no run {run_id}{of_whom} was planned; `forbear act list` shows them"
        )


class ActIsOverError(DecisionStoreError):
    """It was done, withdrawn or given up, or was never given up."""

    code = "act_is_over"

    def __init__(self, act_id: str, state: str) -> None:
        super().__init__(
            f"act {act_id} is {state}: people agree to what is planned or asked, and"
            " only what was given up (failed) is tried again by hand"
        )


class NoReleaserError(DecisionStoreError):
    """Automation comes back only by a person who says who and why."""

    code = "no_releaser"

    def __init__(self) -> None:
        super().__init__("an alarm is released by a person: say who (--by) and why")


class NothingToReleaseError(DecisionStoreError):
    code = "nothing_to_release"

    def __init__(self, alarm_id: str | None) -> None:
        which = "no alarm" if alarm_id is None else f"no alarm {alarm_id}"
        super().__init__(f"{which} stands; `forbear monitor alarms` lists them")


class UnknownLetterError(DecisionStoreError):
    code = "unknown_letter"

    def __init__(self, letter_id: str) -> None:
        super().__init__(
            f"no letter {letter_id} was planned; `forbear notify list` shows them"
        )


class LetterIsOverError(DecisionStoreError):
    """It was not given up, so nothing is to be tried again."""

    code = "letter_is_over"

    def __init__(self, letter_id: str, state: str) -> None:
        super().__init__(
            f"letter {letter_id} is {state}: only what was given up (failed) is tried"
            " again by hand"
        )


class UnknownReplyError(DecisionStoreError):
    code = "unknown_reply"

    def __init__(self, reply_id: str) -> None:
        super().__init__(
            f"no reply {reply_id} was received; `forbear appeals list` shows them"
        )


class AppealIsOverError(DecisionStoreError):
    """There is nothing to decide: it is no appeal, or it was decided."""

    code = "appeal_is_over"

    def __init__(self, reply_id: str) -> None:
        super().__init__(f"{reply_id} is no appeal, or was decided before")


class UnknownMessageError(DecisionStoreError):
    """No message of this id was delivered or given up."""

    code = "unknown_message"

    def __init__(self, message_id: str) -> None:
        super().__init__(
            f"no message {message_id!r} was delivered or given up; what still waits"
            " is delivered anyway (`forbear webhooks list`)"
        )


class PolicyMovedError(DecisionStoreError):
    """A policy is not published over one that its author did not see."""

    code = "policy_moved"

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"{reference} was published since; try the change again on that one"
        )


class PolicyUnreadableError(DecisionStoreError):
    """A command that names no policy goes by the published one, and by no guess."""

    def __init__(self, error: DecisionStoreError) -> None:
        self.code = error.code
        why = error.cause if isinstance(error, StoreUnavailableError) else error
        super().__init__(
            f"which policy is published cannot be read from the store ({why});"
            " mend that, or name a policy file (`--policy FILE`, or FILE)"
        )


class KeyStoreError(Exception):
    """Base of what a store of keys refuses."""

    code = "key_store_error"


class UnknownKeyError(KeyStoreError):
    code = "unknown_key"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"no active key {key_id!r}; see `forbear keys list`")


class RotationRunningError(KeyStoreError):
    """The secret before the last rotation is good still, and would end."""

    code = "rotation_running"

    def __init__(self, key_id: str, until: str) -> None:
        super().__init__(
            f"key {key_id!r} was rotated before, and the secret of then is good until"
            f" {until}: put the new one in place first; lost, or known to others, `keys"
            " rotate --hours 0` ends both secrets at once and gives another"
        )


class BadKeyNameError(KeyStoreError):
    code = "bad_key_name"

    def __init__(self) -> None:
        super().__init__("a key needs a name of 1 to 100 characters, for the audit")


class UnknownRoleError(KeyStoreError):
    code = "unknown_role"

    def __init__(self, role: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown role {role!r}; one of {', '.join(known)}")


class UnknownScopeError(KeyStoreError):
    code = "unknown_scope"

    def __init__(self, scope: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown scope {scope!r}; one of {', '.join(known)}")
