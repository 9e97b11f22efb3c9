"""A published policy is what commands go by where they name none."""

import json
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from advice.assembly import DEFAULT_POLICY
from decisions.policy_file.load import load_policy, parse_policy
from store.opening import open_desk
from store.policy_versions import PolicyVersion, PolicyVersions
from tests.cli.conftest import Ran, Run

SHIPPED = DEFAULT_POLICY.read_text(encoding="utf-8")
PLAIN = DEFAULT_POLICY.with_name("plain-timeline.yaml").read_text(encoding="utf-8")
CHANGED = SHIPPED.replace("auto_expire_hours: 72", "auto_expire_hours: 48")
WHO = ("--author", "Ada", "--by", "Bo", "--because", "spring review")


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    file = tmp_path / "changed.yaml"
    file.write_text(CHANGED, encoding="utf-8")
    return file


def test_a_published_policy_goes_before_the_file_of_the_environment(
    forbear: Run, changed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.yaml"
    text = SHIPPED.replace("auto_expire_hours: 72", "auto_expire_hours: 24")
    own.write_text(text, encoding="utf-8")
    monkeypatch.setenv("FORBEAR_POLICY", str(own))
    assert forbear("policy", "show").out.rstrip() == text.rstrip()
    assert "nothing was published" in forbear("policy", "history").out
    ran = forbear("policy", "activate", changed, *WHO)
    assert (ran.code, parse_policy(CHANGED).hash in ran.out) == (0, True)
    assert forbear("policy", "show").out.rstrip() == CHANGED.rstrip()
    assert "48 hours" in forbear("policy", "publish").out
    assert "24 hours" in forbear("policy", "publish", own).out
    listed = forbear("policy", "history").out
    assert all(word in listed for word in ("Ada", "Bo", "spring review"))
    assert load_policy(own).hash[:12] not in listed


def test_a_policy_that_ships_goes_by_its_name_unless_a_file_has_it(
    forbear: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = " ".join(forbear("policy", "show", "--help").out.split())
    for file in DEFAULT_POLICY.parent.glob("*.yaml"):
        assert file.stem in said
        shown = forbear("policy", "show", file.stem).out
        assert shown.rstrip() == file.read_text("utf-8").rstrip()
    folder = Path("plain-timeline")  # such as what a command wrote its files into
    folder.mkdir()
    assert forbear("policy", "show", folder).code == 0
    folder.rmdir()
    folder.write_text(CHANGED, "utf-8")
    shown = forbear("policy", "show", "plain-timeline").out
    assert shown.rstrip() == CHANGED.rstrip()


def test_a_policy_is_tried_against_one_that_ships_by_its_name(
    forbear: Run, tmp_path: Path
) -> None:
    when = "--from", "2026-01-01", "--to", "2026-01-02", "--out", tmp_path / "out"
    tried = "--policy", "thresholds-only", "--against", "plain-timeline"
    ran = forbear("policy", "simulate", tmp_path / "nowhere", *tried, *when)
    assert "[portfolio_not_found]" in ran.err  # both policies were read by then


def test_a_policy_that_is_not_there_cannot_be_checked(
    forbear: Run, tmp_path: Path
) -> None:
    ran = forbear("policy", "check", tmp_path / "nope.yaml")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith("[file_problem]\n")


def test_a_policy_that_is_not_utf8_is_named(forbear: Run, tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"owner: Andr\xe9\n")
    ran = forbear("policy", "check", path)
    assert (ran.code, f"{path}: save it as UTF-8" in ran.err) == (2, True)
    assert ran.err.endswith("[policy_file]\n")


def test_an_action_worse_than_another_is_a_finding_of_the_check(
    forbear: Run, tmp_path: Path
) -> None:
    worse = SHIPPED.replace("stop: [1, 1]", "stop: [0.8, 0.9]")
    worse = worse.replace("stop_cb: 0.75", "stop_cb: 0.5")
    path = tmp_path / "worse.yaml"
    path.write_text(worse, "utf-8")
    ran = forbear("policy", "check", path, "--json")
    [found] = json.loads(ran.out)
    assert (ran.code, found["code"]) == (1, "dominated_action")
    assert found["where"] == "costs.actions.block"
    assert worse.splitlines()[found["line"] - 1] == "    block:"


def test_a_policy_from_a_pipe_is_read_once(forbear: Run) -> None:
    reads, writes = os.pipe()
    try:
        os.write(writes, PLAIN.encode())  # less than a pipe holds
        os.close(writes)
        ran = forbear("policy", "check", f"/dev/fd/{reads}")
    finally:
        os.close(reads)
    assert (ran.code, "no findings" in ran.out) == (0, True)


@pytest.mark.parametrize("by", ["Ada", " ada ", ""])
def test_nobody_agrees_to_a_policy_of_their_own(
    forbear: Run, changed: Path, by: str
) -> None:
    words = ("--author", "Ada", "--by", by, "--because", "mine")
    assert forbear("policy", "activate", changed, *words).code == 2
    assert "nothing was published" in forbear("policy", "history").out


def test_a_policy_with_errors_is_not_put_in_force(forbear: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(SHIPPED.replace("currency: EUR", "currency: euros"), "utf-8")
    ran = forbear("policy", "activate", wrong, *WHO)
    assert (ran.code, "nothing was changed" in ran.out) == (1, True)
    line = SHIPPED.splitlines().index("currency: EUR") + 1
    assert f"{wrong}: " in ran.out
    assert f"policy_file {line} currency" in " ".join(ran.out.split())
    assert "nothing was published" in forbear("policy", "history").out


def published_anew(forbear: Run, tmp_path: Path, text: str, *words: str) -> Ran:
    file = tmp_path / "another.yaml"
    file.write_text(text, encoding="utf-8")
    return forbear("policy", "activate", file, *WHO, *words)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (CHANGED, "policy_unchanged"),
        (CHANGED + "# another comment\n", "policy_unchanged"),
        (SHIPPED, "version_taken"),
        (
            SHIPPED.replace("effective_from: 2000-01-01", "effective_from: 2099-01-01"),
            "not_in_force",
        ),
    ],
)
def test_what_would_decide_nothing_new_is_not_published(
    forbear: Run, changed: Path, tmp_path: Path, text: str, code: str
) -> None:
    assert forbear("policy", "activate", changed, *WHO).code == 0
    ran = published_anew(forbear, tmp_path, text)
    assert (ran.code, code in ran.out) == (1, True)
    with closing(open_desk(tmp_path / "state")) as database:
        assert PolicyVersions(database).number() == 1


def test_a_policy_is_put_in_the_place_of_the_one_that_is_known(
    forbear: Run, changed: Path, tmp_path: Path
) -> None:
    assert forbear("policy", "activate", changed, *WHO).code == 0
    first = parse_policy(CHANGED).hash
    second = CHANGED.replace("version: ", "version: 7", 1)
    ran = published_anew(forbear, tmp_path, second, "--instead-of", "0" * 12)
    assert (ran.code, "policy_moved" in ran.err) == (2, True)
    ran = published_anew(forbear, tmp_path, second, "--instead-of", first[:12])
    assert ran.code == 0
    ran = published_anew(forbear, tmp_path, CHANGED)  # and back
    assert ran.code == 0


def test_a_policy_published_meanwhile_is_not_replaced_unseen(
    forbear: Run, changed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another process, while this one checks."""

    def publish_another(_: object) -> None:
        other = PolicyVersion("h", "other@1", SHIPPED, "Di", "Ed", "why", 1)
        place = tmp_path / "state"
        with closing(open_desk(place)) as database, database.transaction():
            PolicyVersions(database).add(other, 0)

    monkeypatch.setattr("cli.policy_versions._require_taken_up", publish_another)
    ran = forbear("policy", "activate", changed, *WHO)
    assert (ran.code, "policy_moved" in ran.err) == (2, True)


def test_the_copy_of_a_published_policy_is_as_the_store_has_it(
    forbear: Run, changed: Path, tmp_path: Path
) -> None:
    assert forbear("policy", "activate", changed, *WHO).code == 0
    assert "48 hours" in forbear("policy", "publish").out
    [copy] = (tmp_path / "state" / "policies").iterdir()
    assert (copy.stat().st_mode | copy.parent.stat().st_mode) & 0o077 == 0
    copy.write_text(SHIPPED, encoding="utf-8")
    assert "48 hours" in forbear("policy", "publish").out


def test_a_store_of_another_release_is_no_reason_to_guess_a_policy(
    forbear: Run, changed: Path, tmp_path: Path
) -> None:
    assert forbear("policy", "activate", changed, *WHO).code == 0
    file = tmp_path / "state" / "decisions.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE alembic_version SET version_num = '0016'")
        database.commit()
    ran = forbear("policy", "show")
    assert (ran.code, ran.out) == (2, "")
    for word in ("[store_schema_older]", "which policy is published", "--policy FILE"):
        assert word in ran.err
    assert forbear("policy", "show", changed).code == 0


def test_a_new_version_that_begins_notices_anew_says_so(
    forbear: Run, tmp_path: Path
) -> None:
    """And not where it lets those of the version before count."""
    first, second = CHANGED, CHANGED.replace("version: 1\n", "version: 2\n", 1)
    assert published_anew(forbear, tmp_path, first).code == 0
    said = published_anew(forbear, tmp_path, second)
    text = " ".join(said.out.split())
    assert (said.code, "notices_restart" in text) == (0, True)
    assert "reseller-default@1 count no more" in text
    third = second.replace("version: 2\n", "version: 3\n", 1)
    third = third.replace("count: same_version", "count: same_policy")
    file = tmp_path / "third.yaml"
    file.write_text(third, encoding="utf-8")
    assert "no findings" in forbear("policy", "check", file).out
    file.write_text(third.replace("same_policy", "same_version"), encoding="utf-8")
    assert "notices_restart" in forbear("policy", "check", file).out


OTHERS = "notice_sent,2026-06-01T00:00Z,n1,reminder_1,house@1,"


@pytest.mark.parametrize(
    ("rows", "way"),
    [
        pytest.param("n1,reminder_1,house@1", "accept_notices", id="another's"),
        pytest.param("n1,first_letter,", "accept_notices", id="names of no policy"),
        pytest.param("n1,reminder_1,reseller-default@0", "same_policy", id="version"),
        pytest.param("n1,reminder_1,reseller-default@1", None, id="this policy's"),
        pytest.param("n1,reminder_1,", None, id="this policy's name"),
    ],
)
def test_validate_says_where_no_notice_that_arrived_counts(
    forbear: Run, tmp_path: Path, rows: str, way: str | None
) -> None:
    """What is said of a sending holds of its delivery."""
    delivered = "notice_delivered,2026-06-02T00:00Z,n1,,,"
    said = _validated(
        forbear, tmp_path, f"notice_sent,2026-06-01T00:00Z,{rows},", delivered
    )
    assert ("no notice that was delivered counts" in said) == (way is not None)
    if way is not None:
        assert way in said


@pytest.mark.parametrize(
    ("rows", "is_said"),
    [
        pytest.param([OTHERS], False, id="nothing arrived"),
        pytest.param(
            [OTHERS, "notice_delivered,2026-06-02T00:00Z,n1,reminder_1,,"],
            True,
            id="only the sending says of which policy it is",
        ),
        pytest.param(
            [
                OTHERS,
                "notice_delivered,2026-06-02T00:00Z,n1,,,",
                "notice_sent,2026-06-03T00:00Z,n2,reminder_1,reseller-default@1,",
                "notice_bounced,2026-06-04T00:00Z,n2,,,",
            ],
            True,
            id="one of this policy came back",
        ),
        pytest.param(
            [OTHERS, "notice_delivered,2026-06-02T00:00Z,n1,,,true"],
            False,
            id="the delivery was retracted",
        ),
    ],
)
def test_validate_puts_a_sending_and_its_delivery_together(
    forbear: Run, tmp_path: Path, rows: list[str], is_said: bool
) -> None:
    said = _validated(forbear, tmp_path, *rows)
    assert ("no notice that was delivered counts" in said) == is_said


def _sent(*names: str) -> list[str]:
    return [
        f"notice_{fate},2026-06-0{day}T00:00Z,n{name},{name},,"
        for name in names
        for day, fate in ((1, "sent"), (2, "delivered"))
    ]


def test_validate_names_a_notice_that_steps_wait_for_and_that_never_occurs(
    forbear: Run, tmp_path: Path
) -> None:
    said = _validated(forbear, tmp_path, *_sent("reminder_1", "Mahnung 2"))
    assert "never occurs in `contacts` (its other names: Mahnung 2)" in said
    assert "reminder_2 (final_notice), final_notice (suspension)" in said
    assert "reminder_1 (" not in said


@pytest.mark.parametrize(
    "names", [(), ("reminder_1", "reminder_2", "final_notice")], ids=["none", "all"]
)
def test_validate_names_no_notice_where_all_occur_or_none_was_sent(
    forbear: Run, tmp_path: Path, names: tuple[str, ...]
) -> None:
    assert "never occurs" not in _validated(forbear, tmp_path, *_sent(*names))


def _validated(forbear: Run, folder: Path, *contacts: str) -> str:
    """What `validate` says where somebody owes an invoice and has had these notices."""
    files = {
        "portfolio.yaml": "name: x\ncurrency: EUR\ntimezone: UTC\n"
        "observed_until: 2026-06-25T00:00:00Z\n",
        "customers.csv": "customer_id,created_at\na,2025-01-01T00:00Z\n",
        "invoices.csv": "customer_id,invoice_id,event_at,due_at,amount\n"
        "a,i,2026-04-01T00:00Z,2026-05-01T00:00Z,100\n",
        "payments.csv": "customer_id,payment_id,event_at,status,amount\n"
        "a,p,2026-04-01T00:00Z,failed,1\n",
        "contacts.csv": "customer_id,kind,event_at,notice_id,notice,policy,retracted\n"
        + "".join(f"a,{row}\n" for row in contacts),
    }
    portfolio = folder / "portfolio"
    portfolio.mkdir()
    for name, text in files.items():
        (portfolio / name).write_text(text, encoding="utf-8")
    return " ".join(forbear("validate", portfolio).out.split())


def test_with_a_portfolio_it_is_said_for_how_many(
    forbear: Run, tmp_path: Path, changed: Path
) -> None:
    changed.write_text(CHANGED.replace("version: 1\n", "version: 2\n", 1), "utf-8")
    folder = tmp_path / "portfolio"
    folder.mkdir()
    (folder / "portfolio.yaml").write_text("currency: EUR\nmateriality: 40\n", "utf-8")
    (folder / "customers.csv").write_text(
        "customer_id,created_at\na,2025-01-01T00:00Z\nb,2025-01-01T00:00Z\n"
    )
    (folder / "invoices.csv").write_text(
        "customer_id,invoice_id,event_at,due_at,amount\n"
        "a,1,2026-01-01T00:00Z,2026-02-01T00:00Z,500\n"
        "b,2,2026-01-01T00:00Z,2026-02-01T00:00Z,500\n"
    )
    (folder / "payments.csv").write_text(
        "customer_id,payment_id,event_at,status,amount,invoice_id\n"
        "b,p,2026-02-20T00:00Z,succeeded,500,2\n"
    )
    (folder / "contacts.csv").write_text(
        "customer_id,kind,event_at,notice,notice_id,policy\n"
        "a,notice_sent,2026-02-10T00:00Z,reminder_1,n1,reseller-default@1\n"
        "b,notice_sent,2026-02-10T00:00Z,reminder_1,n2,reseller-default@1\n"
    )
    words = "--against", DEFAULT_POLICY, "--portfolio", folder
    said = " ".join(forbear("policy", "check", changed, *words).out.split())
    assert "1 of the portfolio's customers" in said  # b has paid and owes nothing
    assert "portfolio_materiality_holds" in said


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A portfolio of other money and another timezone than the policy, and no rate."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "portfolio.yaml").write_text(
        "currency: BRL\ntimezone: America/Sao_Paulo\n", "utf-8"
    )
    (folder / "customers.csv").write_text(
        "customer_id,created_at\na,2025-01-01T00:00Z\n"
    )
    return folder


def test_check_names_money_and_timezones_that_do_not_fit(
    forbear: Run, changed: Path, elsewhere: Path
) -> None:
    ran = forbear("policy", "check", changed, "--portfolio", elsewhere, "--json")
    found = {one["code"]: one for one in json.loads(ran.out)}
    assert ran.code == 1
    assert found["policy_currency"]["severity"] == "error"
    assert found["policy_currency"]["line"] is not None
    assert "America/Sao_Paulo" in found["policy_timezone"]["message"]


def test_score_notes_where_the_portfolio_means_something_else(
    forbear: Run, changed: Path, elsewhere: Path
) -> None:
    """Also with the starter, which has no settings of its own."""
    settings = "timezone: America/Sao_Paulo\nmateriality: 100\n"
    (elsewhere / "portfolio.yaml").write_text(settings, "utf-8")
    said = " ".join(forbear("score", elsewhere, "--policy", changed).out.split())
    assert "note: policy_timezone: " in said
    assert "(America/Sao_Paulo)" in said
    assert "up to 100 EUR the portfolio calls nobody overdue" in said


def test_score_refuses_other_money_before_it_reads(
    forbear: Run, changed: Path, elsewhere: Path
) -> None:
    (elsewhere / "customers.csv").unlink()  # whoever reads it first says so instead
    ran = forbear("score", elsewhere, "--policy", changed)
    assert ran.code == 2
    assert "counts in EUR" in " ".join((ran.out + ran.err).split())


def test_what_is_wrong_is_told_with_its_file_and_line(
    forbear: Run, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(SHIPPED.replace("version: 1\n", "version: 1\nversion: 2\n", 1))
    ran = forbear("policy", "publish", file)
    assert ran.code == 2
    assert "mine.yaml: line " in ran.err
    file.write_text(SHIPPED.replace("per_hour: ", "per_hour: 999999", 1), "utf-8")
    line = next(
        number
        for number, text in enumerate(SHIPPED.splitlines(), start=1)
        if "per_hour: " in text
    )
    out = forbear("policy", "check", file).out
    assert str(file) in out
    assert re.search(rf"budget_order\s+{line}\s+budget.per_hour", out)


def test_a_name_of_no_policy_is_answered_with_those_that_ship(forbear: Run) -> None:
    ran = forbear("policy", "show", "plain-time-line")
    assert (ran.code, "plain-timeline" in ran.err) == (2, True)
    assert ran.err.endswith(": plain-time-line [file_problem]\n")
