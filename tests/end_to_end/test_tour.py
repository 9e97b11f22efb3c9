"""The whole way of `forbear tour`, with real processes and the desk's forms."""

from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from cli.tour import walk
from cli.tour_customers import LATE, OBJECTING, SUSPECT
from cli.tour_stage import Stage, opened_stage
from serving.settings import serving_settings
from store.opening import (
    open_acts,
    open_letters,
    open_monitoring,
    open_replies,
    open_requests,
    upgrade,
)
from tests.store.postgres_server import postgres_urls

pytestmark = pytest.mark.slow
ACTS = [
    (LATE, "suspend", "done"),
    (LATE, "restore", "done"),
    (SUSPECT, "suspend", "done"),
    (SUSPECT, "open_request", "done"),
    (SUSPECT, "restore", "done"),
]


def test_from_events_to_an_appeal_that_is_upheld(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened_stage(tmp_path, 0) as stage:
        walk(stage)
        require_done(stage)
    told = capsys.readouterr().out
    assert "fb_" not in told
    assert stage.environment["FORBEAR_LINK_KEY"] not in told
    assert LATE not in (tmp_path / "service.log").read_text()


@pytest.mark.long
def test_the_same_way_on_postgresql(tmp_path: Path) -> None:
    with postgres_urls() as make_url:
        url = make_url()
        upgrade(tmp_path / "state", url)
        with opened_stage(tmp_path, 0, database_url=url) as stage:
            walk(stage)
            require_done(stage)
    assert not (tmp_path / "state" / "decisions.sqlite").exists()


def require_done(stage: Stage) -> None:
    """What the provider, the store and the letters say afterwards."""
    off_and_on = ["suspended", "active"]
    for customer_id in (LATE, SUSPECT):
        named = f"sub-{customer_id}"
        assert [
            state for sub, state in stage.fake.changes if sub == named
        ] == off_and_on
    assert {reason for _, reason in stage.fake.more.resolved} == {"legitimate"}
    place = serving_settings(stage.environment).store
    with closing(open_acts(*place)) as acts:
        listed = [a for a in acts.listed(100) if a.customer_id in (LATE, SUSPECT)]
        done = [(a.customer_id, a.kind, a.state) for a in reversed(listed)]
        # names count in whatever case
        by = {a.kind: acts.approved_by(a.act_id) for a in listed}
    assert [one for one in done if one[2] == "done"] == ACTS
    assert by["suspend"] == ["Ben Osei"]
    with closing(open_requests(*place)) as requests:
        [request] = requests.listed(100)
    assert (request.state, request.result) == ("answered", "fraud_cleared")
    [mail] = (serving_settings(stage.environment).home / "requests").iterdir()
    attached = message_from_bytes(mail.read_bytes(), policy=policy.default)
    names = {part.get_filename() for part in attached.iter_attachments()}
    assert names == {"evidence.pdf", "manifest.json"}
    with closing(open_replies(*place)) as replies:
        [reply] = replies.listed(100)
    assert (reply.customer_id, reply.result) == (OBJECTING, "upheld")
    with closing(open_letters(*place)) as letters:
        sent = [one for one in letters.listed(100) if one.customer_id == OBJECTING]
    assert [(one.kind, one.state) for one in reversed(sent)] == [
        ("notice", "sent"),
        ("answer", "sent"),
    ]
    with closing(open_monitoring(*place)) as monitoring:
        assert monitoring.standing() == []
        released = monitoring.alarms(100)
    assert {one.released_by for one in released} == {"Ada Lind"}
