"""`forbear notify`: what is planned, shown and refused; a dry run sends nothing."""

import time
from pathlib import Path

import pytest

from store.opening import open_key_store, open_letters
from tests.cli.conftest import Run
from tests.execution.test_plan import an_answer, record
from tests.store.test_letters import a_letter

DUE = {
    "notice": "reminder_1",
    "state": "reminder_1",
    "channel": "email",
    "languages": ["en"],
    "send_by": "2099-01-01T00:00:00Z",
    "invoices": ["i-1"],
    "is_final_warning": False,
    "fee": 0.0,
}


@pytest.fixture
def planned(home: Path) -> Path:
    open_key_store(home).close()
    letters = open_letters(home)
    letters.plan([a_letter()])
    letters.close()
    return home


def test_what_decisions_ask_for_is_planned_once(forbear: Run, home: Path) -> None:
    answer = an_answer(follow_up={"notices_due": [DUE]})
    answer["question"] |= {"policy": "p@1"}
    record(home, ("acme", answer), recorded_at=time.time_ns() // 1_000)
    ran = forbear("notify", "plan")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("1 decision, 1 new letter\n")
    assert forbear("notify", "plan").out.startswith("1 decision, 0 new letters")
    assert "reminder_1" in forbear("notify", "list", "--state", "planned").out


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["retry", "l-none"], "unknown_letter"),
        (["show", "l-none"], "unknown_letter"),
        (["retry", a_letter().letter_id], "letter_is_over"),
        (["mark", "l-none", "--as", "sent", "--by", "Ada"], "unknown_letter"),
        (["run"], "missing_setting"),
        (["run", "--by", "webhook"], "missing_setting"),
        (["run", "--by", "folder", "--out", "letters"], "missing_setting"),
    ],
)
def test_what_cannot_be_is_one_line(forbear: Run, words: list[str], code: str) -> None:
    ran = forbear("notify", *words)
    assert ran.code == 2
    assert ran.err.endswith(f"[{code}]\n")


@pytest.mark.usefixtures("planned")
def test_a_service_that_is_not_there_sends_nothing(
    forbear: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORBEAR_SMTP_FROM", "billing@reseller.example")
    monkeypatch.setenv("FORBEAR_KEY", "fb_none")
    monkeypatch.setenv("FORBEAR_SERVICE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("FORBEAR_LINK_KEY", "too short")
    where = ["--by", "folder", "--out", str(tmp_path / "letters")]
    assert "[bad_link_key]" in forbear("notify", "run", "--really", *where).err
    monkeypatch.delenv("FORBEAR_LINK_KEY")
    dry = forbear("notify", "run", *where)
    assert (dry.code, "service_unusable" in dry.out) == (0, True), dry.err
    file = tmp_path / "addresses.csv"
    file.write_text("customer_id,email\nacme,a@b.example\nbrix,none\n")
    named = forbear("notify", "run", "--addresses", file, *where)
    assert (named.code, "service_unusable" in named.out) == (3, True)
    assert named.err == f"{file}: line 3: that is no e-mail address\n"
    assert "[service_unusable]" in forbear("notify", "run", "--really", *where).err
    assert not (tmp_path / "letters").exists()


def test_reports_of_mail_servers_are_counted(
    forbear: Run, planned: Path, tmp_path: Path
) -> None:
    from tests.execution.letters.test_parts import a_report

    letter_id = a_letter().letter_id
    letters = open_letters(planned)
    [claimed] = letters.claim(("email",), 2**60, 2**60 + 1, 1)
    letters.mark_sending(claimed, '{"text": "Dear customer"}', "d", "{}")
    letters.settle(claimed, "sent", 1_782_000_000_000_000)
    letters.close()
    mails = tmp_path / "mails"
    mails.mkdir()
    (mails / "1").write_bytes(a_report("failed", letter_id))
    (mails / "2").write_bytes(a_report("failed", "l" + "0" * 31))
    assert forbear("notify", "bounces", mails).out.splitlines() == [
        f"{letter_id}: bounced 5.1.1",
        "1 reports are new, 1 name no letter of ours",
    ]
    assert forbear("notify", "bounces", mails).out.startswith("0 reports are new")
    assert forbear("notify", "show", letter_id).out == "Dear customer\n"
    marked = forbear(
        "notify", "mark", letter_id, "--as", "delivered", "--by", "Ada Lovelace"
    )
    assert marked.out == f"{letter_id}: delivered\n"


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize(
    ("settings", "words", "code"),
    [
        ({"SMTP_FROM": "Büro <büro@us.example>"}, [], "bad_mail_setting"),
        (
            {"SMTP_FROM": "büro@us.example"},
            ["--by", "folder", "--out", "letters"],
            "bad_mail_setting",
        ),
        (
            {"LETTER_WEBHOOK_SECRET": "whsec_***"},
            ["--by", "webhook"],
            "missing_setting",
        ),
        ({"LETTER_WEBHOOK_SECRET": "whsec_QQ"}, ["--by", "webhook"], "missing_setting"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(
    forbear: Run,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    words: list[str],
    code: str,
) -> None:
    monkeypatch.setenv("FORBEAR_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("FORBEAR_LETTER_WEBHOOK_URL", "https://mail.example/letters")
    for name, value in settings.items():
        monkeypatch.setenv(f"FORBEAR_{name}", value)
    ran = forbear("notify", "run", *words)
    assert (ran.code, ran.err.endswith(f"[{code}]\n")) == (2, True), ran.err
