"""`forbear access-request`."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import say
from cli.policy_in_use import policy_in_use
from features.counted import counted

if TYPE_CHECKING:
    from execution.access_request import AccessRequest
    from serving.settings import ServingSettings
    from store.decisions import Decision, DecisionReader

_EVERY_ROW = 2**31 - 1
_STEP = 500  # decisions read at a time


def register(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command("access-request")(access_request)


def access_request(
    customer_id: Annotated[str, typer.Argument(help="as in your events")],
    out: Annotated[Path, typer.Option(help="folder to write, which is not there yet")],
    lang: Annotated[str, typer.Option(help="of the page: en, de, fr or pt-BR")] = "en",
) -> None:
    """Write what is known and was done about a customer.

    Everything known, decided and done, as a page and as data, into a folder.

    For a customer who asks what you hold about them, or contests a decision (GDPR,
    articles 15 and 22): a page in their language, the data as JSON, and the hash of
    each file. Columns that name other customers or your staff are left out; read the
    rest before you hand it out. That it was asked for is written down.

    Example: forbear access-request acme --lang fr --out acme
    """
    from datetime import UTC, datetime

    from decisions.policy_file.load import load_policy
    from execution.access_page import access_html
    from execution.access_request import write_access_request
    from serving.settings import serving_settings
    from store.access_log import customer_hash
    from store.opening import open_access_log

    settings = serving_settings()
    request = _gathered(settings, customer_id)
    policy, now = load_policy(policy_in_use(None)), datetime.now(UTC)
    terms = policy.in_force(now) or policy.latest
    today = now.astimezone(terms.zone).date()
    page = access_html(request, terms.document, terms.zone, lang, today)
    with closing(open_access_log(*settings.store)) as log:
        log.add(None, "forbear access-request", customer_hash(customer_id))
    names = write_access_request(request, page, out)
    say(f"{counted(len(names), 'file')} in {out}: {', '.join(names)}")
    say("read them before you hand them out")


def _gathered(settings: "ServingSettings", customer_id: str) -> "AccessRequest":
    """All that the store holds about a customer."""
    from execution.access_request import AccessRequest
    from store.opening import (
        open_acts,
        open_decision_reader,
        open_letters,
        open_replies,
    )

    place = settings.store
    with closing(open_decision_reader(*place)) as reader:
        decisions = _decisions(reader, customer_id)
    with closing(open_acts(*place)) as acts:
        done = [one for each in decisions for one in acts.of_decision(each.decision_id)]
    with closing(open_letters(*place)) as letters:
        sent = letters.of_customer(customer_id)
    with closing(open_replies(*place)) as replies:
        received = replies.of_customer(customer_id)
    return AccessRequest(
        customer_id=customer_id,
        rows=_rows(settings, customer_id),
        decisions=decisions,
        acts=done,
        letters=sent,
        replies=received,
    )


def _decisions(reader: "DecisionReader", customer_id: str) -> "list[Decision]":
    """All of a customer, the first one first."""
    ids: list[str] = []
    while listed := reader.listed(customer_id, ids[-1] if ids else None, _STEP):
        ids += [one.decision_id for one in listed]
    return [reader.find(decision_id) for decision_id in reversed(ids)]


def _rows(
    settings: "ServingSettings", customer_id: str
) -> dict[str, list[dict[str, Any]]]:
    """The stored rows of a customer by table; none where no events are kept."""
    import json

    from store.opening import has_events, open_event_reader

    if not has_events(*settings.store):
        return {}
    by_table: dict[str, list[dict[str, Any]]] = {}
    with closing(open_event_reader(*settings.store)) as reader:
        last = reader.last_sequence()
        for row in reader.rows(customer_id, last, _EVERY_ROW):
            by_table.setdefault(row.table, []).append(json.loads(row.content))
    return by_table
