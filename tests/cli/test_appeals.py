"""`forbear appeals`: what is listed, and what a decision must say."""

import asyncio
import shlex
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from advice.assembly import DEFAULT_POLICY
from decisions import default_policy
from store.opening import (
    open_acts,
    open_decision_store,
    open_key_store,
    open_letters,
    open_replies,
)
from tests.cli.conftest import Run
from tests.execution.conftest import NOW, PROVIDER, an_act
from tests.execution.test_plan import an_answer, record
from tests.store.memory_store import a_decision
from tests.store.test_letters import a_letter, a_reply


@pytest.fixture
def appealed(home: Path) -> Path:
    open_key_store(home).close()
    answer = an_answer()
    record(home, ("acme", answer), recorded_at=time.time_ns() // 1_000)
    letters = open_letters(home)
    letters.plan([a_letter()])
    letters.close()
    replies = open_replies(home)
    replies.add(a_reply(letter_id=a_letter().letter_id, is_counted=True))
    promise = a_reply(reply_id="r2", kind="promise", letter_id=a_letter().letter_id)
    replies.add(promise)
    replies.close()
    store = open_decision_store(home)
    policy = DEFAULT_POLICY.read_text(encoding="utf-8")
    asyncio.run(store.record(a_decision(9), {a_letter().policy_hash: policy}))
    store.close()
    return home


@pytest.mark.usefixtures("appealed")
def test_what_a_customer_wrote_is_shown(forbear: Run) -> None:
    shown = forbear("appeals", "show", "r1")
    assert shown.code == 0, shown.err
    assert shown.out.endswith("Je ne suis pas d'accord.\n")
    assert "[unknown_reply]" in forbear("appeals", "show", "r9").err


@pytest.mark.usefixtures("appealed")
@pytest.mark.parametrize(
    "words",
    [
        ["--result", "perhaps", "--because", "x", "--by", "Ada"],
        ["--result", "denied", "--because", " ", "--by", "Ada"],
        ["--result", "upheld", "--because", "x", "--by", "Ada"],
        [
            "--result",
            "denied",
            "--because",
            "x",
            "--by",
            "Ada",
            "--until",
            "2999-01-01",
        ],
        [
            "--result",
            "upheld",
            "--because",
            "x",
            "--by",
            "Ada",
            "--until",
            "2020-01-01",
        ],
        ["--result", "upheld", "--because", "x", "--by", "A", "--until", "one day"],
        ["--result", "denied", "--because", "x", "--by", "Ada"],  # no FORBEAR_KEY
    ],
)
def test_a_decision_that_says_too_little_is_none(
    forbear: Run, home: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORBEAR_KEY", raising=False)
    assert forbear("appeals", "decide", "r1", *words).code == 2
    replies = open_replies(home)
    assert replies.find("r1").result is None
    replies.close()


def test_a_decision_is_kept_where_the_service_cannot_be_told(
    forbear: Run, appealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORBEAR_KEY", "fb_none")
    monkeypatch.setenv("FORBEAR_SERVICE_URL", "http://127.0.0.1:9")
    words = ["--result", "denied", "--because", "Tout est juste.", "--by", "Ada"]
    ran = forbear("appeals", "decide", "r1", *words)
    assert "[service_unusable]" in ran.err
    assert ran.out.startswith("r1 is denied; the answer is letter l")
    assert "[appeal_is_over]" in forbear("appeals", "decide", "r1", *words).err
    letters = open_letters(appealed)
    assert [one.kind for one in letters.of_customer("acme")] == ["notice", "answer"]
    letters.close()


def test_who_was_right_is_listed_until_all_that_was_taken_is_to_come_back(
    forbear: Run, appealed: Path
) -> None:
    acts = open_acts(appealed)
    acts.plan([an_act("acme & sons")])
    [claimed] = acts.claim(PROVIDER, NOW, NOW + 10, 1)
    acts.settle(claimed, "done", NOW)
    acts.close()
    words = "forbear act undo run-1 --customer 'acme & sons' --by NAME"
    assert words not in forbear("appeals", "list").out
    replies = open_replies(appealed)
    upheld = a_reply(reply_id="r3", customer_id="acme & sons", result="upheld")
    letter_id = a_letter().letter_id
    replies.add(replace(upheld, letter_id=letter_id, decided_at=NOW + 1))
    replies.close()
    assert words in forbear("appeals", "list").out
    undone = forbear(*shlex.split(words.replace("NAME", "Ada"))[1:])
    assert (undone.code, "1 new act" in undone.out) == (0, True)
    assert words not in forbear("appeals", "list").out


def test_the_last_day_ends_where_the_policy_ends_it(
    forbear: Run, appealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORBEAR_KEY", "fb_none")
    monkeypatch.setenv("FORBEAR_SERVICE_URL", "http://127.0.0.1:9")
    words = ["--result", "upheld", "--because", "Oui.", "--by", "Ada"]
    ran = forbear("appeals", "decide", "r1", *words, "--until", "2100-07-31")
    assert "[service_unusable]" in ran.err
    replies = open_replies(appealed)
    until = datetime.fromisoformat(str(replies.find("r1").instead_until))
    replies.close()
    local = until.astimezone(default_policy().latest.zone)
    assert str(local).startswith("2100-07-31 23:59:59.999999")
