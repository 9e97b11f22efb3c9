"""The list of the day: a row per customer, in the order in which people work.

The numbers are those of `advice.portfolio_run`; here they become the few columns that
somebody reads in a spreadsheet: who, what to do, why, what is withheld and until when,
and the money.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from advice.lists.figures import as_money, as_probability
from advice.lists.what_to_add import NO_DECISION
from decisions.actions import ACTIONS
from features.counted import counted

Kind = Literal["text", "money", "share", "count", "moment"]
Row = tuple[Any, ...]

_REASONS_SHOWN = 2
# in place of p(fraud), which is learnt from customers about whom it is not known
CONFIRMED = "confirmed"
MEANING = {
    "none": "nothing to do",
    "remind": "send a notice",
    "review": "a person looks",
    "service_request": "ask the provider to look, access stays",
    "suspend": "take access away until paid or cleared",
    "block": "end the contract",
}
# a rejected row of one of these makes what is owed unknown
_OF_MONEY = frozenset({"invoices", "payments", "disputes", "ageing"})
PERSON_BECAUSE = {
    "by_days": "no model and no cost, only days",
    "starter": "the model has seen no outcomes of yours",
    "unproven": "the model is not borne out by enough outcomes yet",
    "signs_without_model": "signs of fraud without a model of it",
    "confirmed_fraud": "confirmed fraud",
    "assumed_money": "the money at stake is assumed",
    "suspicion": "the model alone suspects fraud",
}

REVIEWED_FOR = {
    "confirmed_fraud": "fraud was confirmed",
    "linked_frauds": "shares a payment instrument or device with known frauds",
    "left_to_a_person": "signs of fraud, and not all is known",
    "first_invoice": "late, and never paid an invoice",
    "long_promise": "a promise goes beyond what the policy grants",
    "late_dispute": "a dispute is open for longer than the policy gives",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the list; `width` is in characters."""

    title: str
    kind: Kind
    width: int


COLUMNS = (
    Column("customer", "text", 18),
    Column("action", "text", 16),
    Column("who acts", "text", 14),
    Column("why", "text", 60),
    Column("notice to send", "text", 18),
    Column("send by", "moment", 17),
    Column("withheld", "text", 22),
    Column("why withheld", "text", 60),
    Column("permitted from", "moment", 17),
    Column("give access back by", "moment", 19),
    Column("overdue", "money", 13),
    Column("may be acted on", "money", 15),
    Column("days overdue", "count", 12),
    Column("open", "money", 13),
    Column("currency", "text", 9),
    Column("p(non-payment)", "share", 14),
    Column("p(fraud)", "share", 10),
    Column("money assumed", "text", 24),
    Column("incomplete", "text", 24),
    Column("as of", "moment", 17),
    Column("policy", "text", 22),
)


def has_work(row: Mapping[str, Any]) -> bool:
    """Whether somebody, or automation, has something to do about the customer now."""
    is_new = row["action_in_run"] not in (None, "none") and not row["in_force"]
    return is_new or bool(row["notices_due"]) or row["restore_by"] is not None


def order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """The place in the list: what was done comes last; no decision before no action."""
    action = row["action_in_run"]
    severity = 0.5 if action is None else ACTIONS.index(action)
    done = row["in_force"] or not severity
    return (
        not has_work(row),
        done,
        -severity,
        -(row["overdue"] or 0.0),
        -_gain(row, action),
        row["customer_id"],
    )


def _gain(row: Mapping[str, Any], action: str | None) -> float:
    """What the action saves against doing nothing; 0 where no cost is known."""
    nothing, chosen = (row.get(f"expected_cost_{a}") for a in ("none", action))
    return 0.0 if nothing is None or chosen is None else float(nothing - chosen)


def daily_row(row: Mapping[str, Any], zone: ZoneInfo) -> Row:
    """The cells of `COLUMNS`."""
    due = row["notices_due"]
    return (
        row["customer_id"],
        row["action_in_run"] or "no decision",
        _who(row),
        "; ".join(_why(row)),
        ", ".join(notice["notice"] for notice in due),
        _local(min((notice["send_by"] for notice in due), default=None), zone),
        ", ".join(_withheld_actions(row)),
        " ".join(_why_withheld(row)),
        _local(row["permitted_from"], zone),
        _local(row["restore_by"], zone),
        *_money(row),
        row["currency"],
        as_probability(row["p_nonpayment"]),
        CONFIRMED if row["is_fraud_confirmed"] else as_probability(row["p_fraud"]),
        ", ".join(row["assumed"]),
        _incomplete(row["rejected"]),
        _local(row["as_of"], zone),
        row["policy"],
    )


def _money(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What is owed: unknown, and so empty, where a row about it was rejected."""
    names = "overdue", "actionable", "days_overdue", "open"
    if not _OF_MONEY.isdisjoint(row["rejected"]):
        return (None,) * len(names)
    return tuple(as_money(row[name], row["currency"]) for name in names)


def _incomplete(rejected: Sequence[str]) -> str:
    return f"rejected rows: {', '.join(rejected)}" if rejected else ""


def _who(row: Mapping[str, Any]) -> str:
    if row["action_in_run"] in (None, "none"):
        return ""
    if row["in_force"]:
        return "done already"
    # a stop beyond the budget is looked at, whoever would have carried it out
    by_a_person = row["requires_person"] or row["is_beyond_budget"]
    return "a person" if by_a_person else "automation"


def _why(row: Mapping[str, Any]) -> Iterator[str]:
    """Why there is no decision and what to add, else the leading reasons."""
    code = row["no_decision"]
    if code is not None:
        help_text = f" To decide: {NO_DECISION[code]}." if code in NO_DECISION else ""
        yield f"{row['sentence'] or code}{help_text}"
        return
    if row["restore_by"] is not None:
        yield f"the cause is gone: access comes back, by {row['restored_by']}"
    if row["action_in_run"] == "none":
        return
    if row["person_because"]:
        because = (PERSON_BECAUSE[code] for code in row["person_because"])
        yield f"a person agrees first: {', '.join(because)}"
    if row["action_in_run"] == "review" and row["raised_by"] in REVIEWED_FOR:
        yield f"a person looks: {REVIEWED_FOR[row['raised_by']]}"
    texts = [reason["staff"] for reason in row["reasons"][:_REASONS_SHOWN]]
    late = counted(row["days_overdue"] or 0, "day") + " overdue"
    is_said = any(text.startswith(late) for text in texts)  # the days decided
    if row["days_overdue"] and _OF_MONEY.isdisjoint(row["rejected"]):
        yield from () if is_said else (late,)
        if row["nonpayment_days"]:
            yield (
                f"non-payment itself, which begins at {row['nonpayment_days']} days:"
                " its probability is of customers less late"
            )
        if row["days_contested"]:
            yield f"{counted(row['days_contested'], 'contested day')} not counted"
    yield from texts


def _withheld_actions(row: Mapping[str, Any]) -> list[str]:
    """What costs least or is permitted alone, and is not what the list says."""
    recommended = row["action_in_run"]
    if recommended is None or row["proposed_action"] is None:
        return []
    wanted = {row["proposed_action"], row["action"]}
    harsher = ACTIONS[ACTIONS.index(recommended) + 1 :]
    return [action for action in harsher if action in wanted]


def _why_withheld(row: Mapping[str, Any]) -> Iterator[str]:
    if row["is_beyond_budget"]:
        yield "Beyond the policy's budget of stops: a person looks first."
    elif row["action"] == "review" and row["action_in_run"] != "review":
        yield "The review queue of the day is full."
    yield from dict.fromkeys(reason["sentence"] for reason in row["withheld"])


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if moment is None else moment.astimezone(zone)
