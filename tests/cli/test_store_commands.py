"""`forbear db`, `forbear audit` and `forbear erase`."""

import asyncio
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from advice.assembly import DEFAULT_POLICY
from decisions import default_policy
from serving.records import TEST
from store.events import ArrivedRow, EventBatch
from store.opening import (
    open_decision_store,
    open_event_reader,
    open_event_store,
    open_key_store,
)
from tests.cli.conftest import Run
from tests.store.memory_store import a_decision

POLICY = default_policy()
LATER = 4_000_000_000_000_000  # the year 2096, microseconds


@pytest.fixture
def recorded(home: Path) -> Path:
    """Six decisions: two are due, two must be kept, two are kept for no time."""
    store = open_decision_store(home)
    for n, (who, until) in enumerate(
        [("old", 1), ("old", 2), ("kept", LATER), ("kept", 1), ("free", None)] * 1, 1
    ):
        named = {"policy_hash": POLICY.hash}
        decision = a_decision(n, customer_id=who, retain_until=until, **named)
        text = DEFAULT_POLICY.read_text(encoding="utf-8")
        asyncio.run(store.record(decision, {POLICY.hash: text}))
    store.close()
    return home


@pytest.fixture
def audit_key(tmp_path: Path) -> Path:
    key = tmp_path / "audit.pem"
    make = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(key)]
    subprocess.run(make, check=True, capture_output=True)
    public = ["openssl", "pkey", "-in", str(key), "-pubout"]
    subprocess.run([*public, "-out", str(key.with_suffix(".pub"))], check=True)
    return key


def test_a_head_kept_outside_shows_a_cut_tail(
    forbear: Run, recorded: Path, audit_key: Path, tmp_path: Path
) -> None:
    ran = forbear("audit", "head", "--key", audit_key)
    head = tmp_path / "head.json"
    head.write_text(ran.out)
    checked = ["audit", "verify", "--head", head, "--public-key"]
    ran = forbear(*checked, audit_key.with_suffix(".pub"))
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "nothing was changed")
    with sqlite3.connect(recorded / "decisions.sqlite") as db:
        db.execute("DELETE FROM chain WHERE position = 5")
        db.execute("DELETE FROM decisions WHERE decision_id = 'd5'")
    db.close()
    ran = forbear(*checked, audit_key.with_suffix(".pub"))
    assert ran.code == 1
    assert "tail_cut" in ran.out
    assert forbear("audit", "verify").code == 0


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(
            "UPDATE documents SET content = replace(content, 'EUR: 25,', 'EUR: 26,')",
            "document_altered",
            id="a number of the policy was edited",
        ),
        pytest.param(
            "UPDATE documents SET content = 'version: ['",
            "document_altered",
            id="it is no policy any more",
        ),
        pytest.param(
            "UPDATE documents SET content = content || '# seen'",
            None,
            id="a comment says nothing else",
        ),
        pytest.param("DELETE FROM documents", "document_missing", id="it is gone"),
    ],
)
def test_a_policy_that_says_something_else_than_it_did_is_found(
    forbear: Run, recorded: Path, change: str, found: str | None
) -> None:
    with closing(sqlite3.connect(recorded / "decisions.sqlite")) as db, db:
        assert db.execute(change).rowcount == 1
    ran = forbear("audit", "verify")
    assert ran.code == (0 if found is None else 1)
    assert (found or "nothing was changed") in ran.out
    if found is not None:
        assert "1 findings" in ran.out
        assert "d1" in ran.out  # the first decision that rests on it


def test_a_head_that_was_changed_is_refused(
    forbear: Run, recorded: Path, audit_key: Path, tmp_path: Path
) -> None:
    head = tmp_path / "head.json"
    said = forbear("audit", "head", "--key", audit_key).out
    head.write_text(said.replace('"position": 5', '"position": 4'))
    public = audit_key.with_suffix(".pub")
    ran = forbear("audit", "verify", "--head", head, "--public-key", public)
    assert (ran.code, ran.err.split()[-1]) == (2, "[bad_head]")
    assert "another key signed it, or it was edited" in ran.err
    head.write_text("{}")
    ran = forbear("audit", "verify", "--head", head)
    assert (ran.code, ran.err.split()[-1]) == (2, "[bad_head]")
    ran = forbear("audit", "head", "--key", public)
    assert (ran.code, ran.err.split()[-1]) == (2, "[bad_audit_key]")


def test_expired_records_are_counted_first_and_removed_when_told(
    forbear: Run, recorded: Path
) -> None:
    ran = forbear("db", "expire")
    assert ran.out.startswith("due: 3 records of 2 customers")
    assert "nothing was removed" in ran.out
    ran = forbear("db", "expire", "--delete")
    assert ran.out.startswith(
        "3 records removed\nstored events: `retention.event_days`"
    )
    assert forbear("db", "expire").out.startswith("due: 0 records")
    ran = forbear("audit", "verify")
    assert (ran.code, ran.out.splitlines()[0]) == (
        0,
        "2 decisions checked, 3 erased or expired",
    )


DAY = 86_400_000_000  # microseconds


def test_events_of_customers_silent_for_long_expire_after_their_decisions(
    forbear: Run, recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.yaml"
    text = DEFAULT_POLICY.read_text()
    stated = "  event_days: 500\n  evidence_days:"
    assert text.count("  evidence_days:") == 1
    # what is in force from a day to come on says nothing yet
    change = "{from: 2090-01-01, set: {retention: {event_days: 401}}, because: a test}"
    amended = f"{text.replace('  evidence_days:', stated)}\namendments: [{change}]\n"
    policy.write_text(amended)
    monkeypatch.setenv("FORBEAR_POLICY", str(policy))
    assert "stored rows" not in forbear("db", "expire").out
    assert not (recorded / "events.sqlite").exists()
    now = time.time_ns() // 1_000
    keep(recorded, now - 501 * DAY, "free", "silent", "back")
    keep(recorded, now - 499 * DAY, "back", "new")
    ran = forbear("db", "expire")
    assert "due: 1 stored row of 1 customer" in ran.out
    kept = "kept, as decisions about them are: 1 customer of whom nothing new came for"
    assert f"{kept} 500 days" in ran.out
    ran = forbear("db", "expire", "--delete")
    assert "removed: 1 stored row of 1 customer" in ran.out
    with closing(open_event_reader(recorded)) as events:
        assert events.customer_ids("", 9) == ["back", "free", "new"]
        assert events.n_rows() == 4


def keep(home: Path, arrived_at: int, *customers: str) -> None:
    """A row of each, told apart by when it arrived."""
    digest = arrived_at.to_bytes(16)
    rows = [ArrivedRow(one, "usage", digest, "{}") for one in customers]
    batch = EventBatch(arrived_at, "k", None, b"", "{}", rows=rows)
    events = open_event_store(home)
    asyncio.run(events.record(batch))
    events.close()


def test_an_erasure_looks_at_what_came_after_the_last_decision(
    forbear: Run, recorded: Path
) -> None:
    """A dispute that was opened since: its outcome may need the record."""
    at = "2026-05-01T06:00:00Z"
    invoice = f'{{"event_at":"{at}","invoice_id":"1","due_at":"{at}","amount":5}}'
    dispute = f'{{"event_at":"{at}","dispute_id":"d","kind":"billing",'
    dispute += '"status":"opened","invoice_id":"1"}'
    rows = [
        ArrivedRow("free", "invoices", b"1" * 16, invoice),
        ArrivedRow("free", "disputes", b"2" * 16, dispute),
    ]
    events = open_event_store(recorded)
    asyncio.run(events.record(EventBatch(1, "k", None, b"", "{}", rows=rows)))
    events.close()
    ran = forbear("erase", "free")
    assert (ran.code, ran.err.split()[-1]) == (2, "[erasure_refused]")
    assert "dispute" in ran.err


def test_an_erasure_says_what_stays_and_is_refused_while_a_record_is_needed(
    forbear: Run, recorded: Path
) -> None:
    ran = forbear("erase", "free")
    assert ran.code == 0
    assert ran.out.startswith("erased: 1 decision and 0 rows of events\nwhat stays:")
    ran = forbear("erase", "free")
    kept = "no decision and no event of 'free' was kept"
    assert (ran.code, kept in ran.out) == (1, True)
    ran = forbear("erase", "kept")
    assert (ran.code, ran.err.split()[-1]) == (2, "[erasure_refused]")
    assert "keeps records until 2096" in ran.err
    assert forbear("audit", "verify").code == 0


def test_an_erasure_removes_what_test_keys_decided(
    forbear: Run, recorded: Path
) -> None:
    apart = open_decision_store(recorded / TEST)
    asyncio.run(apart.record(a_decision(1, customer_id="free"), {}))
    assert forbear("erase", "free").out.startswith("erased: 2 decisions and 0 rows")
    assert apart.listed("free", None, 9) == []
    apart.close()


def test_a_store_is_backed_up_restored_and_exported(
    forbear: Run, recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, out = tmp_path / "backup.sqlite", tmp_path / "out.parquet"
    said = forbear("db", "backup", file).out.splitlines()
    assert said[0] == f"backup in {file}: 5 decisions"
    assert said[-1] == "checked: nothing was changed"
    monkeypatch.setenv("FORBEAR_HOME", str(tmp_path / "again"))
    ran = forbear("db", "restore", file)
    assert (ran.code, ran.out.splitlines()[1]) == (0, said[1])
    assert forbear("decisions", "export", out).out == f"5 decisions in {out}\n"
    ran = forbear("decisions", "export", out, "--since", "2000-01-01")
    assert ran.out == f"0 decisions in {out}\n"
    ran = forbear("db", "restore", file)
    assert (ran.code, ran.err.split()[-1]) == (2, "[store_not_empty]")


def test_decisions_are_exported_to_no_file_of_another_form(
    forbear: Run, recorded: Path, tmp_path: Path
) -> None:
    assert recorded.is_dir()
    ran = forbear("decisions", "export", tmp_path / "june.csv")
    assert (ran.code, "must end in .parquet" in ran.err) == (2, True)
    assert not (tmp_path / "june.csv").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("audit", "verify"),
        ("audit", "head", "--key", "KEY"),
        ("db", "backup", "FILE"),
        ("db", "expire", "--delete"),
        ("decisions", "export", "FILE"),
        ("erase", "acme"),
    ],
    ids=" ".join,
)
def test_another_state_folder_does_not_look_like_one_where_all_is_well(
    forbear: Run,
    audit_key: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    other, file = tmp_path / "other", tmp_path / "file.parquet"
    monkeypatch.setenv("FORBEAR_HOME", str(other))
    meant = {"KEY": audit_key, "FILE": file}
    ran = forbear(*(meant.get(word, word) for word in command))
    assert (ran.code, ran.err.split()[-1]) == (2, "[no_decisions]")
    assert not other.exists()
    assert not file.exists()


@pytest.mark.parametrize("command", ["keys list", "serve --port 0", "db upgrade"])
def test_no_new_store_is_made_beside_events_whose_decisions_are_gone(
    forbear: Run, home: Path, command: str
) -> None:
    open_key_store(home).close()
    open_event_store(home).close()
    (home / "decisions.sqlite").unlink()
    ran = forbear(*command.split())
    assert (ran.code, ran.err.split()[-1]) == (2, "[decisions_gone]")
    assert not (home / "decisions.sqlite").exists()


def test_a_test_key_has_no_role(forbear: Run) -> None:
    """It could not open the desk, which is what a role is for."""
    about = ["keys", "create", "--name", "a", "--role", "auditor"]
    refused = forbear(*about, "--test")
    assert refused.code == 2
    assert "opens no desk" in refused.err
    assert forbear(*about).code == 0
