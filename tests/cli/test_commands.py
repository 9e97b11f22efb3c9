import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from errno import ENOSPC
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

import cli.commands
import cli.main as main_module
from cli.exits import BROKEN, UNUSABLE
from cli.lists import writing
from cli.main import EXTRAS, commands
from scoring.built import built_kernels
from store.schema import DECISIONS
from store.upgrade import upgrade_file

Run = Callable[..., Any]

ROOT = Path(__file__).parents[2]
CUSTOMERS = "customer_id,event_at\nacme,2026-01-01T00:00:00Z\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "portfolio"
    folder.mkdir()
    (folder / "portfolio.yaml").write_text("name: small\ncurrency: EUR\n")
    (folder / "customers.csv").write_text(CUSTOMERS)
    return folder


def test_links_are_written_for_a_service(
    forbear: Run, folder: Path, tmp_path: Path
) -> None:
    """Acme and Bolt signed in from one device: two rows, one for each."""
    out = tmp_path / "links.csv"
    none = forbear("links", folder, "--out", out)
    assert (none.code, out.exists()) == (2, False)
    (folder / "customers.csv").write_text(CUSTOMERS + "bolt,2026-01-01T00:00:00Z\n")
    (folder / "access.csv").write_text(
        "customer_id,event_at,kind,device_id\n"
        "acme,2026-01-02T00:00:00Z,sign_in,d1\nbolt,2026-01-03T00:00:00Z,sign_in,d1\n"
    )
    assert forbear("links", folder, "--out", out).code == 0
    (folder / "links.csv").write_bytes(out.read_bytes())
    rows = out.read_text().splitlines()
    assert len(rows) == 3
    assert "2026-01-03" in rows[1]
    assert forbear("validate", folder).code == 0


def test_help_loads_next_to_nothing() -> None:
    """Of rooms one word, of libraries none that takes long: what costs is loading."""
    code = (
        "import sys\nsys.argv = ['forbear', '--help']\n"
        "from cli.main import ROOMS, main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "loaded = {m for m in sys.modules if m.partition('.')[0] in ROOMS - {'cli'}}\n"
        "print('rooms', sorted(loaded), 'modules', len(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "simulate" in said
    rooms, _, n_modules = said.splitlines()[-1].rpartition(" modules ")
    assert rooms == "rooms ['features', 'features.counted']"
    assert int(n_modules) < 300  # 255 with Python 3.11; NumPy alone brings 140


def test_the_version_is_said_with_the_kernels_that_answer(forbear: Run) -> None:
    ran = forbear("--version")
    built = ", ".join(built_kernels()) or "none"
    said = f"forbear {version('forbear')} (kernels in C: {built})\n"
    assert (ran.code, ran.out) == (0, said)


def test_a_service_that_starts_makes_no_other_command() -> None:
    code = (
        "import sys\nfrom cli.main import commands\n"
        "from typer.main import get_command\n"
        "print(*get_command(commands(['serve'])).commands)\n"
        "print('cli.commands' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["serve", "False"]


def test_serve_says_the_same_alone_as_among_all_commands() -> None:
    runner = CliRunner()
    said = [
        runner.invoke(app, ["serve", *words], prog_name="forbear").output
        for words in (["--help"], ["--port", "none"])
        for app in (cli.commands.app, commands(["serve"]))
    ]
    assert said[0] == said[1]
    assert "--tls-cert" in said[0]
    assert said[2] == said[3]


GROUPS = [str(group.name) for group in cli.commands.app.registered_groups]


@pytest.mark.parametrize("words", [[], *([group] for group in GROUPS)])
def test_no_command_is_listed_with_half_a_sentence(
    forbear: Run, words: list[str]
) -> None:
    listed = forbear(*words, "--help").out.partition("Commands:\n")[2]
    assert listed
    assert [line for line in listed.splitlines() if line.endswith("...")] == []


@pytest.mark.parametrize(
    "command",
    [
        "simulate",
        "init",
        "validate",
        "train",
        "evaluate",
        "promote",
        "recalibrate",
        "shadow run",
        "shadow report",
        "rollback",
        "pull",
        "score",
        "explain",
        "serve",
        "replay",
        "demo",
        "tour",
        "features list",
        "policy check",
        "policy show",
        "policy schema",
        "policy publish",
        "policy import-killbill",
        "policy surface",
        "policy simulate",
        "policy tune",
        "policy offpolicy",
        "keys create",
        "keys list",
        "keys revoke",
    ],
)
def test_every_command_has_help_with_an_example(forbear: Run, command: str) -> None:
    ran = forbear(*command.split(), "--help")
    assert ran.code == 0
    assert "Example: forbear " + command in ran.out


def test_a_clean_portfolio_is_clean(forbear: Run, folder: Path) -> None:
    ran = forbear("validate", folder)
    assert (ran.code, ran.err) == (0, "")
    assert "clean" in ran.out


def test_validate_ends_with_why_nothing_can_be_done(
    forbear: Run, tmp_path: Path
) -> None:
    (tmp_path / "customers.csv").write_text("account_no,country\nA1,BE\nA2,BE\n")
    ran = forbear("validate", tmp_path)
    assert ran.code == 2
    last = (ran.out + ran.err).splitlines()[-1]
    assert "which column is `customer_id`" in last
    assert last.endswith("[no_customers]")


def test_validate_ends_with_what_will_be_possible(forbear: Run, folder: Path) -> None:
    said = forbear("validate", folder).out.partition("What will be possible")[2]
    questions = ("money owed", "labels of fraud", "notices", "disputes", "holds")
    assert [question for question in questions if question not in said] == []
    assert "none: {disputes:" in said
    assert "It takes a protection away" in said


def test_a_large_portfolio_is_checked_on_disk_with_the_same_words(
    forbear: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = forbear("validate", folder)
    monkeypatch.setattr("cli.reading._SMALL_BYTES", 0)
    assert forbear("validate", folder) == small


def test_words_of_a_customer_are_no_markup(forbear: Run, folder: Path) -> None:
    with (folder / "customers.csv").open("a") as rows:
        rows.write("[/bold][red]\x1b[31m,soon\n")
    ran = forbear("validate", folder)
    assert ran.code == 3
    assert "\x1b" not in ran.out


def test_bad_rows_are_shown_written_and_exit_3(forbear: Run, folder: Path) -> None:
    invoices = "invoice_id,customer_id,event_at,due_at,amount\n"
    good = "1,acme,2026-01-01T00:00:00Z,2026-02-01,10\n"
    bad = "2,acme,2026-01-01T00:00:00Z,2026-02-01,-10\n"
    (folder / "invoices.csv").write_text(invoices + good + bad)
    ran = forbear("validate", folder)
    assert ran.code == 3
    assert "negative_amount" in ran.out
    rejected = pq.read_table(folder / "rejected" / "invoices.parquet")
    assert rejected["rule"].to_pylist() == ["negative_amount"]
    beside = (folder / "rejected" / "invoices.csv").read_text(encoding="utf-8-sig")
    assert "negative_amount" in beside.splitlines()[1]
    assert beside.splitlines()[1].startswith("2,acme,")
    (folder / "invoices.csv").write_text(invoices + good)
    forbear("validate", folder)
    assert not list((folder / "rejected").iterdir())


def test_a_portfolio_without_customers_is_unusable(forbear: Run, folder: Path) -> None:
    (folder / "customers.csv").write_text("customer_id,event_at\n,2026-01-01\n")
    ran = forbear("validate", folder)
    assert ran.code == 2
    assert "unusable" in ran.out
    (folder / "customers.csv").unlink()
    assert forbear("validate", folder).code == 2


@pytest.mark.parametrize("words", [("score",), ("train",), ("explain", "acme")])
def test_payments_under_other_ids_are_neither_scored_nor_learnt_from(
    forbear: Run, folder: Path, words: tuple[str, ...]
) -> None:
    """Everybody would seem to owe what was paid."""
    invoices = "invoice_id,customer_id,event_at,due_at,amount\n"
    owed = "4711,acme,2026-01-01T00:00:00Z,2026-02-01,100\n"
    (folder / "invoices.csv").write_text(invoices + owed)
    payments = "payment_id,customer_id,event_at,status,amount,invoice_id\n"
    paid = "1,acme,2026-01-20T00:00:00Z,succeeded,100,INV-4711\n"
    (folder / "payments.csv").write_text(payments + paid)
    command, *more = words
    ran = forbear(command, folder, *more)
    assert ran.code == 2
    assert "ids_do_not_match" in ran.err
    assert forbear("validate", folder).code == 2


@pytest.mark.parametrize(("known", "code"), [("4712", 0), ("INV-4712", 2)])
def test_the_first_weeks_of_an_export_name_invoices_of_before(
    forbear: Run, folder: Path, known: str, code: int
) -> None:
    """Three months of both tables: what was paid at first had been issued earlier."""
    invoices = "invoice_id,customer_id,event_at,due_at,amount\n"
    owed = "4711,acme,2026-01-01T00:00:00Z,2026-02-01,100\n"
    more = f"{known},acme,2026-02-20T00:00:00Z,2026-03-10,100\n"
    (folder / "invoices.csv").write_text(invoices + owed + more)
    payments = "payment_id,customer_id,event_at,status,amount,invoice_id\n"
    paid = "1,acme,2026-01-20T00:00:00Z,succeeded,100,4600\n"
    later = "2,acme,2026-03-09T00:00:00Z,succeeded,100,4712\n"
    (folder / "payments.csv").write_text(payments + paid + later)
    ran = forbear("validate", folder)
    assert ran.code == code, ran.out
    said = "1 of 1 payments of the last 22 days name invoices that are not in"
    assert (said in " ".join((ran.out + ran.err).split())) == (code == 2)


@pytest.mark.parametrize(
    ("lost", "code"),
    [
        (",acme,", 3),  # may be the one that is paid
        (",,", 3),  # and so may one of nobody known
        (",beta,", 2),  # is another's
    ],
)
def test_payments_of_an_invoice_whose_number_was_lost_do_not_name_unknown_ids(
    forbear: Run, folder: Path, lost: str, code: int
) -> None:
    invoices = "invoice_id,customer_id,event_at,due_at,amount\n"
    owed = "4711,acme,2026-01-01T00:00:00Z,2026-02-01,100\n"
    nameless = f"{lost}2026-01-01T00:00:00Z,2026-02-01,100\n"
    (folder / "invoices.csv").write_text(invoices + owed + nameless)
    payments = "payment_id,customer_id,event_at,status,amount,invoice_id\n"
    paid = "1,acme,2026-01-20T00:00:00Z,succeeded,100,INV-4712\n"
    (folder / "payments.csv").write_text(payments + paid)

    ran = forbear("validate", folder)
    assert ran.code == code
    assert ("the ids do not match" in ran.out + ran.err) == (code == 2)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(["validate", "nowhere"], "portfolio_not_found", id="folder"),
        pytest.param(["replay", "d1"], "no_decisions", id="nothing recorded"),
        pytest.param(["keys", "revoke", "k1"], "no_decisions", id="no key ever"),
        pytest.param(["keys", "create", "--name", ""], "bad_key_name", id="name"),
        pytest.param(
            ["keys", "create", "--name", "x", "--scope", "all"],
            "unknown_scope",
            id="scope",
        ),
        pytest.param(
            ["simulate", "--out", "x", "--world", "mars"],
            "simulation_world",
            id="world",
        ),
        pytest.param(["promote", "fraud"], "no_such_version", id="promotion"),
        pytest.param(
            ["promote", "fraud", "--force"], "no_reason_given", id="no reason"
        ),
        pytest.param(
            ["rollback", "fraud", "--because", "x"], "nothing_to_roll_back", id="first"
        ),
        pytest.param(["policy", "show", "nowhere.yaml"], "file_problem", id="file"),
        pytest.param(["policy", "show", sys.executable], "file_problem", id="binary"),
        pytest.param(
            ["serve", "--host", "300.1.1.1"], "address_not_free", id="address"
        ),
    ],
)
def test_what_cannot_be_done_is_one_line_with_a_code(
    forbear: Run, words: list[str], code: str
) -> None:
    ran = forbear(*words)
    assert ran.code == 2
    assert ran.err.startswith("forbear: ")
    assert ran.err.endswith(f"[{code}]\n")
    assert ran.err.count("\n") == 1


def test_scoring_before_any_training_says_that_it_is_the_starter(
    forbear: Run, folder: Path
) -> None:
    ran = forbear("score", folder, "--out", folder / "out.parquet")
    assert ran.code in (0, 3)
    assert "models: starter" in ran.out
    assert "forbear train" in ran.out
    assert (folder / "out.parquet").exists()


def test_a_missing_extra_is_named_and_not_fetched_by_name_alone(
    forbear: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index may hold a stranger's package of our name."""
    monkeypatch.setitem(sys.modules, "mlflow", None)
    for name in [n for n in sys.modules if n.startswith(("training", "mlflow."))]:
        monkeypatch.delitem(sys.modules, name)
    ran = forbear("train", folder)
    assert (ran.code, ran.err.split()[-1]) == (2, "[extra_missing]")
    assert "extra train" in ran.err
    assert ".[train]" in ran.err


def test_every_package_of_an_extra_leads_to_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    modules: dict[str, set[str]] = {}
    for module, owners in packages_distributions().items():
        for owner in owners:
            modules.setdefault(re.sub("[-_.]+", "-", owner).lower(), set()).add(module)
    extras: dict[str, set[str]] = {}
    for extra in ("serve", "train"):
        for requirement in project["optional-dependencies"][extra]:
            name = re.split("[>=;]", requirement)[0].lower()
            extras.setdefault(name, set()).add(extra)
    for name in extras.keys() & modules.keys():  # what is installed on this system
        assert {EXTRAS.get(m) for m in modules[name]} & extras[name], name


@pytest.mark.parametrize("as_of", ["9999-12-31", "1066-10-14", "soon", ""])
def test_a_moment_that_is_none_of_ours_is_refused(
    forbear: Run, folder: Path, as_of: str
) -> None:
    ran = forbear("score", folder, "--as-of", as_of)
    assert ran.code in {0, 2} if as_of == "" else ran.code == 2
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("command", [["score"], ["explain", "c-1"]])
def test_a_wrong_moment_is_refused_before_anything_is_read(
    forbear: Run, tmp_path: Path, command: list[str]
) -> None:
    name, *more = command
    ran = forbear(name, tmp_path / "nowhere", *more, "--as-of", "2026-13-01")
    assert (ran.code, "[bad_time]" in ran.err) == (2, True)


def test_a_complaint_of_many_lines_is_one_line(forbear: Run, folder: Path) -> None:
    (folder / "portfolio.yaml").write_text("name: [\n")
    ran = forbear("validate", folder)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert ran.err.endswith("[settings_invalid]\n")


def test_a_pipe_gets_no_progress_and_no_colours(forbear: Run, tmp_path: Path) -> None:
    out = tmp_path / "small"
    words = ("--customers", 20, "--months", 2, "--out", out)
    ran = forbear("simulate", *words)
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    assert (out / "portfolio.yaml").is_file()
    assert (tmp_path / "small.oracle").is_dir()


def test_features_are_listed_with_unit_meaning_and_family(forbear: Run) -> None:
    ran = forbear("features", "list")
    assert "account_days_overdue" in ran.out
    assert "lateness" in ran.out
    few = forbear("features", "list", "--family", "alerts").out
    assert "account_days_overdue" not in few
    assert "alerts_unresolved" in few


def test_a_portfolio_lists_only_what_it_can_have(forbear: Run, folder: Path) -> None:
    (folder / "portfolio.yaml").write_text(
        "currency: EUR\nattributes: {shoe_size: {type: number, text: size of shoe}}\n"
    )
    (folder / "customers.csv").write_text(
        "customer_id,event_at,shoe_size\nacme,2026-01-01T00:00:00Z,43\n"
    )
    ran = forbear("features", "list", "--portfolio", folder)
    assert "shoe_size" in ran.out
    assert "usage_cost_7d" not in ran.out


def test_a_simulation_never_mixes_with_what_is_there(
    forbear: Run, folder: Path
) -> None:
    before = sorted(folder.iterdir())
    ran = forbear("simulate", "--customers", 20, "--months", 2, "--out", folder)
    assert (ran.code, ran.err.split()[-1]) == (2, "[folder_not_empty]")
    assert sorted(folder.iterdir()) == before


def test_a_store_that_is_none_ends_serving_in_one_line(
    forbear: Run, home: Path
) -> None:
    home.mkdir()
    no_database = "this is no database, and long enough to show it" * 9
    (home / "decisions.sqlite").write_text(no_database)
    ran = forbear("serve", "--port", 0)
    assert (ran.code, ran.err.split()[-1]) == (2, "[decision_store_unavailable]")
    assert ran.err.count("\n") == 1


def test_a_setting_that_means_nothing_is_named(
    forbear: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORBEAR_POLL_S", "soon")
    ran = forbear("serve", "--port", 0)
    assert ran.code == 2
    assert "FORBEAR_POLL_S=soon" in ran.err
    assert "[bad_setting]" in ran.err


def test_a_family_that_is_none_is_refused_with_those_there_are(forbear: Run) -> None:
    ran = forbear("features", "list", "--family", "nonsense")
    assert ran.code == 2
    assert "lateness" in ran.err


def test_what_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), writing(tmp_path):
        raise AssertionError("the work began")
    with pytest.raises(OSError, match="proc"), writing(Path("/proc/scored.parquet")):
        raise AssertionError("the work began")


def test_a_failure_leaves_the_old_file_and_nothing_unfinished(tmp_path: Path) -> None:
    out = tmp_path / "scored.parquet"
    out.write_bytes(b"of yesterday")
    with pytest.raises(ZeroDivisionError), writing(out):
        raise ZeroDivisionError
    assert [f.name for f in tmp_path.iterdir()] == [out.name]
    assert out.read_bytes() == b"of yesterday"


def test_true_probabilities_are_written_when_asked_for(
    forbear: Run, tmp_path: Path
) -> None:
    words = ("--customers", 30, "--months", 5, "--truth-month", 1)
    ran = forbear("simulate", *words, "--out", tmp_path / "world")
    assert ran.code == 0
    assert (tmp_path / "world.oracle" / "truth.parquet").is_file()


def test_a_list_of_no_known_form_is_refused_before_the_work(
    forbear: Run, folder: Path
) -> None:
    ran = forbear("score", folder, "--out", folder / "list.ods")
    assert ran.code == 2
    assert ".xlsx" in ran.err


def test_init_writes_what_validate_reads_and_never_overwrites(
    forbear: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    ran = forbear("init", folder)
    assert (ran.code, ran.err) == (0, "")
    assert "put customers.csv there" in ran.out
    assert ran.out.endswith(f"next: forbear validate {folder}\n")
    (folder / "customers.csv").write_text(CUSTOMERS)
    assert forbear("validate", folder).code == 0
    before = (folder / "portfolio.yaml").read_bytes()
    again = forbear("init", folder)
    assert (again.code, again.err.split()[-1]) == (2, "[portfolio_exists]")
    assert (folder / "portfolio.yaml").read_bytes() == before


def test_an_older_store_ends_serving_in_one_line_that_says_what_to_do(
    forbear: Run, home: Path
) -> None:
    home.mkdir()
    upgrade_file(home / "decisions.sqlite", DECISIONS, "0001")
    ran = forbear("serve", "--port", 0)
    assert (ran.code, ran.err.split()[-1]) == (2, "[store_schema_older]")
    assert "`forbear db upgrade`" in ran.err
    ran = forbear("db", "upgrade")
    assert (ran.code, ran.out.split("\n")[0]) == (
        0,
        f"tables of decisions: revision {DECISIONS.revision}",
    )
    assert forbear("keys", "create", "--name", "billing").code == 0


def test_the_code_of_a_librarys_error_is_none_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is a fault told as something that is not as it should be, which is 1."""

    def fails() -> None:
        raise DBAPIError("SELECT 1", None, Exception("broken"), code="e3q8")

    monkeypatch.setattr(cli.commands, "app", fails)
    with pytest.raises(SystemExit) as ended:
        main_module.main()
    assert ended.value.code == BROKEN
    shown = capsys.readouterr().err
    assert "DBAPIError" in shown
    assert "[e3q8]" not in shown


def test_a_full_disk_is_said_with_the_places_to_look_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is thrown while a file is written names none."""

    def fails() -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(cli.commands, "app", fails)
    with pytest.raises(SystemExit) as ended:
        main_module.main()
    assert ended.value.code == UNUSABLE
    assert "make room where --out, FORBEAR_HOME" in capsys.readouterr().err


def test_every_room_has_its_errors_told() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = packages["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["packages"]) == main_module.ROOMS


def test_on_a_terminal_what_is_begun_is_said_before_it_is_loaded(
    forbear: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pipe nothing is."""
    monkeypatch.setattr("serving.server.run", lambda *_, **__: None)
    assert forbear("serve", "--port", 0).err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert "starting the service" in forbear("serve", "--port", 0).err
    assert "training on" in forbear("train", tmp_path).err.splitlines()[0]
