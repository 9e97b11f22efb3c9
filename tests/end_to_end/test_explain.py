"""`forbear explain` says in words and as a picture what `forbear score` recommended."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from cli.explain import explain
from tests.end_to_end.conftest import World

pytestmark = pytest.mark.slow


def test_one_customer_is_explained(
    world: World,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORBEAR_HOME", str(world.home))
    rows = world.scored.to_pylist()
    row = next((r for r in rows if r["action"] == "remind"), rows[0])
    plot = tmp_path / "why.svg"
    explain(
        world.folder,
        row["customer_id"],
        as_of=row["as_of"].isoformat(),
        lang="en",
        audience="staff",
        plot=plot,
        policy=world.policy,
    )
    said = capsys.readouterr().out
    word = {"remind": "a reminder", "none": "no action", "review": "review"}
    assert word.get(row["action"], "") in said.lower()
    assert "at our cost" in said
    answers = (" changes ", "a person must look at it", "cannot be tried")
    assert any(text in said for text in answers) == (row["action"] != "none")
    explain(
        world.folder,
        row["customer_id"],
        as_of=row["as_of"].isoformat(),
        changes=False,
        policy=world.policy,
    )
    assert not any(text in capsys.readouterr().out for text in answers)
    assert ElementTree.fromstring(plot.read_text()).tag.endswith("svg")  # noqa: S314
