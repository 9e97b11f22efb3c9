"""A challenger becomes champion when it holds up, whole or not at all, and back."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from advice.assembly import ids_in_force
from decisions.policy_file.load import default_policy
from features.portfolio import Portfolio
from features.targets import Target
from scoring.bundle import Bundle
from scoring.cards import challenger_card
from scoring.errors import FeatureSetMismatchError
from scoring.shelf import champion_id
from scoring.starter import starter, starters
from training.errors import (
    NoReasonGivenError,
    NoSuchVersionError,
    NothingToRollBackError,
    NotSuspectedError,
)
from training.judged_money import money_of
from training.judged_rows import judged_table
from training.logged_run import JUDGED
from training.promotion import Promotion, promote, pull, rollback
from training.tracking import (
    CHAMPION,
    RegisteredModel,
    Tracker,
    registered_name,
    version_of,
)
from training.train import TrainingResult, train
from training.training_data import gather

pytestmark = pytest.mark.slow  # trains twice
TERMS = default_policy().latest


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="module")
def first_and_second(
    flat_tables: dict[str, pa.Table], flat_portfolio: Portfolio, home: Path
) -> tuple[TrainingResult, TrainingResult]:
    """The first knows one attribute only as noise, the second all of them."""
    customers = flat_tables["customers"]
    load = np.random.default_rng(0).permutation(customers["load"].to_numpy())
    place = customers.column_names.index("load")
    blind = customers.set_column(place, "load", pa.array(load))
    tables = {**flat_tables, "customers": blind}
    [first] = train(Portfolio.from_tables(tables, flat_portfolio.settings), home=home)
    [second] = train(flat_portfolio, home=home)
    return first, second


def forced(home: Path, version: str | None = None) -> Promotion:
    return promote(
        "nonpayment",
        Tracker(home),
        version,
        terms=TERMS,
        is_forced=True,
        because="to see it serve",
    )


def in_registry(home: Path) -> str:
    with Tracker(home).connected() as client:
        name = registered_name("nonpayment")
        return str(client.get_model_version_by_alias(name, CHAMPION).version)


def test_a_better_challenger_serves_and_a_worse_one_leaves_the_champion(
    first_and_second: tuple[TrainingResult, TrainingResult], home: Path
) -> None:
    _, second = first_and_second
    assert second.bundle is not None
    held = promote("nonpayment", Tracker(home), terms=TERMS, needs_shadow=True)
    assert [g.name for g in held.gates if g.is_passed is False] == ["shadow"]
    done = promote("nonpayment", Tracker(home), terms=TERMS)
    assert done.is_done, done.gates
    by_name = {gate.name: gate.is_passed for gate in done.gates}
    assert by_name["log_loss_better"]
    assert by_name["cost_not_worse"] is None  # no money is known of anybody
    assert by_name["shadow"] is None  # nobody was asked, and nobody asks for it
    refused = promote("nonpayment", Tracker(home), "1", terms=TERMS)
    assert not refused.is_done
    assert "log_loss_better" in {g.name for g in refused.gates if g.is_passed is False}
    assert champion_id(home, "nonpayment") == second.bundle.bundle_id
    assert in_registry(home) == "2"
    kept = challenger_card(home, "nonpayment")
    assert kept is not None
    assert kept.bundle_id == second.bundle.bundle_id
    assert kept.metrics == second.bundle.metrics
    assert sum(one.n for one in kept.curve) > 0
    assert [gate.name for gate in kept.gates] == [gate.name for gate in done.gates]


def test_a_champion_that_this_release_cannot_read_is_compared_by_its_rows(
    first_and_second: tuple[TrainingResult, TrainingResult],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An upgrade may refuse its features; what was trained since gets past it."""
    first, _ = first_and_second
    assert first.bundle is not None
    old = first.bundle.bundle_id
    forced(home, "1")
    load = Bundle.load

    def refuse(folder: Path) -> Bundle:
        if folder.name == old:
            raise FeatureSetMismatchError("trained on other definitions")
        return load(folder)

    monkeypatch.setattr(Bundle, "load", refuse)
    done = promote("nonpayment", Tracker(home), terms=TERMS)
    assert done.is_done, done.gates
    assert {gate.name for gate in done.gates} >= {"log_loss_better"}
    assert done.before == old
    with pytest.raises(FeatureSetMismatchError):
        rollback("nonpayment", Tracker(home), because="it was better")
    assert champion_id(home, "nonpayment") == done.bundle.bundle_id


def test_forced_with_a_reason_it_serves_and_rollback_goes_back(
    first_and_second: tuple[TrainingResult, TrainingResult], home: Path
) -> None:
    first, second = first_and_second
    assert first.bundle is not None
    assert second.bundle is not None
    forced(home, "1")
    promotion = forced(home)
    assert (promotion.version, promotion.before) == ("2", first.bundle.bundle_id)
    assert promotion.is_change
    assert champion_id(home, "nonpayment") == second.bundle.bundle_id
    assert in_registry(home) == "2"
    back = rollback("nonpayment", Tracker(home), "too many reviews")
    assert back.bundle.files == first.bundle.files
    assert champion_id(home, "nonpayment") == first.bundle.bundle_id
    assert in_registry(home) == "1"
    *_, record, last = Tracker(home).promotions.history("nonpayment")
    assert last.kind == "rollback"
    assert record.because == "to see it serve"
    assert record.who
    assert any(gate["name"] == "log_loss_better" for gate in record.gates)
    worse = forced(home, "2"), forced(home, "1")
    assert all(one.is_done for one in worse)
    assert Tracker(home).promotions.history()[-1].is_forced


def test_what_is_in_force_already_is_not_compared_or_written_down_again(
    first_and_second: tuple[TrainingResult, TrainingResult], home: Path
) -> None:
    forced(home, "2")
    forced(home, "1")  # whatever was in force: this is a change
    before = Tracker(home).promotions.history()
    again = promote("nonpayment", Tracker(home), "1", terms=TERMS)
    assert again.is_done
    assert not again.is_change
    assert again.gates == ()
    assert Tracker(home).promotions.history() == before


def test_force_and_acceptance_need_a_reason(
    first_and_second: tuple[TrainingResult, TrainingResult], home: Path
) -> None:
    with pytest.raises(NoReasonGivenError):
        promote("nonpayment", Tracker(home), terms=TERMS, is_forced=True, because=" ")
    with pytest.raises(NoReasonGivenError):
        promote("nonpayment", Tracker(home), terms=TERMS, accepted=["load"])
    with pytest.raises(NoReasonGivenError):
        rollback("nonpayment", Tracker(home), "")


def test_only_what_is_suspected_can_be_accepted(
    first_and_second: tuple[TrainingResult, TrainingResult], home: Path
) -> None:
    with pytest.raises(NotSuspectedError, match="laod"):
        promote(
            "nonpayment", Tracker(home), terms=TERMS, accepted=["laod"], because="x"
        )


def test_nothing_before_the_first_to_go_back_to(tmp_path: Path) -> None:
    with pytest.raises(NothingToRollBackError):
        rollback("nonpayment", Tracker(tmp_path), "because")


def registered(
    result: TrainingResult, portfolio: Portfolio, tracker: Tracker
) -> RegisteredModel:
    """What was learnt, registered again elsewhere."""
    bundle, learnt = result.bundle, result.learnt
    assert bundle is not None
    assert learnt is not None
    gathered = gather(portfolio, ("nonpayment",))
    rows, names = gathered.rows["nonpayment"], gathered.customer_ids
    test, p = rows[learnt.split.test], learnt.judgement.p
    money = money_of(portfolio, test, names)
    judged = judged_table(bundle, test, p, money, names, tracker.pseudonym_key())
    return tracker.register(bundle, learnt, rows, {JUDGED: judged}, 0)


def test_before_the_first_model_was_the_starter_and_what_comes_later_waits(
    first_and_second: tuple[TrainingResult, TrainingResult],
    flat_portfolio: Portfolio,
    tmp_path: Path,
) -> None:
    """Else the training of the next night would bring back what somebody took back."""
    first, second = first_and_second
    assert second.bundle is not None
    tracker = Tracker(tmp_path)
    assert registered(first, flat_portfolio, tracker).is_champion
    back = rollback("nonpayment", tracker, "it named the wrong people")
    assert (back.version, back.bundle) == (None, starter("nonpayment"))
    assert set(ids_in_force(tmp_path).items()) == {
        (target, bundle.bundle_id) for target, bundle in starters().items()
    }
    last = tracker.promotions.history("nonpayment")[-1]
    assert (last.kind, last.version, last.before_version) == ("rollback", None, "1")
    assert (last.because, bool(last.who)) == ("it named the wrong people", True)
    with pytest.raises(NothingToRollBackError):
        rollback("nonpayment", tracker, "once more")
    assert not registered(second, flat_portfolio, tracker).is_champion
    assert champion_id(tmp_path, "nonpayment") == back.bundle.bundle_id
    assert promote("nonpayment", tracker, terms=TERMS).is_done
    assert ids_in_force(tmp_path) == {"nonpayment": second.bundle.bundle_id}
    again = rollback("nonpayment", tracker, "as before")
    assert (again.version, again.before) == (None, second.bundle.bundle_id)


def test_to_the_starter_past_all_models_at_once(
    first_and_second: tuple[TrainingResult, TrainingResult], home: Path
) -> None:
    forced(home, "1")
    forced(home, "2")
    back = rollback("nonpayment", Tracker(home), "at once", is_to_starter=True)
    assert back.bundle.is_starter
    with Tracker(home).connected() as client:
        name = registered_name("nonpayment")
        assert version_of(client, name, CHAMPION) is None
    forced(home, "1")
    assert in_registry(home) == "1"


def test_a_suspected_leak_waits_until_a_person_accepts_it(
    first_and_second: tuple[TrainingResult, TrainingResult],
    flat_portfolio: Portfolio,
    tmp_path: Path,
) -> None:
    """Even the first of its name does not serve, and --accept-leak signs it off."""
    _, second = first_and_second
    assert second.learnt is not None
    assert second.bundle is not None
    learnt = replace(second.learnt, suspected={"load": "it is dated after the moment"})
    tracker = Tracker(tmp_path)
    suspected = replace(second, learnt=learnt)
    assert not registered(suspected, flat_portfolio, tracker).is_champion
    assert champion_id(tmp_path, "nonpayment") is None
    refused = promote("nonpayment", tracker, terms=TERMS)
    assert not refused.is_done
    assert "it is dated after the moment" in refused.gates[0].text
    # a column that training left out is in no model: nobody can vouch for it
    both = ["load", "left_out"]
    with pytest.raises(NotSuspectedError, match=r"left_out: not.* suspected: load$"):
        promote("nonpayment", tracker, terms=TERMS, accepted=both, because="seen")
    assert champion_id(tmp_path, "nonpayment") is None
    accepted = promote(
        "nonpayment", tracker, terms=TERMS, accepted=["load"], because="seen in May"
    )
    assert accepted.is_done
    assert champion_id(tmp_path, "nonpayment") == second.bundle.bundle_id
    [record] = tracker.promotions.history()
    assert record.accepted == {"load": "seen in May"}


def test_a_machine_that_only_serves_pulls_the_champion(
    first_and_second: tuple[TrainingResult, TrainingResult], home: Path, tmp_path: Path
) -> None:
    forced(home, "1")
    first, _ = first_and_second
    assert first.bundle is not None
    for _ in range(2):  # the second changes nothing
        pulled = pull("nonpayment", Tracker(tmp_path, Tracker(home).uri))
        assert champion_id(tmp_path, "nonpayment") == first.bundle.bundle_id
    assert pulled.before == first.bundle.bundle_id
    [record] = Tracker(tmp_path).promotions.history()
    assert (record.kind, record.version, record.before) == ("pull", "1", None)


@pytest.mark.parametrize(
    ("target", "version"),
    [
        pytest.param("nonpayment", "99", id="no such version"),
        pytest.param("fraud", None, id="no name"),
    ],
)
def test_what_the_registry_does_not_have_is_refused(
    first_and_second: tuple[TrainingResult, TrainingResult],
    home: Path,
    target: Target,
    version: str | None,
) -> None:
    with pytest.raises(NoSuchVersionError):
        promote(target, Tracker(home), version, terms=TERMS)


KILLED_AT = """
import os, signal, sys
from pathlib import Path
import scoring.shelf, training.tracking as tracking, training.promotion_log as log
from decisions.policy_file.load import default_policy
from training.promotion import promote

def killed(*a, **k):
    os.kill(os.getpid(), signal.SIGKILL)

place, home, version = sys.argv[1:]
if place == "before the registry":
    tracking._complete = killed
elif place == "between registry and shelf":
    tracking.make_champion = killed
elif place == "before the history":
    log.PromotionLog.complete = killed
promote("nonpayment", tracking.Tracker(Path(home)), version,
        terms=default_policy().latest, is_forced=True, because="a test")
"""


@pytest.mark.parametrize(
    "place", ["before the registry", "between registry and shelf", "before the history"]
)
def test_killed_in_the_middle_the_next_start_completes_it(
    first_and_second: tuple[TrainingResult, TrainingResult], home: Path, place: str
) -> None:
    first, second = first_and_second
    assert first.bundle is not None
    assert second.bundle is not None
    forced(home, "1")
    n_before = len(Tracker(home).promotions.history())
    # the first connection of the killed process finds nothing pending, and passes
    code = KILLED_AT
    if place == "before the registry":
        code = code.replace("tracking._complete = killed", _SECOND_CALL)
    done = subprocess.run(
        [sys.executable, "-c", code, place, str(home), "2"],
        capture_output=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    # whatever serves reads the shelf alone: it is whole at every moment
    assert champion_id(home, "nonpayment") in {
        first.bundle.bundle_id,
        second.bundle.bundle_id,
    }
    assert in_registry(home) == "2"  # connecting completes what was begun
    assert champion_id(home, "nonpayment") == second.bundle.bundle_id
    history = Tracker(home).promotions.history()
    assert len(history) == n_before + 1
    assert Tracker(home).promotions.pending() is None


_SECOND_CALL = """real, calls = tracking._complete, []
    def counted(*a):
        calls.append(a)
        return real(*a) if len(calls) == 1 else killed()
    tracking._complete = counted"""

TRAINED_TWICE = """
import sys
from pathlib import Path
import pyarrow.parquet as pq
from features.portfolio import Portfolio
from training.train import train

[result] = train(Portfolio.open(Path(sys.argv[1])), ["nonpayment"],
                 home=Path(sys.argv[2]), seed=int(sys.argv[3]))
print(result.registered.version, result.registered.is_champion)
"""


def test_two_trainings_at_once_into_a_new_home_both_arrive(
    flat_tables: dict[str, pa.Table], tmp_path: Path
) -> None:
    folder = _written(flat_tables, tmp_path / "flat")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TRAINED_TWICE, str(folder), str(tmp_path / "h"), n],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for n in ("0", "1")
    ]
    said = [one.communicate(timeout=600) for one in running]
    assert [one.returncode for one in running] == [0, 0], said
    results = sorted(out.split() for out, _ in said)
    assert results == [["1", "True"], ["2", "False"]]
    assert champion_id(tmp_path / "h", "nonpayment") is not None


def _written(tables: dict[str, pa.Table], folder: Path) -> Path:
    """The portfolio as files, for another process to read."""
    folder.mkdir()
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    (folder / "portfolio.yaml").write_text(
        "name: flat\nobserved_until: 2026-01-31T00:00:00Z\n"
        "attributes:\n  load: {monotone: increasing, family: means}\n"
        "  reserve: {family: means}\n  noise: {family: means}\n"
        "  trade: {type: category, family: means}\n"
        "labels:\n  nonpayment:\n"
        "    {from: outcomes, horizon_days: 30, posting_lag_days: 0}\n"
    )
    return folder
