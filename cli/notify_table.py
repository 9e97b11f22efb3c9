"""Letters in a table, and what would be done with them."""

from typing import TYPE_CHECKING

from cli.clock import now_us
from cli.output import say, show_table
from features.counted import counted

if TYPE_CHECKING:
    from execution.letters.sending import Sending
    from store.letters import Letters, PlannedLetter

SHOWN = 100


def preview_letters(letters: "Letters", sending: "Sending") -> int:
    """Show what would be done; how many letters are due."""
    from execution.errors import ExecutionError

    now = now_us()
    rows = []
    for letter in letters.due(sending.channels, now, SHOWN):
        about = letter.letter_id, letter.customer_id, letter.notice or letter.kind
        try:
            step = sending.preview(letter)
        except ExecutionError as error:  # of this one
            rows.append((*about, f"try again: {error.code}", ""))
            continue
        would = step.what if step.why is None else f"{step.what}: {step.why}"
        subject = "" if step.letter is None else step.letter.subject
        rows.append((*about, would, subject))
    say(f"due: {counted(len(rows), 'letter')}; nothing was sent")
    if rows:
        show_table(
            "", ("letter", "customer", "what", "would", "subject"), rows, is_copied=True
        )
    return len(rows)


def show_letters(listed: "list[PlannedLetter]") -> None:
    """A line for each; nothing where there is none."""
    from features.moments import to_datetime

    rows = [
        (
            one.letter_id,
            to_datetime(one.planned_at).isoformat(timespec="seconds"),
            one.customer_id,
            one.notice or one.kind,
            one.channel,
            one.state,
            one.why or "",
        )
        for one in listed
    ]
    if rows:
        head = "letter", "planned", "customer", "what", "channel", "state", "why"
        show_table("", head, rows, is_copied=True)
