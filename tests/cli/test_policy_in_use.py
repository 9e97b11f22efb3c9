"""A published policy is what commands go by where they name none."""

from pathlib import Path

import pytest

from advice.assembly import DEFAULT_POLICY
from decisions.policy_file.load import load_policy, parse_policy
from tests.cli.conftest import Run

SHIPPED = DEFAULT_POLICY.read_text(encoding="utf-8")
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
    assert (ran.code, "Nothing was changed" in ran.out) == (1, True)
    assert "nothing was published" in forbear("policy", "history").out
